// A failure is one `ChatModelError` with a tagged reason. It keeps the part of the message that arrived.
import { Duration, Effect, Stream } from "effect"
import { ChatModel } from "rivulet"
import { layer, print } from "./model.ts"

const program = ChatModel.stream("Describe a storm").pipe(
  Stream.runForEach((chunk) => Effect.sync(() => print({ content: chunk.content }))),
  Effect.andThen(Effect.sync(() => print({ complete: true }))),
  Effect.catchReasons("ChatModelError", {
    RateLimitError: ({ retryAfter }) =>
      Effect.sync(() => print({ rateLimit: retryAfter && Duration.toSeconds(retryAfter) })),
    OverloadedError: () => Effect.sync(() => print({ overloaded: true })),
    AuthenticationError: () => Effect.sync(() => print({ unauthenticated: true }))
  }),
  Effect.catchTag(
    "ChatModelError",
    ({ partial, reason }) =>
      Effect.sync(() =>
        print({ reason: reason._tag, partial: partial?.content, inputTokens: partial?.usage?.inputTokens })
      )
  )
)

await Effect.runPromise(program.pipe(Effect.provide(layer({ maxRetries: 0, timeout: { idle: "1 second" } }))))
