/**
 * How a chat model can fail: one error class, whose `reason` says what went wrong.
 *
 * The reasons are the same for every provider, so `Effect.catchReasons("ChatModelError", { ... })` and
 * `Stream.catchReason("ChatModelError", "RateLimitError", ...)` handle them all. What had arrived of the answer is in
 * `partial`, with the usage known so far. All of it can be encoded with {@link ChatModelError} as a schema. Nothing
 * here ever holds a key, a header or a request body.
 *
 * **Example** (Telling failures apart)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatModel } from "rivulet"
 *
 * const answer = ChatModel.invoke("Hi").pipe(
 *   Effect.map((message) => message.content),
 *   Effect.catchReasons("ChatModelError", {
 *     ContextLengthError: () => Effect.succeed("That was too long."),
 *     OverloadedError: () => Effect.succeed("Please try again later.")
 *   })
 * )
 * ```
 */
import type * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { Metadata, PartialAIMessage } from "./Message.ts"

const fields = {
  message: Schema.String
}

const retryAfter = {
  ...fields,
  /** How long the provider asks to wait, if it says so; in milliseconds when it is encoded. */
  retryAfter: Schema.optional(Schema.DurationFromMillis)
}

/** The provider does not accept the key, or there is none. */
export class AuthenticationError extends Schema.TaggedError<AuthenticationError>("rivulet/AuthenticationError")(
  "AuthenticationError",
  fields
) {
  readonly isRetryable: boolean = false
}

/** The key may not do this. */
export class PermissionError extends Schema.TaggedError<PermissionError>("rivulet/PermissionError")(
  "PermissionError",
  fields
) {
  readonly isRetryable: boolean = false
}

/** There is no such model, file or address. */
export class NotFoundError extends Schema.TaggedError<NotFoundError>("rivulet/NotFoundError")("NotFoundError", fields) {
  readonly isRetryable: boolean = false
}

/**
 * The request is wrong. `field` names the option or the part of the input, such as `maxTokens` or `messages[2]`, where
 * that is known.
 *
 * **Example** (What is wrong)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatModel } from "rivulet"
 *
 * const field = ChatModel.invoke("Hi", { maxTokens: 0 }).pipe(
 *   // "maxTokens"
 *   Effect.catchReason("ChatModelError", "InvalidRequestError", (reason) => Effect.succeed(reason.field))
 * )
 * ```
 */
export class InvalidRequestError extends Schema.TaggedError<InvalidRequestError>("rivulet/InvalidRequestError")(
  "InvalidRequestError",
  { ...fields, field: Schema.optional(Schema.String) }
) {
  readonly isRetryable: boolean = false
}

/** The input is larger than the model's context, or than the provider accepts. */
export class ContextLengthError extends Schema.TaggedError<ContextLengthError>("rivulet/ContextLengthError")(
  "ContextLengthError",
  fields
) {
  readonly isRetryable: boolean = false
}

/**
 * Too many requests or tokens in too short a time.
 *
 * **Example** (How long to wait)
 *
 * ```ts
 * import { Duration, Effect } from "effect"
 * import { ChatModel } from "rivulet"
 *
 * const answer = ChatModel.invoke("Hi").pipe(
 *   Effect.catchReason("ChatModelError", "RateLimitError", ({ retryAfter }) =>
 *     Effect.fail(`Try again in ${Duration.format(retryAfter ?? Duration.minutes(1))}`))
 * )
 * ```
 */
export class RateLimitError extends Schema.TaggedError<RateLimitError>("rivulet/RateLimitError")(
  "RateLimitError",
  retryAfter
) {
  readonly isRetryable: boolean = true
}

/** The account's credit or quota is used up; waiting does not help. */
export class QuotaExhaustedError extends Schema.TaggedError<QuotaExhaustedError>("rivulet/QuotaExhaustedError")(
  "QuotaExhaustedError",
  fields
) {
  readonly isRetryable: boolean = false
}

/** The provider blocked the request or the answer for what it says. */
export class ContentPolicyError extends Schema.TaggedError<ContentPolicyError>("rivulet/ContentPolicyError")(
  "ContentPolicyError",
  fields
) {
  readonly isRetryable: boolean = false
}

/** The provider has too much to do. */
export class OverloadedError extends Schema.TaggedError<OverloadedError>("rivulet/OverloadedError")(
  "OverloadedError",
  retryAfter
) {
  readonly isRetryable: boolean = true
}

/** Something broke at the provider. */
export class InternalProviderError extends Schema.TaggedError<InternalProviderError>("rivulet/InternalProviderError")(
  "InternalProviderError",
  retryAfter
) {
  readonly isRetryable: boolean = true
}

/** The connection could not be made, or was lost. `code` is the system's code, such as `ECONNREFUSED`. */
export class NetworkError extends Schema.TaggedError<NetworkError>("rivulet/NetworkError")(
  "NetworkError",
  { ...fields, code: Schema.optional(Schema.String) }
) {
  readonly isRetryable: boolean = true
}

