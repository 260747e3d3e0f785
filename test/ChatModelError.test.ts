import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { ChatModelError } from "rivulet"

describe("ChatModelError", () => {
  it.prop("comes back from JSON, whatever the reason", [ChatModelError.Reason], ([reason]) => {
    const codec = Schema.toCodecJson(ChatModelError.ChatModelError)
    const error = new ChatModelError.ChatModelError({ provider: "p", model: "m", reason, metadata: { requestId: "r" } })
    const json = JSON.parse(JSON.stringify(Schema.encodeSync(codec)(error))) as unknown
    const back = Schema.decodeUnknownSync(codec)(json)
    assert.strictEqual(back.reason._tag, reason._tag)
    assert.strictEqual(back.message, error.message)
    assert.strictEqual(back.isRetryable, error.isRetryable)
    assert.strictEqual(back.requestId, "r")
    assert.deepStrictEqual(Schema.encodeSync(codec)(back), Schema.encodeSync(codec)(error))
  })
})
