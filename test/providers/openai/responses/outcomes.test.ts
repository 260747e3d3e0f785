// Endings that the Responses wire alone has; `test/providers/outcomes.test.ts` has those of all wires.
import { assert, describe } from "@effect/vitest"
import { Script } from "rivulet/Testing"
import { outcomesOf } from "../../../support/outcomes.ts"
import type { Details } from "../../../support/outcomes.ts"
import { responsesApi } from "../../../support/wires.ts"

const { afterHello, fails, hello, text: wire } = outcomesOf(responsesApi)

describe("the end of a stream", () => {
  fails(
    "everything but the terminal event",
    Script.faultAt(hello, wire.indexOf("event: response.completed"), Script.end),
    "TruncatedError"
  )
  fails("[DONE] but no terminal event", afterHello(Script.write("data: [DONE]\n\n"), Script.end), "TruncatedError")
})

describe("an error inside a 200", () => {
  for (
    const [code, reason] of [
      ["server_error", "InternalProviderError"],
      ["model_error", "InternalProviderError"],
      ["too_many_requests", "RateLimitError"],
      ["not_found", "NotFoundError"],
      ["invalid_request", "InvalidRequestError"],
      ["rate_limit_exceeded", "RateLimitError"],
      ["insufficient_quota", "QuotaExhaustedError"],
      ["context_length_exceeded", "ContextLengthError"],
      ["bio_policy", "ContentPolicyError"],
      ["image_content_policy_violation", "ContentPolicyError"],
      ["misalignment_policy_violation", "ContentPolicyError"],
      ["invalid_prompt", "InvalidRequestError"],
      ["invalid_image_url", "InvalidRequestError"],
      ["image_too_large", "InvalidRequestError"],
      ["a_code_of_tomorrow", "UnknownError"]
    ] as const
  ) {
    const check: Details["check"] = ({ reason }) => assert.include(JSON.stringify(reason), "so it is")
    const error = { code, message: "so it is", param: null }
    const flat = Script.write(`event: error\ndata: ${JSON.stringify({ type: "error", ...error })}\n\n`)
    const nested = Script.write(`event: error\ndata: ${JSON.stringify({ type: "error", error })}\n\n`)
    fails(`${code}, as an event`, afterHello(flat), reason, { check })
    fails(`${code}, as an event with an envelope`, afterHello(nested), reason, { check })
    const failed = {
      type: "response.failed",
      response: {
        id: "resp_1",
        status: "failed",
        error,
        output: [],
        usage: { input_tokens: 5, output_tokens: 2, total_tokens: 7 }
      }
    }
    fails(`${code}, as a failed response, with its usage`, afterHello(Script.write(responseFrame(failed))), reason, {
      usage: true,
      check: (error) => {
        check(error)
        assert.deepInclude(Reflect.get(error.partial as object, "usage") as object, { inputTokens: 5, outputTokens: 2 })
      }
    })
  }

  fails(
    "a failed response that does not say why",
    afterHello(Script.write(responseFrame({ type: "response.failed", response: { status: "failed", error: null } }))),
    "UnknownError"
  )
})

function responseFrame(event: { readonly type: string; readonly response: object }): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}

describe("an error inside a 200 that has no type of the API's", () => {
  for (
    const event of [
      { error: { message: "so it is", code: 503 } },
      { object: "error", message: "so it is", type: "BadRequestError", code: 503 },
      { type: "response.error", error: { message: "so it is", code: 503 } }
    ]
  ) fails(JSON.stringify(event), afterHello(Script.write(`data: ${JSON.stringify(event)}\n\n`)), "OverloadedError")
})
