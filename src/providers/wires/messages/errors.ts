/**
 * The errors of Anthropic (https://docs.anthropic.com/en/api/errors). Used by the host `anthropic` for error responses,
 * and by the decoder for `error` events.
 */
import { kindOfStatus } from "../../../internal/provider/errors.ts"
import type { ErrorDialect, ErrorFacts, Kind } from "../../../internal/provider/errors.ts"
import { objectAt, stringAt } from "../../../internal/provider/json.ts"

/** An error response and an `error` event inside a 200 have the same body. */
export const errorDialect: ErrorDialect = {
  requestIdHeader: "request-id",
  read: (body, status) => {
    const error = objectAt(body, "error") ?? body
    const type = stringAt(error, "type")
    const message = stringAt(error, "message")
    const kind = kinds.get(type ?? "") ?? kindOfStatus(status)
    const requestId = stringAt(body, "request_id")
    return {
      type,
      message,
      kind,
      ...(kind === "invalid" && message !== undefined ? invalid(message) : undefined),
      ...(requestId === undefined ? undefined : { metadata: { requestId } })
    }
  }
}

const kinds = new Map<string, Kind>([
  ["invalid_request_error", "invalid"],
  ["conflict_error", "invalid"],
  ["authentication_error", "authentication"],
  ["billing_error", "quota"],
  ["permission_error", "permission"],
  ["not_found_error", "not_found"],
  ["request_too_large", "context_length"],
  ["rate_limit_error", "rate_limit"],
  ["api_error", "internal"],
  ["overloaded_error", "overloaded"],
  ["timeout_error", "timeout"]
])

/** Kinds of `invalid_request_error`, which is Anthropic's type for most errors of a request. */
const invalid = (message: string): ErrorFacts => {
  if (
    /prompt is too long|exceeds? (the )?(model'?s? )?(maximum )?context|context (window|length|limit)/i.test(message)
  ) {
    return { kind: "context_length" }
  }
  if (/credit balance is too low|usage limits?/i.test(message)) return { kind: "quota" }
  if (/content filtering policy|blocked by .*policy/i.test(message)) return { kind: "content_policy" }
  return { field: /^([a-z_]+(?:\.[a-z0-9_]+)*): /i.exec(message)?.[1] }
}
