// Chat Completions: OpenAI's own answers by OpenAi, and those of everybody else by the preset of their name.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import type { Schema } from "effect"
import type { Message } from "rivulet"
import * as OpenAi from "rivulet/OpenAi"
import * as OpenAiCompatible from "rivulet/OpenAiCompatible"
import { OpenAiServer, Script } from "rivulet/Testing"
import { checkCommon, oneByOne, suite } from "../../support/recorded.ts"
import { available, recordings } from "../../support/recordings.ts"
import type { Canonical, Recording } from "../../support/recordings.ts"

const options = { model: "recorded", apiKey: Redacted.make("sk-test"), maxRetries: 0 }

const model = ({ provider }: Recording, more: { readonly baseUrl?: string; readonly fetch?: typeof fetch }) =>
  provider === "openai"
    ? OpenAi.make({ ...options, api: "chat", ...more })
    : OpenAiCompatible.make({ ...options, preset: provider, ...more })

/** The oracle for Mistral was its own SDK, which spells names its own way. */
const spelled = (usage: object): Readonly<Record<string, Schema.Json>> =>
  Object.fromEntries(
    Object.entries(usage).map((
      [name, value]
    ) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value])
  )

const check = (message: Message.AIMessage, canonical: Canonical) => {
  checkCommon(message, canonical)
  const raw = message.usage?.raw
  assert.isDefined(raw)
  // The oracle keeps no usage that is not in the last chunk.
  if (typeof canonical.usage === "object" && canonical.usage !== null) {
    assert.deepStrictEqual(raw, spelled(canonical.usage))
  }
}

suite({
  title: "the recordings of Chat Completions",
  recordings: recordings("chat"),
  model: (recording, script) =>
    Effect.flatMap(OpenAiServer.make({ script }), ({ url }) => model(recording, { baseUrl: url })),
  byteByByte: (recording) => model(recording, { fetch: oneByOne(recording.bytes) }),
  check,
  whole: ({ bytes, provider }, at) =>
    provider === "perplexity" &&
    new TextDecoder().decode(bytes.subarray(0, at)).includes("\"finish_reason\":\"stop\"}]}\n\n")
})

describe.skipIf(!available)("the recordings of which less is known", () => {
  for (const recording of recordings("chat", "medium")) {
    it.live(`${recording.name}: whole by its preset, truncated without`, () =>
      Effect.gen(function*() {
        const server = yield* OpenAiServer.make({ script: Script.body(recording.bytes) })
        const message = yield* (yield* model(recording, { baseUrl: server.url })).invoke("Hi")
        assert.include(message.content, "405")
        assert.deepStrictEqual(message.finish, { reason: "stop", raw: "" })
        const strict = yield* OpenAi.make({ ...options, api: "chat", baseUrl: server.url })
        const error = yield* Effect.flip(strict.invoke("Hi"))
        assert.strictEqual(error.reason._tag, "TruncatedError")
        assert.strictEqual(error.partial?.content, message.content)
      }))
  }
})
