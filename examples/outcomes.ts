// Handles failures by their typed reason, and keeps the part of the answer that arrived (`partial`).
import { Console, Duration, Effect, Stream } from "effect"
import { ChatModel } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"

const story = ChatModel.stream("Tell me a story", { timeout: { idle: "5 seconds" } }).pipe(
  Stream.runForEach((chunk) => Effect.sync(() => process.stdout.write(chunk.content))),
  Effect.andThen(Console.log("\nThe end.")),
  Effect.catchReasons("ChatModelError", {
    RateLimitError: ({ retryAfter }) =>
      Console.log("Too many requests.", retryAfter === undefined ? "" : `Wait ${Duration.format(retryAfter)}.`),
    AuthenticationError: ({ message }) => Console.log("No access:", message)
  }),
  // All other reasons, with the part that arrived.
  Effect.catchTag("ChatModelError", ({ partial, reason, requestId }) =>
    Console.log(
      `\n[${reason._tag}] ${reason.message}\n`,
      `kept ${partial?.content.length ?? 0} characters,`,
      `${partial?.usage?.inputTokens ?? 0} input tokens, request ${requestId ?? "unknown"}`
    ))
)

await Effect.runPromise(story.pipe(Effect.provide(Anthropic.layer({ model: "claude-haiku-4-5" }))))
