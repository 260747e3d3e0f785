// Failures of a text answer, for the suites of all wires and of each.
import { assert, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import type { AIMessageChunk, CallOptions, ChatModel, ChatModelError } from "rivulet"
import { Script } from "rivulet/Testing"
import type { Wire } from "./wires.ts"

/** Runs a stream to its failure: the chunks that arrived, and the error. */
export const failed = Effect.fnUntraced(function*(
  model: ChatModel.Service,
  input: ChatModel.ChatInput = "Hi"
) {
  const chunks: Array<AIMessageChunk.AIMessageChunk> = []
  const error = yield* Effect.flip(
    Stream.runForEach(model.stream(input), (chunk) => Effect.sync(() => chunks.push(chunk)))
  )
  return { chunks, error, text: chunks.map((chunk) => chunk.content).join("") }
})

/** The same failure both ways: by `stream` and by `invoke`. */
export const failedBothWays = Effect.fnUntraced(function*(model: ChatModel.Service) {
  const streamed = yield* failed(model)
  const invoked = yield* Effect.flip(model.invoke("Hi"))
  return { ...streamed, errors: [streamed.error, invoked] as ReadonlyArray<ChatModelError.ChatModelError> }
})

/** Time for the client to read the bytes that were written, before the connection is reset. */
export const settled = Script.delay("50 millis")

/** The expected details of a failure. */
export interface Details {
  /** The text that arrived. Default: "Hello"; undefined: no message had begun. */
  readonly partial?: string | undefined
  /** Whether the partial message has a usage. Default: whether the wire's first event has one. */
  readonly usage?: boolean
  readonly check?: (error: ChatModelError.ChatModelError) => void
  readonly timeout?: CallOptions.TimeoutOptions
}

/** The answer "Hello" of a wire, and tests of the ways in which it can break off. */
export const outcomesOf = (wire: Wire) => {
  const hello = wire.tokens(["Hel", "lo"])
  const bytes = Script.bytesOf(hello)
  const text = new TextDecoder().decode(bytes)
  const at = wire.tokensEnd(text)

  /** The answer up to the second text delta, then these steps. */
  const afterHello = (...steps: ReadonlyArray<Script.Step>): Script.Script => Script.faultAt(hello, at, steps)

  /** The complete answer, then these steps. */
  const afterEnd = (...steps: ReadonlyArray<Script.Step>): Script.Script => Script.faultAt(hello, bytes.length, steps)

  const fails = (name: string, script: Script.Script, reason: string, details: Details = {}) =>
    it.live(name, () =>
      Effect.gen(function*() {
        const { model } = yield* wire.serve(script, { timeout: details.timeout })
        const { errors, text } = yield* failedBothWays(model)
        const partial = "partial" in details ? details.partial : "Hello"
        const hasUsage = details.usage ?? (wire.earlyUsage && partial !== undefined)
        for (const error of errors) {
          assert.strictEqual(error.reason._tag, reason)
          assert.strictEqual(error.provider, wire.provider)
          assert.strictEqual(error.model, wire.model)
          assert.strictEqual(error.partial?.content, partial)
          assert.strictEqual(error.partial?.usage !== undefined, hasUsage)
          if (hasUsage) assert.isAbove(error.partial?.usage?.inputTokens ?? 0, 0)
          if (partial !== undefined) assert.isDefined(error.requestId)
          details.check?.(error)
        }
        assert.strictEqual(text, partial ?? "")
      }))

  return { afterEnd, afterHello, bytes, fails, hello, rest: text.slice(at), text }
}
