// Servers that mean harm: numbers that no double holds, metadata and frames without end, and a body that never ends.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Schema } from "effect"
import { ChatModelError, Message } from "rivulet"
import { Script } from "rivulet/Testing"
import { recordingsIn } from "../support/bodyFuzz.ts"
import { encode, responseOf } from "../support/reads.ts"
import { chatCompletions, messages, responsesApi, wires } from "../support/wires.ts"
import type { Wire } from "../support/wires.ts"

const answer = Effect.fnUntraced(function*(wire: Wire, body: string) {
  const model = yield* wire.withFetch(responseOf([encode(body)]))
  return yield* Effect.exit(model.invoke("Hi"))
})

/** A message or an error as JSON. Fails if it holds what is no JSON. */
const stored = (exit: Exit.Exit<Message.AIMessage, ChatModelError.ChatModelError>): Effect.Effect<unknown, unknown> =>
  Exit.match(exit, {
    onSuccess: (message): Effect.Effect<unknown, unknown> => Schema.encodeEffect(Message.AIMessage)(message),
    onFailure: (cause): Effect.Effect<unknown, unknown> =>
      Effect.flatMap(Effect.flip(Effect.failCause(cause)), Schema.encodeEffect(ChatModelError.ChatModelError))
  })

describe("a number that no double holds", () => {
  for (const wire of wires) {
    it.live(`is null or absent wherever it stands in a body of ${wire.name}`, () =>
      Effect.gen(function*() {
        const numbers = ["1e400", "-1E+9999", `1${"0".repeat(400)}`, "1.7e308"]
        let place = 0
        for (const body of recordingsIn(wire)) {
          for (const { 0: digits, index } of body.matchAll(/(?<=[:,[])-?\d+(?=[,}\]])/g)) {
            const number = numbers[place++ % numbers.length]!
            const changed = body.slice(0, index) + number + body.slice(index + digits.length)
            const exit = yield* answer(wire, changed)
            yield* stored(exit)
            assert.notInclude(JSON.stringify(exit), "Infinity")
            // What follows the number is cut off, and what came before it is in the error.
            yield* stored(yield* answer(wire, `${changed.slice(0, changed.indexOf("\n\n", index))}\n\n`))
          }
        }
      }))
  }

  it.live("keeps a failure what it is, with what had come", () =>
    Effect.gen(function*() {
      const start =
        "data: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"usage\":{\"input_tokens\":1e400,\"output_tokens\":1,\"x\":[1e999]}}}\n\n"
      const delta =
        "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello\"}}\n\n"
      const failed = yield* Effect.flip(yield* answer(messages, start + delta))
      assert.strictEqual(failed.reason._tag, "TruncatedError")
      assert.strictEqual(failed.partial?.content, "Hello")
      assert.deepStrictEqual(failed.partial?.usage?.raw, { output_tokens: 1, x: [null] })
      const chunk =
        "data: {\"id\":\"c\",\"zz\":{\"y\":-1e400},\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hello\"}}]}\n\n"
      const cut = yield* Effect.flip(yield* answer(chatCompletions, chunk))
      assert.strictEqual(cut.reason._tag, "TruncatedError")
      assert.strictEqual(cut.partial?.content, "Hello")
      assert.deepStrictEqual(cut.partial?.metadata?.["zz"], { y: null })
    }))

  it.live("is null in the arguments of a call", () =>
    Effect.gen(function*() {
      const call = { index: 0, id: "t", function: { name: "f", arguments: "{\"n\":[1e400,1e3]}" } }
      const chunk = (choice: object) => `data: ${JSON.stringify({ id: "c", choices: [{ index: 0, ...choice }] })}\n\n`
      const body = `${chunk({ delta: { tool_calls: [call] } })}${
        chunk({ delta: {}, finish_reason: "tool_calls" })
      }data: [DONE]\n\n`
      const { toolCalls } = yield* yield* answer(chatCompletions, body)
      assert.deepStrictEqual(toolCalls[0]?.args, { n: [null, 1000] })
    }))
})

