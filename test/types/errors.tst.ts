import { Effect, Stream } from "effect"
import type { Duration } from "effect"
import { ChatModel } from "rivulet"
import type { ChatModelError, Message } from "rivulet"
import { expect, test } from "tstyche"

test("a reason is narrowed to its own fields", () => {
  Effect.catchReasons(ChatModel.invoke("Hi"), "ChatModelError", {
    RateLimitError: (reason) => {
      expect(reason).type.toBe<ChatModelError.RateLimitError>()
      expect(reason.retryAfter).type.toBe<Duration.Duration | undefined>()
      return Effect.void
    },
    OverloadedError: (reason) => {
      expect(reason).type.toHaveProperty("retryAfter")
      return Effect.void
    },
    TimeoutError: (reason) => {
      expect(reason.phase).type.toBe<"connect" | "first_chunk" | "idle" | "total">()
      expect(reason).type.not.toHaveProperty("retryAfter")
      return Effect.void
    },
    AuthenticationError: (reason) => {
      expect(reason).type.not.toHaveProperty("retryAfter")
      return Effect.void
    },
    NetworkError: (reason) => {
      expect(reason.code).type.toBe<string | undefined>()
      return Effect.void
    }
  })
})

test("reasons are caught on streams too", () => {
  const saved = ChatModel.stream("Hi").pipe(
    Stream.catchReason("ChatModelError", "RateLimitError", (reason) => Stream.succeed(reason.retryAfter))
  )
  expect<Stream.Error<typeof saved>>().type.toBe<ChatModelError.ChatModelError>()
})

test("a reason there is not cannot be caught", () => {
  // @ts-expect-error 'RateLimit' does not exist in type
  Effect.catchReasons(ChatModel.invoke("Hi"), "ChatModelError", { RateLimit: () => Effect.void })
})

test("catching the error leaves nothing to fail with", () => {
  const safe = ChatModel.invoke("Hi").pipe(
    Effect.map((message) => message.content),
    Effect.catchTag("ChatModelError", (error) => {
      expect(error.partial).type.toBe<Message.PartialAIMessage | undefined>()
      expect(error.isRetryable).type.toBe<boolean>()
      expect(error.retryAfter).type.toBe<Duration.Duration | undefined>()
      expect(error.requestId).type.toBe<string | undefined>()
      return Effect.succeed("")
    })
  )
  expect(safe).type.toBe<Effect.Effect<string, never, ChatModel.ChatModel>>()
})

test("every reason is named in one union", () => {
  expect<ChatModelError.Reason["_tag"]>().type.toBe<
    | "AuthenticationError"
    | "PermissionError"
    | "NotFoundError"
    | "InvalidRequestError"
    | "ContextLengthError"
    | "RateLimitError"
    | "QuotaExhaustedError"
    | "ContentPolicyError"
    | "OverloadedError"
    | "InternalProviderError"
    | "NetworkError"
    | "TimeoutError"
    | "TruncatedError"
    | "MalformedResponseError"
    | "UnsupportedError"
    | "BudgetExceededError"
    | "UnknownError"
  >()
  expect<ChatModelError.ChatModelError["reason"]>().type.toBe<ChatModelError.Reason>()
})
