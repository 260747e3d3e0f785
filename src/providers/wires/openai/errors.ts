/**
 * The errors of OpenAI and of servers that speak its APIs (https://platform.openai.com/docs/guides/error-codes). Used
 * by the hosts `openai` and `compatible`, and by the decoders of both wires.
 */
import { kindOfStatus } from "../../../internal/provider/errors.ts"
import type { ErrorDialect, Kind } from "../../../internal/provider/errors.ts"
import { isObject, numberAt, objectAt, stringAt } from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"

/**
 * Bodies are `{ "error": { message, type, code, param } }`, in an error response and inside a 200. `type` and `code`
 * may be null, and `code` may be a status. Compatible servers omit the envelope (`{ object: "error", message, ... }`)
 * or send `error` as a text.
 */
export const errorDialect: ErrorDialect = {
  requestIdHeader: "x-request-id",
  read: (body, status) => {
    const error = objectAt(body, "error") ?? body
    const type = stringAt(error, "type")
    const code = stringAt(error, "code")
    const message = stringAt(body, "error") ?? stringAt(error, "message") ?? detailOf(body)
    const told = status ?? statusIn(error)
    // A status tells more than a general type: a 404, too, is an `invalid_request_error`.
    const kind = kinds.get(code ?? "") ?? kinds.get(type ?? "") ?? kindOfMessage(message) ?? kindOfStatus(told) ??
      generalKinds.get(code ?? "") ?? generalKinds.get(type ?? "")
    return {
      kind,
      type: type ?? code,
      message,
      field: stringAt(error, "param"),
      ...(code === undefined ? undefined : { metadata: { code } })
    }
  }
}

/** Whether an event holds an error. `error: null` and `error: ""` are none. */
export const errorIn = (event: JsonObject): boolean => {
  const error = event["error"]
  return isObject(error) || (typeof error === "string" && error !== "") || event["object"] === "error"
}

/** Kinds by code and by type, as OpenAI uses the same words for both. */
const kinds = new Map<string, Kind>([
  ["invalid_api_key", "authentication"],
  ["authentication_error", "authentication"],
  ["permission_error", "permission"],
  ["permission_denied", "permission"],
  ["unsupported_country_region_territory", "permission"],
  ["insufficient_quota", "quota"],
  ["billing_hard_limit_reached", "quota"],
  ["billing_not_active", "quota"],
  ["insufficient_balance", "quota"],
  ["model_not_found", "not_found"],
  ["not_found_error", "not_found"],
  ["not_found", "not_found"],
  ["previous_response_not_found", "not_found"],
  ["context_length_exceeded", "context_length"],
  ["string_above_max_length", "context_length"],
  ["request_too_large", "context_length"],
  ["content_filter", "content_policy"],
  ["content_policy_violation", "content_policy"],
  ["moderation_blocked", "content_policy"],
  ["bio_policy", "content_policy"],
  ["cyber_policy", "content_policy"],
  ["image_content_policy_violation", "content_policy"],
  ["misalignment_policy_violation", "content_policy"],
  ["ResponsibleAIPolicyViolation", "content_policy"],
  ["rate_limit_exceeded", "rate_limit"],
  ["rate_limit_error", "rate_limit"],
  ["too_many_requests", "rate_limit"],
  ["requests", "rate_limit"],
  ["tokens", "rate_limit"],
  ["overloaded_error", "overloaded"],
  ["server_overloaded", "overloaded"],
  ["server_is_overloaded", "overloaded"],
  ["service_unavailable_error", "overloaded"],
  ["engine_overloaded", "overloaded"],
  ["engine_overloaded_error", "overloaded"],
  ["slow_down", "overloaded"],
  ["vector_store_timeout", "timeout"],
  ["timeout", "timeout"],
  // Errors of the input, reported after the response began.
  ["invalid_prompt", "invalid"],
  ["data_residency_mismatch", "invalid"],
  ["invalid_image", "invalid"],
  ["invalid_image_format", "invalid"],
  ["invalid_base64_image", "invalid"],
  ["invalid_image_url", "invalid"],
  ["invalid_image_mode", "invalid"],
  ["image_too_large", "invalid"],
  ["image_too_small", "invalid"],
  ["image_parse_error", "invalid"],
  ["image_file_too_large", "invalid"],
  ["image_file_not_found", "invalid"],
  ["unsupported_image_media_type", "invalid"],
  ["empty_image_file", "invalid"],
  ["failed_to_download_image", "invalid"]
])

/** Codes and types so general that they count only if nothing else tells the kind. */
const generalKinds = new Map<string, Kind>([
  ["invalid_request_error", "invalid"],
  ["invalid_request", "invalid"],
  ["model_error", "internal"],
  ["BadRequestError", "invalid"],
  ["server_error", "internal"],
  ["api_error", "internal"],
  ["internal_error", "internal"]
])

/** The kind by the message, as compatible servers send a general type with these errors. */
const kindOfMessage = (message: string | undefined): Kind | undefined =>
  message === undefined
    ? undefined
    : /maximum context length|context (window|length|size) (is|was|has been)? ?(exceeded|too)|exceeds? the (available )?context/i
        .test(message)
    ? "context_length"
    : /exceeded your current quota|insufficient (balance|credits|funds)/i.test(message)
    ? "quota"
    : undefined

const statusIn = (error: JsonObject): number | undefined => {
  for (const key of ["status_code", "status", "code"]) {
    const value = numberAt(error, key) ?? Number(stringAt(error, key) ?? NaN)
    if (value >= 400 && value < 600) return value
  }
  return undefined
}

/** The message of an error in the form of FastAPI. */
const detailOf = (body: JsonObject): string | undefined =>
  stringAt(body, "detail") ?? (body["detail"] === undefined ? undefined : JSON.stringify(body["detail"]))
