// The recordings of each API as subjects of the suites of recordings.
import { assert } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import type { Schema } from "effect"
import * as Anthropic from "rivulet/Anthropic"
import * as OpenAi from "rivulet/OpenAi"
import * as OpenAiCompatible from "rivulet/OpenAiCompatible"
import { AnthropicServer, OpenAiServer } from "rivulet/Testing"
import { checkCommon, checkServerTools } from "./recorded.ts"
import type { Subject } from "./recorded.ts"
import { recordings } from "./recordings.ts"
import type { Canonical, Recording } from "./recordings.ts"
import { recorded as recordedResponses } from "./responses.ts"

const options = { model: "recorded", apiKey: Redacted.make("sk-test"), maxRetries: 0 }

export const messages: Subject = {
  title: "the Anthropic recordings",
  recordings: recordings("messages"),
  model: (_, script) =>
    Effect.flatMap(
      AnthropicServer.make({ script }),
      ({ url }) => Anthropic.make({ ...options, baseUrl: url })
    ),
  withFetch: (_, fetch) => Anthropic.make({ ...options, fetch }),
  check: (message, canonical) => {
    checkCommon(message, canonical)
    checkServerTools(message, canonical)
    assert.deepStrictEqual(message.usage?.raw, canonical.usage)
  },
  checkCut: (error, { bytes }, at) => {
    assert.strictEqual(error.reason._tag, "TruncatedError")
    // The first frame has the id and the usage, which make a partial message.
    const firstFrame = new TextDecoder().decode(bytes).indexOf("\n\n") + 2
    assert.strictEqual(error.partial !== undefined, at >= firstFrame)
    assert.strictEqual(error.partial?.usage !== undefined, at >= firstFrame)
  }
}

/** The model of a recording of Chat Completions: OpenAI's own, or the preset that has the name of the recording's folder. */
export const chatModel = (
  { provider }: Recording,
  more: { readonly baseUrl?: string; readonly fetch?: typeof fetch }
) =>
  provider === "openai"
    ? OpenAi.make({ ...options, api: "chat", ...more })
    // The expected results have the text as it was sent.
    : OpenAiCompatible.make({ ...options, preset: provider, quirks: { thinkTags: false }, ...more })

/** Mistral's own SDK made the expected results of its recordings, and spells names in its own way. */
const spelled = (usage: object): Readonly<Record<string, Schema.Json>> =>
  Object.fromEntries(
    Object.entries(usage).map((
      [name, value]
    ) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value])
  )

export const chatCompletions: Subject = {
  title: "the recordings of Chat Completions",
  recordings: recordings("chat"),
  model: (recording, script) =>
    Effect.flatMap(OpenAiServer.make({ script }), ({ url }) => chatModel(recording, { baseUrl: url })),
  withFetch: (recording, fetch) => chatModel(recording, { fetch }),
  check: (message, canonical: Canonical) => {
    checkCommon(message, canonical)
    checkServerTools(message, canonical)
    const raw = message.usage?.raw
    assert.isDefined(raw)
    // The expected results keep no usage that is not in the last chunk.
    if (typeof canonical.usage === "object" && canonical.usage !== null) {
      assert.deepStrictEqual(raw, spelled(canonical.usage))
    }
  },
  whole: ({ bytes, provider }, at) =>
    provider === "perplexity" &&
    new TextDecoder().decode(bytes.subarray(0, at)).includes("\"finish_reason\":\"stop\"}]}\n\n")
}

export const responsesApi: Subject = {
  title: "the Responses recordings",
  recordings: [...recordedResponses.whole, ...recordedResponses.failing],
  model: (_, script) =>
    Effect.flatMap(OpenAiServer.make({ script }), ({ url }) => OpenAi.make({ ...options, baseUrl: url })),
  withFetch: (_, fetch) => OpenAi.make({ ...options, fetch }),
  check: (message, canonical) => {
    checkCommon(message, canonical)
    assert.deepStrictEqual(message.usage?.raw, canonical.usage)
  },
  checkFailure: (error) => {
    assert.strictEqual(error.reason._tag, "QuotaExhaustedError")
    assert.include(error.message, "You exceeded your current quota")
    assert.isString(error.partial?.id)
  },
  checkCut: (error, { bytes, canonical }, at) => {
    const text = new TextDecoder().decode(bytes)
    // The first event has the id, which makes a partial message.
    const start = text.indexOf("response.created")
    const first = new TextEncoder().encode(text.slice(0, text.indexOf("\n\n", start) + 2)).length
    assert.strictEqual(error.partial !== undefined, at >= first)
    if (canonical.error === undefined) assert.strictEqual(error.reason._tag, "TruncatedError")
  }
}
