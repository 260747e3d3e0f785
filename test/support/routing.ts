// Models for the tests of wrappers that have several.
import { Effect, Stream } from "effect"
import { AIMessageChunk, ChatModel, ChatModelError } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"

const { fail, text } = ScriptedChatModel

export const busy = new ChatModelError.OverloadedError({ message: "Too busy" })
export const limited = new ChatModelError.RateLimitError({ message: "Slowly" })
export const wrong = new ChatModelError.InvalidRequestError({ message: "No such option" })

/** One reason of each kind. */
export const reasons: {
  readonly [Tag in ChatModelError.Reason["_tag"]]: Extract<ChatModelError.Reason, { _tag: Tag }>
} = {
  AuthenticationError: new ChatModelError.AuthenticationError({ message: "Who?" }),
  PermissionError: new ChatModelError.PermissionError({ message: "Not you" }),
  NotFoundError: new ChatModelError.NotFoundError({ message: "Not here" }),
  InvalidRequestError: wrong,
  ContextLengthError: new ChatModelError.ContextLengthError({ message: "Too long" }),
  RateLimitError: limited,
  QuotaExhaustedError: new ChatModelError.QuotaExhaustedError({ message: "Pay" }),
  ContentPolicyError: new ChatModelError.ContentPolicyError({ message: "Not that" }),
  OverloadedError: busy,
  InternalProviderError: new ChatModelError.InternalProviderError({ message: "Oops" }),
  NetworkError: new ChatModelError.NetworkError({ message: "Gone" }),
  TimeoutError: new ChatModelError.TimeoutError({ message: "Too late", phase: "connect" }),
  TruncatedError: new ChatModelError.TruncatedError({ message: "Cut" }),
  MalformedResponseError: new ChatModelError.MalformedResponseError({ message: "Strange" }),
  UnsupportedError: new ChatModelError.UnsupportedError({ message: "Cannot" }),
  BudgetExceededError: new ChatModelError.BudgetExceededError({
    message: "Enough",
    unit: "tokens",
    limit: 10,
    used: 11,
    key: ""
  }),
  UnknownError: new ChatModelError.UnknownError({ message: "Hm" })
}

/** A scripted model without retries. The last reply is repeated. */
export const scripted = (
  name: string,
  replies: ReadonlyArray<ScriptedChatModel.Reply>,
  options?: ScriptedChatModel.Options
) => {
  let next = 0
  return ScriptedChatModel.make(() => replies[next++] ?? replies.at(-1) ?? [], {
    provider: "test",
    model: name,
    ...options,
    options: { maxRetries: 0, ...options?.options }
  })
}

/** A model that answers with its name. */
export const says = (name: string, options?: ScriptedChatModel.Options) => scripted(name, [text([name, "!"])], options)

/** A model that fails. */
export const fails = (name: string, reason: ChatModelError.Reason = busy, options?: ScriptedChatModel.Options) =>
  scripted(name, [[fail(reason)]], options)

/** A model that seems to be another one and fails for good, so that a wrapper asks the next. */
export const dead = ({ capabilities, model, provider, supportsSchema }: ChatModel.Service): ChatModel.Service =>
  ChatModel.make({
    provider,
    model,
    capabilities,
    supportsSchema,
    stream: () =>
      Stream.fail(new ChatModelError.ChatModelError({ provider, model, reason: reasons.AuthenticationError }))
  })

/** The number of requests that each model has had. */
export const counts = (...models: ReadonlyArray<ScriptedChatModel.ScriptedChatModel["Service"]>) =>
  Effect.forEach(models, ({ calls }) => Effect.map(calls, (calls) => calls.length))

/** The content of a whole answer of this stream. */
export const contentOf = (chunks: ReadonlyArray<AIMessageChunk.AIMessageChunk>): string | undefined =>
  AIMessageChunk.toMessage(chunks)?.content
