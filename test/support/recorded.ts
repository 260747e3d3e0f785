// Recordings of real providers, and the message or failure that a decoder must make of each.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import type { Scope } from "effect"
import { AIMessageChunk } from "rivulet"
import type { ChatModel, ChatModelError, Message } from "rivulet"
import { Script } from "rivulet/Testing"
import { byteByByte, inReads, responseOf } from "./reads.ts"
import { available, skipped } from "./recordings.ts"
import type { Canonical, Recording } from "./recordings.ts"

/** The recordings of one API, and a model for each. */
export interface Subject {
  readonly title: string
  readonly recordings: ReadonlyArray<Recording>
  /** A model that gets a script as its answer, over a socket. */
  readonly model: (
    recording: Recording,
    script: Script.Script
  ) => Effect.Effect<ChatModel.Service, unknown, Scope.Scope>
  /** A model whose response comes from this function instead of the network. */
  readonly withFetch: (
    recording: Recording,
    fetch: typeof globalThis.fetch
  ) => Effect.Effect<ChatModel.Service, unknown, Scope.Scope>
  readonly check: (message: Message.AIMessage, canonical: Canonical, recording: Recording) => void
  readonly checkFailure?: (error: ChatModelError.ChatModelError) => void
  /** Whether a prefix of this length can be a complete message, because the server's protocol allows that end. */
  readonly whole?: (recording: Recording, at: number) => boolean
  readonly checkCut?: (error: ChatModelError.ChatModelError, recording: Recording, at: number) => void
}

/**
 * The largest recording that the quick suite reads byte by byte, and the long one over a socket, in bytes. The long suite
 * reads larger ones byte by byte without a socket, which joins many writes to one read and takes 20 times as long.
 */
const smallBytes = 12_000

const run = Effect.fnUntraced(function*(model: ChatModel.Service) {
  const chunks: Array<AIMessageChunk.AIMessageChunk> = []
  const error = yield* model.stream("Hi").pipe(
    Stream.runForEach((chunk) => Effect.sync(() => chunks.push(chunk))),
    Effect.match({ onFailure: (error) => error, onSuccess: () => undefined })
  )
  return { chunks, error }
})

/** Each request has an id of its own. */
const withoutRequestId = (message: Message.AIMessage) => {
  const { requestId: _, ...metadata } = message.metadata ?? {}
  return { ...message, metadata }
}

const title = (subject: Subject) => `${subject.title}${available ? "" : ` (${skipped})`}`

const expected = ({ canonical }: Recording) =>
  canonical.error === undefined ? "folds to what it should" : "fails as it should"

/** Decodes a recording and checks the result. Returns the folded message of one that is complete. */
const decode = Effect.fnUntraced(function*(subject: Subject, recording: Recording, model: ChatModel.Service) {
  const { canonical } = recording
  const { chunks, error } = yield* run(model)
  if (canonical.error !== undefined) {
    assert.include(error?.message, canonical.error.message)
    assert.strictEqual(error?.partial?.content, canonical.partial?.text ?? "")
    if (error !== undefined) subject.checkFailure?.(error)
    return undefined
  }
  if (error !== undefined) return assert.fail(error.message)
  const folded = AIMessageChunk.toMessage(chunks)
  assert.strictEqual(chunks.filter((chunk) => chunk.finish !== undefined).length, 1)
  assert.isDefined(chunks.at(-1)?.finish)
  if (folded._tag !== "AIMessage") return assert.fail("not whole")
  subject.check(folded, canonical, recording)
  return folded
})

/** Decodes the first bytes of a recording, which must fail with the part of the message that they hold. */
const decodeCut = Effect.fnUntraced(function*(
  subject: Subject,
  recording: Recording,
  at: number,
  model: ChatModel.Service
) {
  const { canonical } = recording
  const { chunks, error } = yield* run(model)
  const content = AIMessageChunk.toMessage(chunks).content
  assert.isTrue((canonical.text ?? canonical.partial?.text ?? "").startsWith(content))
  if (error === undefined) {
    assert.isTrue(subject.whole?.(recording, at) ?? false, `whole after ${at} bytes`)
    return
  }
  assert.strictEqual(error._tag, "ChatModelError")
  if (canonical.error === undefined || !error.message.includes(canonical.error.message)) {
    assert.strictEqual(error.reason._tag, "TruncatedError")
  }
  assert.strictEqual(error.partial?.content ?? "", content)
  subject.checkCut?.(error, recording, at)
})

