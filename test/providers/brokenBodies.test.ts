// A connection that breaks loses nothing that has arrived, such as the text, the calls and the usage that a decoder holds.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { OpenAiScript, Script } from "rivulet/Testing"
import { serveCompatible, serveMessages, serveOpenAi } from "../support/broken.ts"

const { chat, responses } = OpenAiScript

const call = { id: "call_1", name: "add", args: { a: [1, 2], b: "two" } }

const wires = [
  ["Messages", serveMessages("claude-test"), Script.toolCall(call, { text: "Well" })],
  ["Chat Completions", serveOpenAi({ api: "chat" }), chat.toolCall(call)],
  ["Chat Completions with think tags", serveCompatible("ollama"), chat.text("<think>One</think> Two <thi three")],
  ["Responses", serveOpenAi({ api: "responses" }), responses.toolCall(call)]
] as const

describe("a reset tells as much as a body that is cut off at the same place", () => {
  for (const [wire, serve, script] of wires) {
    it.live(wire, () =>
      Effect.gen(function*() {
        const { length } = Script.bytesOf(script)
        const step = 23
        const places = Array.from({ length: Math.ceil(length / step) }, (_, i) => length - 1 - i * step)
        const ends = (how: Script.Step | ReadonlyArray<Script.Step>) =>
          Effect.gen(function*() {
            const [first, ...rest] = places.map((place) => Script.faultAt(script, place, how))
            const { model } = yield* serve(first!, ...rest)
            return yield* Effect.forEach(places, () => Effect.exit(model.invoke("Hi", { maxRetries: 0 })))
          })
        const cut = yield* ends(Script.truncate)
        const reset = yield* ends([Script.delay("10 millis"), Script.reset])
        for (const [i, exit] of cut.entries()) {
          const other = reset[i]!
          const place = `broken at byte ${places[i]} of ${length}`
          if (Exit.isSuccess(exit)) {
            assert.deepStrictEqual(yield* other, yield* exit, place)
            continue
          }
          const [a, b] = [yield* Effect.flip(exit), yield* Effect.flip(other)]
          // A break before the first event may leave a message without an id.
          assert.deepStrictEqual(b.partial, a.partial, place)
        }
      }))
  }
})

/** A reply that is reset after the event with this text. */
const resetAfter = (script: Script.Script, text: string): Script.Script => {
  const at = script.steps.findIndex((step) => step._tag === "Write" && String(step.bytes).includes(text))
  // A reset overtakes bytes that were not read yet.
  return { ...script, steps: [...script.steps.slice(0, at + 1), Script.delay("10 millis"), Script.reset] }
}

describe("a reset keeps", () => {
  it.live("the final usage of Messages", () =>
    Effect.gen(function*() {
      const script = Script.text("Goldfish swim on the moon")
      const whole = yield* serveMessages("claude-test")(script)
      const { usage } = yield* whole.model.invoke("Hi")
      const { model } = yield* serveMessages("claude-test")(resetAfter(script, "message_delta"))
      const { partial, reason } = yield* Effect.flip(model.invoke("Hi", { maxRetries: 0 }))
      assert.strictEqual(reason._tag, "NetworkError")
      assert.isAbove(usage?.outputTokens ?? 0, 1)
      assert.deepStrictEqual(partial?.usage, usage)
    }))

  it.live("a text that may begin a think tag", () =>
    Effect.gen(function*() {
      const { model } = yield* serveCompatible("ollama")(resetAfter(chat.tokens(["Two ", "<thi", "ngs>"]), "<thi"))
      const { partial } = yield* Effect.flip(model.invoke("Hi", { maxRetries: 0 }))
      assert.strictEqual(partial?.content, "Two <thi")
    }))
})
