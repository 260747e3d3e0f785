import { assert } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import * as Anthropic from "rivulet/Anthropic"
import { AnthropicServer } from "rivulet/Testing"
import { checkCommon, oneByOne, suite } from "../../support/recorded.ts"
import { recordings } from "../../support/recordings.ts"

const options = { model: "recorded", apiKey: Redacted.make("sk-test"), maxRetries: 0 }

suite({
  title: "the Anthropic recordings",
  recordings: recordings("messages"),
  model: (_, script) =>
    Effect.flatMap(
      AnthropicServer.make({ script }),
      ({ url }) => Anthropic.make({ ...options, baseUrl: url })
    ),
  byteByByte: ({ bytes }) => Anthropic.make({ ...options, fetch: oneByOne(bytes) }),
  check: (message, canonical) => {
    checkCommon(message, canonical)
    assert.deepStrictEqual(message.usage?.raw, canonical.usage)
  },
  checkCut: (error, { bytes }, at) => {
    assert.strictEqual(error.reason._tag, "TruncatedError")
    // The first frame tells id and usage, which make a partial message.
    const firstFrame = new TextDecoder().decode(bytes).indexOf("\n\n") + 2
    assert.strictEqual(error.partial !== undefined, at >= firstFrame)
    assert.strictEqual(error.partial?.usage !== undefined, at >= firstFrame)
  }
})
