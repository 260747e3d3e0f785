/**
 * The error of chat models: one class, whose `reason` is a tagged union that is the same for every provider.
 *
 * **When to use**
 *
 * Handle single reasons with `Effect.catchReasons("ChatModelError", { ... })` or
 * `Stream.catchReason("ChatModelError", "RateLimitError", ...)`.
 *
 * **Details**
 *
 * `partial` is the part of the answer that had arrived, with its usage. If several models were tried, `attempts` has the
 * failure of each. The class is also a schema, so errors can be encoded. No error holds a key, a header or a request body.
 *
 * **Example** (Handling single reasons)
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
 *
 * @module
 * @since 0.1.0
 * @stability stable
 */
import type * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { Metadata, PartialAIMessage } from "./Message.ts"

const fields = {
  /** A sentence that says what went wrong. */
  message: Schema.String
}

const retryAfter = {
  ...fields,
  /** The delay that the provider asks for, encoded in milliseconds. Absent: the provider gave none. */
  retryAfter: Schema.optional(Schema.DurationFromMillis)
}

/** The API key is missing or not accepted. */
export class AuthenticationError extends Schema.TaggedError<AuthenticationError>("rivulet/AuthenticationError")(
  "AuthenticationError",
  fields
) {
  readonly isRetryable: boolean = false
}

/** The API key does not permit the request. */
export class PermissionError extends Schema.TaggedError<PermissionError>("rivulet/PermissionError")(
  "PermissionError",
  fields
) {
  readonly isRetryable: boolean = false
}

/** The model, a file or the address of the API does not exist. */
export class NotFoundError extends Schema.TaggedError<NotFoundError>("rivulet/NotFoundError")("NotFoundError", fields) {
  readonly isRetryable: boolean = false
}

/**
 * The request is invalid.
 *
 * **Example** (Reading the field)
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
  {
    ...fields,
    /** The option or the part of the input, such as `maxTokens` or `messages[2]`. Absent: not known. */
    field: Schema.optional(Schema.String)
  }
) {
  readonly isRetryable: boolean = false
}

/** The input exceeds the context of the model or a limit of the provider. */
export class ContextLengthError extends Schema.TaggedError<ContextLengthError>("rivulet/ContextLengthError")(
  "ContextLengthError",
  fields
) {
  readonly isRetryable: boolean = false
}

/**
 * The rate limit of requests or tokens was exceeded.
 *
 * **Example** (Reading the delay)
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

/** The credit or the quota of the account is used up, so a retry does not help. */
export class QuotaExhaustedError extends Schema.TaggedError<QuotaExhaustedError>("rivulet/QuotaExhaustedError")(
  "QuotaExhaustedError",
  fields
) {
  readonly isRetryable: boolean = false
}

/** The provider blocked the request or the answer because of its content. */
export class ContentPolicyError extends Schema.TaggedError<ContentPolicyError>("rivulet/ContentPolicyError")(
  "ContentPolicyError",
  fields
) {
  readonly isRetryable: boolean = false
}

/** The provider is overloaded. */
export class OverloadedError extends Schema.TaggedError<OverloadedError>("rivulet/OverloadedError")(
  "OverloadedError",
  retryAfter
) {
  readonly isRetryable: boolean = true
}

/** The provider failed internally. */
export class InternalProviderError extends Schema.TaggedError<InternalProviderError>("rivulet/InternalProviderError")(
  "InternalProviderError",
  retryAfter
) {
  readonly isRetryable: boolean = true
}

/** The connection could not be opened, or was lost. */
export class NetworkError extends Schema.TaggedError<NetworkError>("rivulet/NetworkError")(
  "NetworkError",
  {
    ...fields,
    /** The code of the operating system, such as `ECONNREFUSED`. Absent: not known. */
    code: Schema.optional(Schema.String)
  }
) {
  readonly isRetryable: boolean = true
}

/**
 * A time limit was exceeded. Retryable unless it is the limit of the whole call.
 *
 * **Example** (A timeout that is retryable)
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
  {
    ...fields,
    /**
     * The phase: until the response headers (`connect`), from there to the first event of the message (`first_chunk`),
     * between two events (`idle`), or the whole call (`total`).
     */
    phase: Schema.Literals(["connect", "first_chunk", "idle", "total"])
  }
) {
  get isRetryable(): boolean {
    return this.phase !== "total"
  }
}

/** The stream ended before the message was complete. */
export class TruncatedError extends Schema.TaggedError<TruncatedError>("rivulet/TruncatedError")(
  "TruncatedError",
  fields
) {
  readonly isRetryable: boolean = true
}

/**
 * The response does not follow the provider's protocol.
 *
 * **Example** (Use in an adapter)
 *
 * ```ts
 * import { ChatModelError } from "rivulet"
 *
 * const malformed = (body: string) =>
 *   new ChatModelError.ChatModelError({
 *     provider: "local",
 *     model: "echo",
 *   reason: new ChatModelError.MalformedResponseError({ message: "The body is not JSON", excerpt: body.slice(0, 200) })
 *   })
 * ```
 */