describe("a field that is new in each frame", () => {
  const count = 20_000
  const frames = (frame: (i: number) => object) =>
    Array.from({ length: count }, (_, i) => `data: ${JSON.stringify(frame(i))}\n\n`).join("")
  const text = (body: string) => body.slice(0, body.indexOf("\n\n") + 2)
  const delta = { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "x" } }
  const bodies: ReadonlyArray<readonly [name: string, wire: Wire, body: string]> = [
    ["beside no choice", chatCompletions, frames((i) => ({ id: "c", [`m${i}`]: 1, choices: [] }))],
    [
      "beside text",
      chatCompletions,
      frames((i) => ({ id: "c", [`m${i}`]: 1, choices: [{ index: 0, delta: { content: "x" } }] }))
    ],
    [
      "of a delta without text",
      chatCompletions,
      frames((i) => ({ id: "c", choices: [{ index: 0, delta: { [`m${i}`]: 1 } }] }))
    ],
    [
      "of a delta with text",
      chatCompletions,
      frames((i) => ({ id: "c", choices: [{ index: 0, delta: { content: "x", [`m${i}`]: 1 } }] }))
    ],
    [
      "of the usage",
      messages,
      text(recordingsIn(messages)[0]!) + frames((i) => ({ type: "message_delta", usage: { [`m${i}`]: 1 } }))
    ],
    [
      "of the end",
      messages,
      text(recordingsIn(messages)[0]!) + frames((i) => ({ type: "message_delta", [`m${i}`]: 1 }))
    ],
    ["of a block", messages, text(recordingsIn(messages)[0]!) + frames((i) => ({ ...delta, [`m${i}`]: 1 }))],
    [
      "of a slice of text",
      responsesApi,
      frames((i) => ({
        type: "response.output_text.delta",
        output_index: 0,
        content_index: 0,
        delta: "x",
        [`m${i}`]: 1
      }))
    ]
  ]
  for (const [name, wire, body] of bodies) {
    it.live(`costs no more than one before: ${wire.name}, ${name}`, () =>
      Effect.gen(function*() {
        const before = process.cpuUsage()
        const exit = yield* answer(wire, body)
        const { user } = process.cpuUsage(before)
        assert.isTrue(Exit.isFailure(exit))
        // Copying all fields with each frame takes a minute.
        assert.isBelow(user / 1e6, 10)
      }))
  }
})

describe("a frame without end", () => {
  for (const line of ["data:", `event: ${"x".repeat(1000)}`, `: ${"x".repeat(1000)}`, `data: ${"é".repeat(1000)}\r`]) {
    it.live(`is refused at its bound, by its bytes: ${line.slice(0, 8)}`, () =>
      Effect.gen(function*() {
        const read = encode(`data: {}\n${`${line}\n`.repeat(2 ** 20 / (line.length + 1))}`)
        let sent = 0
        const model = yield* chatCompletions.withFetch(() =>
          Promise.resolve(
            new Response(
              new ReadableStream<Uint8Array>({
                pull: (controller) => {
                  sent += read.length
                  controller.enqueue(read)
                }
              })
            )
          )
        )
        const { reason } = yield* Effect.flip(model.invoke("Hi"))
        assert.strictEqual(reason._tag, "MalformedResponseError")
        assert.isBelow(sent, 70 * 2 ** 20)
      }))
  }
})

describe("a body that goes on after the message", () => {
  for (const wire of wires) {
    it.live(`is left soon: ${wire.name}`, () =>
      Effect.gen(function*() {
        const reads = [Script.bytesOf(wire.tokens(["Hel", "lo"]))]
        let open = true
        const model = yield* wire.withFetch(() =>
          Promise.resolve(
            new Response(
              new ReadableStream<Uint8Array>({
                pull: async (controller) => {
                  const read = reads.pop()
                  if (read === undefined) await new Promise((resume) => setTimeout(resume, 20))
                  if (open) controller.enqueue(read ?? encode(": x\n"))
                },
                cancel: () => {
                  open = false
                }
              })
            )
          )
        )
        // Without one deadline for all that follows, this never ends.
        const { content, finish } = yield* model.invoke("Hi")
        assert.strictEqual(content, "Hello")
        assert.strictEqual(finish.reason, "stop")
        assert.isFalse(open)
      }))
  }
})
