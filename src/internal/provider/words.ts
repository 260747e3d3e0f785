/**
 * The words that APIs have for the same things: why a message ended, and which kind of error there is. One table for
 * all wires, as gateways pass on the words of the API behind them. Called by the decoders at the end of a message, and
 * by `errorBody.ts`. Imports types only.
 */
import type { Reason } from "../../Finish.ts"

/** The kinds of error that a provider can report. */
export type Kind =
  | "authentication"
  | "quota"
  | "permission"
  | "not_found"
  | "context_length"
  | "content_policy"
  | "rate_limit"
  | "overloaded"
  | "internal"
  | "timeout"
  | "invalid"

/** Words are compared by their letters and digits alone: `MAX_TOKENS`, `maxTokens` and `max-tokens` are one word. */
const bare = (word: string): string => word.toLowerCase().replace(/[^a-z0-9]/g, "")

const table = <A>(rows: ReadonlyArray<readonly [value: A, words: string]>): ReadonlyMap<string, A> =>
  new Map(rows.flatMap(([value, words]) => words.split(/\s+/).map((word): [string, A] => [bare(word), value])))

// -----------------------------------------------------------------------------
// why a message ended
// -----------------------------------------------------------------------------

const reasons = table<Reason>([
  ["stop", "stop eos eos_token stop_token stop_sequence end_turn end_of_turn end eot complete completed done finished"],
  ["stop", "stop_str stopped success natural normal end_of_text endoftext eos_found matched_stop"],
  ["length", "length length_limit max_length model_length max_tokens max_output_tokens max_new_tokens token_limit"],
  ["length", "limit truncated max_completion_tokens max_tokens_exceeded"],
  ["length", "max_tokens_reached model_context_window_exceeded context_length context_length_exceeded error_limit"],
  ["tool_calls", "tool_calls tool_call tool_use tool tools function_call function_calls"],
  [
    "content_filter",
    "content_filter content_filtered safety recitation blocklist prohibited_content spii image_safety"
  ],
  ["content_filter", "guardrail_intervened sensitive moderation blocked error_toxic violation policy_violation"],
  ["content_filter", "language model_armor image_prohibited_content image_recitation"],
  ["refusal", "refusal refused"],
  ["pause", "pause_turn pause compaction"]
])

/** The reason that a finish word of any API means. A word that none is known to have is `other`. */
export const finishReason = (word: string): Reason => reasons.get(bare(word).replace(/^finishreason/, "")) ?? "other"

const failures = table<Kind>([
  ["internal", "error network_error internal_error internal_server_error server_error engine_error model_error"],
  ["internal", "upstream_error abort aborted failed"],
  ["overloaded", "insufficient_system_resource overloaded overloaded_error"],
  ["timeout", "timeout timed_out"]
])

/** The kind of error of a finish word that tells a failure. */
export const failureKind = (word: string): Kind | undefined => failures.get(bare(word))

// -----------------------------------------------------------------------------
// kinds of error
// -----------------------------------------------------------------------------

/** Codes and types. OpenAI uses the same words for both. */
const kinds = table<Kind>([
  ["authentication", "invalid_api_key api_key_invalid authentication_error unauthenticated unauthorized"],
  ["authentication", "invalid_authentication incorrect_api_key token_expired AuthenticationError"],
  ["permission", "permission_error permission_denied unsupported_country_region_territory access_denied forbidden"],
  ["permission", "AccessDeniedException PermissionDeniedError"],
  ["quota", "billing_error billing_hard_limit_reached billing_not_active arrearage"],
  ["not_found", "model_not_found not_found_error not_found previous_response_not_found NotFoundError"],
  ["not_found", "ResourceNotFoundException deployment_not_found"],
  ["context_length", "context_length_exceeded string_above_max_length request_too_large ContextWindowExceededError"],
  ["content_policy", "content_filter content_policy_violation moderation_blocked bio_policy cyber_policy"],
  ["content_policy", "image_content_policy_violation misalignment_policy_violation ResponsibleAIPolicyViolation"],
  ["content_policy", "ContentPolicyViolationError data_inspection_failed"],
  ["rate_limit", "rate_limit_exceeded rate_limit_error rate_limited too_many_requests requests tokens"],
  ["rate_limit", "resource_exhausted RateLimitError ThrottlingException limit_requests"],
  ["overloaded", "overloaded_error server_overloaded server_is_overloaded service_unavailable_error unavailable"],
  ["overloaded", "engine_overloaded engine_overloaded_error slow_down service_unavailable overloaded"],
  ["overloaded", "ServiceUnavailableException ModelNotReadyException model_overloaded capacity_exceeded"],
  ["timeout", "ModelTimeoutException vector_store_timeout timeout timeout_error deadline_exceeded request_timeout"],
  // Errors of the input, reported after the response began.
  ["invalid", "invalid_prompt data_residency_mismatch invalid_image invalid_image_format invalid_base64_image"],
  ["invalid", "invalid_image_url invalid_image_mode image_too_large image_too_small image_parse_error"],
  ["invalid", "image_file_too_large image_file_not_found unsupported_image_media_type empty_image_file"],
  ["invalid", "failed_to_download_image conflict_error tool_use_failed json_validate_failed"]
])