export class MalformedResponseError extends Schema.TaggedError<MalformedResponseError>(
  "rivulet/MalformedResponseError"
)("MalformedResponseError", {
  ...fields,
  /** The start of the unexpected text, at most 200 characters. */
  excerpt: Schema.optional(Schema.String)
}) {
  readonly isRetryable: boolean = false
}

/** The provider or the model does not support an option or a part of the input. */
export class UnsupportedError extends Schema.TaggedError<UnsupportedError>("rivulet/UnsupportedError")(
  "UnsupportedError",
  {
    ...fields,
    /** The option or the part of the input, such as `maxTokens` or `messages[2]`. Absent: not known. */
    field: Schema.optional(Schema.String)
  }
) {
  readonly isRetryable: boolean = false
}

/**
 * A budget of the app is used up. See `ModelBudget`.
 *
 * **Example** (When the budget is whole again)
 *
 * ```ts
 * import { Duration, Effect } from "effect"
 * import { ChatModel } from "rivulet"
 *
 * const answer = ChatModel.invoke("Hi").pipe(
 *   Effect.map(({ content }) => content),
 *   Effect.catchReason("ChatModelError", "BudgetExceededError", ({ resetAfter }) =>
 *     Effect.succeed(resetAfter === undefined ? "That is all." : `Come back in ${Duration.format(resetAfter)}.`))
 * )
 * ```
 */
export class BudgetExceededError extends Schema.TaggedError<BudgetExceededError>("rivulet/BudgetExceededError")(
  "BudgetExceededError",
  {
    ...fields,
    /** Whether the budget is in tokens or in US dollars. */
    unit: Schema.Literals(["tokens", "usd"]),
    /** The budget, in `unit`. */
    limit: Schema.Finite,
    /** The part of it that is used, in `unit`. The request that was not sent is no part of it. */
    used: Schema.Finite,
    /** The estimated input of a request that was not sent, in `unit`. Absent: an answer has exceeded the budget. */
    needed: Schema.optional(Schema.Finite),
    /** The key of the budget, `""` if the app gives none. */
    key: Schema.String,
    /** The time until the budget is whole again, encoded in milliseconds. Absent: it never is. */
    resetAfter: Schema.optional(Schema.DurationFromMillis)
  }
) {
  readonly isRetryable: boolean = false
}

/** A failure that fits none of the other reasons. */
export class UnknownError extends Schema.TaggedError<UnknownError>("rivulet/UnknownError")("UnknownError", fields) {
  readonly isRetryable: boolean = false
}

/**
 * The schema of all reasons. Each has `_tag`, `message` and `isRetryable`.
 *
 * **Example** (Advice for a user)
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
  BudgetExceededError,
  UnknownError
])

/** One of the reasons for which a chat model can fail. */
export type Reason = typeof Reason.Type

/** The failure of one model, in the error of a call for which several were tried. */
export const Attempt = Schema.Struct({
  /** The name of the provider, such as `anthropic`. */
  provider: Schema.String,
  /** The name of the requested model. */
  model: Schema.String,
  /** The reason for the failure. */
  reason: Reason,
  /** Data from the provider: `requestId`, `status`, `type`. */
  metadata: Schema.optional(Metadata)
})

/** The failure of one model, in the error of a call for which several were tried. */
export interface Attempt extends Schema.Schema.Type<typeof Attempt> {}

const describe = ({ metadata, model, provider, reason }: Attempt, requestId = metadata?.["requestId"]): string =>
  `${reason._tag} from ${provider}/${model}: ${reason.message}${
    typeof requestId === "string" ? ` (request ${requestId})` : ""
  }`

/**
 * The error of a chat model.
 *
 * **Details**
 *
 * If several models were tried, as by the wrappers of `ModelRouting`, `provider`, `model` and `reason` are those of the
 * last one, and `attempts` has all of them.
 *
 * **Example** (Using the partial answer)
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
  /** The name of the provider, such as `anthropic`. */
  provider: Schema.String,
  /** The name of the requested model. */
  model: Schema.String,
  /** The reason for the failure. */
  reason: Reason,
  /** The part of the answer that had arrived. Absent if nothing had. */
  partial: Schema.optional(PartialAIMessage),
  /** Data from the provider: `requestId`, `status`, `type`. */
  metadata: Schema.optional(Metadata),
  /** The failures of all models that were tried, in order, with the last one. Absent if there was only one. */
  attempts: Schema.optional(Schema.Array(Attempt))
}) {
  /** The reason, the provider, the model and the id of the request in one line. Of several attempts those of each. */
  override get message(): string {
    return this.attempts === undefined
      ? describe(this, this.requestId)
      : `${this.attempts.length} attempts failed: ${this.attempts.map((attempt) => describe(attempt)).join("; ")}`
  }

  /** Whether the same request may succeed when it is sent again. */
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }

  /** The delay that the provider asks for before a retry. */
  get retryAfter(): Duration.Duration | undefined {
    return "retryAfter" in this.reason ? this.reason.retryAfter : undefined
  }

  /** The provider's id of the request, for its support team. */
  get requestId(): string | undefined {
    const requestId = this.metadata?.["requestId"] ?? this.partial?.metadata?.["requestId"]
    return typeof requestId === "string" ? requestId : undefined
  }
}