/**
 * It took too long: until the response's headers (`connect`), from there to the first chunk (`first_chunk`), between
 * two reads (`idle`), or in all (`total`). Only the last is not worth another try.
 *
 * **Example** (Worth another try)
 *
 * ```ts
 * import { ChatModelError } from "rivulet"
 *
 * const error = new ChatModelError.TimeoutError({ message: "No answer within 60 seconds", phase: "connect" })
 * error.isRetryable // true
 * ```
 */
export class TimeoutError extends Schema.TaggedError<TimeoutError>("rivulet/TimeoutError")(
  "TimeoutError",
  { ...fields, phase: Schema.Literals(["connect", "first_chunk", "idle", "total"]) }
) {
  get isRetryable(): boolean {
    return this.phase !== "total"
  }
}

/** The stream ended before the message did. */
export class TruncatedError extends Schema.TaggedError<TruncatedError>("rivulet/TruncatedError")(
  "TruncatedError",
  fields
) {
  readonly isRetryable: boolean = true
}

/**
 * What came does not follow the protocol. `excerpt` is the start of it, at most 200 characters.
 *
 * **Example** (In an adapter)
 *
 * ```ts
 * import { ChatModelError } from "rivulet"
 *
 * const malformed = (body: string) =>
 *   new ChatModelError.ChatModelError({
 *     provider: "local",
 *     model: "echo",
 *     reason: new ChatModelError.MalformedResponseError({ message: "It is not JSON", excerpt: body.slice(0, 200) })
 *   })
 * ```
 */
export class MalformedResponseError extends Schema.TaggedError<MalformedResponseError>(
  "rivulet/MalformedResponseError"
)("MalformedResponseError", { ...fields, excerpt: Schema.optional(Schema.String) }) {
  readonly isRetryable: boolean = false
}

/** The provider or the model cannot do what an option or a part of the input asks for; `field` names it. */
export class UnsupportedError extends Schema.TaggedError<UnsupportedError>("rivulet/UnsupportedError")(
  "UnsupportedError",
  { ...fields, field: Schema.optional(Schema.String) }
) {
  readonly isRetryable: boolean = false
}

/** None of the other reasons. */
export class UnknownError extends Schema.TaggedError<UnknownError>("rivulet/UnknownError")("UnknownError", fields) {
  readonly isRetryable: boolean = false
}

/**
 * All reasons; each has `_tag`, `message` and `isRetryable`.
 *
 * **Example** (What to tell a user)
 *
 * ```ts
 * import { ChatModelError } from "rivulet"
 *
 * const advice = (reason: ChatModelError.Reason) =>
 *   reason._tag === "QuotaExhaustedError" ? "The credit is used up" : reason.isRetryable ? "Try again" : reason.message
 * ```
 */
export const Reason = Schema.Union([
  AuthenticationError,
  PermissionError,
  NotFoundError,
  InvalidRequestError,
  ContextLengthError,
  RateLimitError,
  QuotaExhaustedError,
  ContentPolicyError,
  OverloadedError,
  InternalProviderError,
  NetworkError,
  TimeoutError,
  TruncatedError,
  MalformedResponseError,
  UnsupportedError,
  UnknownError
])

/** One of the reasons for which a chat model can fail. */
export type Reason = typeof Reason.Type

/**
 * The failure of a chat model.
 *
 * **Example** (Keeping what arrived)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatModel } from "rivulet"
 *
 * const answer = ChatModel.invoke("Tell me a story").pipe(
 *   Effect.map((message) => message.content),
 *   Effect.catchTag("ChatModelError", (error) => Effect.succeed(error.partial?.content ?? ""))
 * )
 * ```
 */
export class ChatModelError extends Schema.TaggedError<ChatModelError>("rivulet/ChatModelError")("ChatModelError", {
  /** The provider's name, such as `anthropic`. */
  provider: Schema.String,
  /** The model that was asked for. */
  model: Schema.String,
  reason: Reason,
  /** What had arrived of the answer, if anything had. */
  partial: Schema.optional(PartialAIMessage),
  /** Facts the provider told: `requestId`, `status`, `type`. */
  metadata: Schema.optional(Metadata)
}) {
  override get message(): string {
    const requestId = this.requestId
    return `${this.reason._tag} from ${this.provider}/${this.model}: ${this.reason.message}${
      requestId === undefined ? "" : ` (request ${requestId})`
    }`
  }

  /** Whether the same request may well succeed when it is sent again. */
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }

  /** How long the provider asks to wait before the next try. */
  get retryAfter(): Duration.Duration | undefined {
    return "retryAfter" in this.reason ? this.reason.retryAfter : undefined
  }

  /** The provider's id of the request, for its support. */
  get requestId(): string | undefined {
    const requestId = this.metadata?.["requestId"] ?? this.partial?.metadata?.["requestId"]
    return typeof requestId === "string" ? requestId : undefined
  }
}
