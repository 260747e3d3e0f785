import { Deferred, Duration, Effect } from "effect"
import { AIMessageChunk, ChatModelError } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import type { Conformance } from "rivulet/Testing"

const { chunk, fail, finish, stall, text, toolCalls } = ScriptedChatModel

type Reply = ScriptedChatModel.Reply

const tokens = (tokens: ReadonlyArray<string>) => text(tokens).slice(0, -1)
const parts = (...parts: ReadonlyArray<AIMessageChunk.Delta>) => chunk({ ...AIMessageChunk.empty, parts })
const usageOf = (inputTokens: number, outputTokens: number) => ({
  inputTokens,
  outputTokens,
  totalTokens: inputTokens + outputTokens
})

const message = "as the script says"

const reasonOf = (status: number, retryAfter: Duration.Duration | undefined): ChatModelError.Reason => {
  switch (status) {
    case 401:
      return new ChatModelError.AuthenticationError({ message })
    case 402:
      return new ChatModelError.QuotaExhaustedError({ message })
    case 403:
      return new ChatModelError.PermissionError({ message })
    case 404:
      return new ChatModelError.NotFoundError({ message })
    case 408:
    case 504:
      return new ChatModelError.TimeoutError({ message, phase: "connect" })
    case 413:
      return new ChatModelError.ContextLengthError({ message })
    case 429:
      return new ChatModelError.RateLimitError({ message, retryAfter })
    case 503:
    case 529:
      return new ChatModelError.OverloadedError({ message })
  }
  return status >= 500
    ? new ChatModelError.InternalProviderError({ message })
    : new ChatModelError.InvalidRequestError({ message })
}

/** A scripted model under the suite: each answer is a reply. */
export const scriptedSubject: Conformance.Subject<Reply> = {
  capabilities: ScriptedChatModel.make([]).model.capabilities,
  noWire: "a scripted model has no wire",
  start: (answers, options) =>
    Effect.sync(() => {
      const arrivals: Array<Deferred.Deferred<void>> = []
      const arrival = (index: number) => arrivals[index] ??= Deferred.makeUnsafe()
      let next = 0
      const { calls, model } = ScriptedChatModel.make(() => {
        Deferred.doneUnsafe(arrival(next), Effect.void)
        return answers[next++] ?? answers[answers.length - 1] ?? []
      }, { options })
      const call = (index: number) =>
        Effect.flatMap(calls, (calls) => calls[index] ? Effect.succeed(calls[index]) : Effect.die("no such call"))
      return {
        model,
        requestCount: Effect.map(calls, (calls) => calls.length),
        request: (index) =>
          Effect.andThen(
            Deferred.await(arrival(index)),
            Effect.map(call(index), ({ messages, options }) => ({
              body: { messages, options },
              // A call is settled before its consumer continues.
              cancelled: Effect.map(call(index), ({ state }) => state === "interrupted"),
              blocked: Effect.die("nothing is ahead of the consumer")
            }))
          ),
        idle: Effect.void
      }
    }),
  answers: {
    text: (tokens, usage) => text(tokens, { usage: usage && usageOf(usage.input, usage.output) }),
    ends: tokens,
    closes: (given) => [...tokens(given), fail(new ChatModelError.NetworkError({ message }))],
    stalls: (given) => [...tokens(given), stall],
    twice: (tokens) => [...text(tokens), ...text(tokens)],
    unknown: (given) => [...tokens(given), parts({ type: "unknown", index: 1, raw: { mood: "good" } }), finish()],
    errors: [
      ["OverloadedError", (given) => [...tokens(given), fail(new ChatModelError.OverloadedError({ message }))]]
    ],
    prefix: (reply, share) => reply.slice(0, Math.floor(reply.length * share)),
    headersOnly: [stall],
    status: (status, options) => {
      const retryAfter = options?.headers?.["retry-after"]
      return [fail(reasonOf(status, retryAfter === undefined ? undefined : Duration.seconds(Number(retryAfter))))]
    },
    toolCalls: (calls) => toolCalls(calls),
    reasoning: (thinking, said) => [
      parts({ type: "reasoning", index: 0, text: thinking }),
      chunk(AIMessageChunk.text(said, { index: 1 })),
      finish()
    ],
    refusal: (said) => text(said, { finish: "refusal" }),
    image: [
      parts({ type: "file", index: 0, mediaType: "image/png", source: { type: "base64", data: "AA==" } }),
      finish()
    ],
    citation: [...tokens(["It swims"]), parts({ type: "citation", index: 0, citation: { raw: {} } }), finish()],
    cached: (cacheReadTokens) => text("Hello", { usage: { ...usageOf(10, 1), cacheReadTokens } }),
    serverTool: [
      parts({ type: "server_tool_call", index: 0, id: "s_1", name: "web_search", args: "{}", end: true }),
      finish()
    ]
  }
}