/** Codes and types so general that they count only if nothing else tells the kind. */
const generalKinds = table<Kind>([
  ["invalid", "invalid_request_error invalid_request BadRequestError invalid_argument ValidationException"],
  ["internal", "model_error server_error api_error internal_error internal InternalServerError internal_server_error"],
  ["internal", "InternalServerException ModelErrorException ModelStreamErrorException InternalFailure"]
])

/** Limits of money, in any code: `enforced_spend_limit_reached`, `credit_balance_exhausted`. */
const money =
  /(spend|spending|budget|billing)limit|(credits?|balance)(exhausted|depleted|toolow)|(credit|insufficient)balance|insufficient(credit|fund)/

/** The kind that a code or a type stands for by itself. A quota may be that of an account or of a minute. */
export const kindOfCode = (code: string): Kind | "quota or rate" | undefined => {
  const word = bare(code)
  return kinds.get(word) ??
    (money.test(word)
      ? "quota"
      : /insufficientquota|usagelimit|exceededcurrentquota/.test(word)
      ? "quota or rate"
      : word.startsWith("throttling")
      ? "rate_limit"
      : undefined)
}

/** The kind that a general code or type stands for. */
export const generalKindOf = (code: string): Kind | undefined => generalKinds.get(bare(code))

/** An account without money, in the words of a message. */
const empty =
  /insufficient (balance|credits?|funds|quota)|credit balance is too low|api usage limits|spend(ing)? (limit|cap)|out of credits|(credits?|balance|funds) (is|are|has|have)( been)? (depleted|exhausted|used up)|all available credits|payment required/i

/** A quota, which may be that of an account or of a minute. */
const quota = /exceeded your (current )?quota|quota (exceeded|exhausted|has been exceeded)|usage limit/i

const context =
  /prompt is too long|input is too long|maximum context length|context (window|length|size|limit)|exceeds? (the )?(model'?s? )?(available |maximum )?context/i

const policy =
  /content (filtering|management|usage) policy|blocked by .{0,40}policy|flagged (by|as|for)|content policy/i

/** The kinds that a message tells for sure, though providers give such errors a general type. */
export const kindOfMessage = (message: string): Kind | "quota or rate" | undefined =>
  context.test(message)
    ? "context_length"
    : empty.test(message)
    ? "quota"
    : quota.test(message)
    ? "quota or rate"
    : policy.test(message)
    ? "content_policy"
    : undefined

const words: ReadonlyArray<readonly [RegExp, Kind]> = [
  [/rate limit|too many requests|requests? per (second|minute|hour|day)|throttl/i, "rate_limit"],
  [
    /overload|at capacity|too busy|is busy|service (is )?(temporarily )?unavailable|no available (server|worker)/i,
    "overloaded"
  ],
  [/(invalid|incorrect|missing|expired|no) (api[ -]?)?(key|token)|unauthori[sz]ed|unauthenticated/i, "authentication"],
  [/forbidden|permission denied|not allowed to|access denied/i, "permission"],
  [/timed? ?out|deadline exceeded/i, "timeout"],
  [/model .{0,80}(not found|does not exist)|no such model|unknown model/i, "not_found"],
  [/internal (server )?error/i, "internal"]
]

/** The kind that the words of a message suggest, if nothing else tells one. */
export const kindOfWords = (message: string): Kind | undefined => words.find(([pattern]) => pattern.test(message))?.[1]