/** Every recording whole over a socket; in pieces and cut short without one. Large ones are not read byte by byte. */
export const quickSuite = (subject: Subject) =>
  describe.skipIf(!available)(title(subject), () => {
    for (const recording of subject.recordings) {
      const { bytes } = recording
      const offline = (reads: ReadonlyArray<Uint8Array>) => subject.withFetch(recording, responseOf(reads))

      describe(recording.name, () => {
        it.live(`${expected(recording)}, streamed and invoked`, () =>
          Effect.gen(function*() {
            const model = yield* subject.model(recording, Script.body(bytes))
            const folded = yield* decode(subject, recording, model)
            if (folded === undefined) return
            assert.deepStrictEqual(withoutRequestId(yield* model.invoke("Hi")), withoutRequestId(folded))
          }))

        it.live(`${expected(recording)} in reads of 61 bytes`, () =>
          Effect.gen(function*() {
            yield* decode(subject, recording, yield* offline(inReads(bytes, 61)))
          }))

        if (bytes.length <= smallBytes) {
          it.live(`${expected(recording)} byte by byte`, () =>
            Effect.gen(function*() {
              yield* decode(subject, recording, yield* offline(byteByByte(bytes)))
            }))
        }

        it.live("cut short at five places it fails, typed, with what came before", () =>
          Effect.gen(function*() {
            for (let i = 0; i < 5; i++) {
              const at = Math.floor(bytes.length * i / 5)
              yield* decodeCut(subject, recording, at, yield* offline([bytes.subarray(0, at)]))
            }
          }))
      })
    }
  })

/** Every recording over a socket, in pieces of two sizes, byte by byte, and cut short at twenty places. */
export const longSuite = (subject: Subject) =>
  describe.skipIf(!available)(title(subject), () => {
    for (const recording of subject.recordings) {
      const { bytes } = recording
      describe(recording.name, () => {
        for (const cut of [undefined, 61, 1]) {
          it.live(`${expected(recording)} in pieces of ${cut ?? "any"} bytes, streamed and invoked`, () =>
            Effect.gen(function*() {
              const model = yield* cut === 1 && bytes.length > smallBytes
                ? subject.withFetch(recording, responseOf(byteByByte(bytes)))
                : subject.model(recording, Script.body(bytes, { cut }))
              const folded = yield* decode(subject, recording, model)
              if (folded === undefined || cut !== undefined) {
                return
              }
              assert.deepStrictEqual(withoutRequestId(yield* model.invoke("Hi")), withoutRequestId(folded))
            }), 180_000)
        }

        it.live("cut short at twenty places it fails, typed, with what came before", () =>
          Effect.gen(function*() {
            for (let i = 0; i < 20; i++) {
              const at = Math.floor(bytes.length * i / 20)
              const script = Script.faultAt(Script.body(bytes), at, Script.end)
              yield* decodeCut(subject, recording, at, yield* subject.model(recording, script))
            }
          }), 180_000)
      })
    }
  })

/** The facts that all recordings state. */
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
  assert.strictEqual(message.finish.raw, canonical.stopReason)
}

/** The calls of tools that the provider ran. The recordings of the Responses API do not state them. */
export const checkServerTools = (message: Message.AIMessage, canonical: Canonical): void => {
  assert.deepStrictEqual(
    message.parts.flatMap((part) =>
      part.type === "server_tool_call" ? [{ id: part.id, name: part.name, input: part.args }] : []
    ),
    (canonical.serverToolCalls ?? []).map(({ id, input, name }) => ({ id, name, input }))
  )
}
