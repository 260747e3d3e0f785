// What every provider must make of its recordings, served over a socket.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import type { Scope } from "effect"
import { AIMessageChunk } from "rivulet"
import type { ChatModel, ChatModelError, Message } from "rivulet"
import { Script } from "rivulet/Testing"
import { available, skipped } from "./recordings.ts"
import type { Canonical, Recording } from "./recordings.ts"

/** The recordings of one API, and a model that gets a script as its answer. */
export interface Subject {
  readonly title: string
  readonly recordings: ReadonlyArray<Recording>
  readonly model: (
    recording: Recording,
    script: Script.Script
  ) => Effect.Effect<ChatModel.Service, unknown, Scope.Scope>
  /** A model that gets these bytes from no network, one at a time; for bodies too large for as many socket writes. */
  readonly byteByByte: (recording: Recording) => Effect.Effect<ChatModel.Service, unknown, Scope.Scope>
  readonly check: (message: Message.AIMessage, canonical: Canonical, recording: Recording) => void
  /** Whether the first so many bytes may be a whole message, because the server's protocol allows that end. */
  readonly whole?: (recording: Recording, at: number) => boolean
  readonly checkCut?: (error: ChatModelError.ChatModelError, recording: Recording, at: number) => void
}

/** A response whose body comes in pieces of one byte. */
export const oneByOne = (bytes: Uint8Array) => (): Promise<Response> => {
  let at = 0
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => at < bytes.length ? controller.enqueue(bytes.subarray(at, ++at)) : controller.close()
  })
  return Promise.resolve(new Response(body, { headers: { "content-type": "text/event-stream" } }))
}

/** The most bytes that are served one a socket write. */
const manyWrites = 150_000

const run = Effect.fnUntraced(function*(model: ChatModel.Service) {
  const chunks: Array<AIMessageChunk.AIMessageChunk> = []
  const error = yield* model.stream("Hi").pipe(
    Stream.runForEach((chunk) => Effect.sync(() => chunks.push(chunk))),
    Effect.match({ onFailure: (error) => error, onSuccess: () => undefined })
  )
  return { chunks, error }
})

export const suite = (subject: Subject) =>
  describe.skipIf(!available)(`${subject.title}${available ? "" : ` (${skipped})`}`, () => {
    for (const recording of subject.recordings) {
      const { bytes, canonical } = recording
      const expected = canonical.error === undefined ? "folds to what it should" : "fails as it should"
      describe(recording.name, () => {
        for (const cut of [undefined, 61, 1]) {
          it.live(`${expected} in pieces of ${cut ?? "any"} bytes, streamed and invoked`, () =>
            Effect.gen(function*() {
              const model = yield* cut === 1 && bytes.length > manyWrites
                ? subject.byteByByte(recording)
                : subject.model(recording, Script.body(bytes, { cut }))
              const { chunks, error } = yield* run(model)
              if (canonical.error !== undefined) {
                assert.include(error?.message, canonical.error.message)
                assert.strictEqual(error?.partial?.content, canonical.partial?.text)
                return
              }
              if (error !== undefined) return assert.fail(error.message)
              const folded = AIMessageChunk.toMessage(chunks)
              assert.strictEqual(chunks.filter((chunk) => chunk.finish !== undefined).length, 1)
              assert.isDefined(chunks.at(-1)?.finish)
              if (folded._tag !== "AIMessage") return assert.fail("not whole")
              subject.check(folded, canonical, recording)
              if (cut !== undefined) return
              const message = yield* model.invoke("Hi")
              // Each request has an id of its own.
              const { requestId: _, ...metadata } = message.metadata ?? {}
              const { requestId: __, ...other } = folded.metadata ?? {}
              assert.deepStrictEqual({ ...message, metadata }, { ...folded, metadata: other })
            }), 60_000)
        }

        it.live("cut short at twenty places it fails, typed, with what came before", () =>
          Effect.gen(function*() {
            for (let i = 0; i < 20; i++) {
              const at = Math.floor(bytes.length * i / 20)
              const model = yield* subject.model(recording, Script.faultAt(Script.body(bytes), at, Script.end))
              const { chunks, error } = yield* run(model)
              const content = AIMessageChunk.toMessage(chunks).content
              assert.isTrue((canonical.text ?? canonical.partial?.text ?? "").startsWith(content))
              if (error === undefined) {
                assert.isTrue(subject.whole?.(recording, at) ?? false, `whole after ${at} bytes`)
                continue
              }
              assert.strictEqual(error._tag, "ChatModelError")
              if (canonical.error === undefined || !error.message.includes(canonical.error.message)) {
                assert.strictEqual(error.reason._tag, "TruncatedError")
              }
              assert.strictEqual(error.partial?.content ?? "", content)
              subject.checkCut?.(error, recording, at)
            }
          }), 60_000)
      })
    }
  })

/** What all recordings tell. */
export const checkCommon = (message: Message.AIMessage, canonical: Canonical): void => {
  assert.strictEqual(message.content, canonical.text)
  if (canonical.reasoning !== undefined) {
    const reasoning = message.parts.flatMap((part) => part.type === "reasoning" ? [part.text] : [])
    assert.strictEqual(reasoning.join(""), canonical.reasoning.join(""))
  }
  assert.deepStrictEqual(
    message.toolCalls.map(({ args, id, name }) => ({ id, name, input: args })),
    canonical.toolCalls.map(({ id, input, name }) => ({ id, name, input }))
  )
  assert.deepStrictEqual(
    message.parts.flatMap((part) =>
      part.type === "server_tool_call" ? [{ id: part.id, name: part.name, input: part.args }] : []
    ),
    (canonical.serverToolCalls ?? []).map(({ id, input, name }) => ({ id, name, input }))
  )
  assert.strictEqual(message.finish.raw, canonical.stopReason)
}
