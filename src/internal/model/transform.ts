/**
 * `ChatModel.transform`: makes a model from a model with hooks. The checks of an answer hold for the results of hooks,
 * too.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { CallOptions } from "../../CallOptions.ts"
import { ChatModelError, TruncatedError } from "../../ChatModelError.ts"
import type { AIMessage, Message, PartialAIMessage } from "../../Message.ts"
import { nameOf } from "../excerpt.ts"
import { optional } from "../optional.ts"
import { effectOf } from "../returned.ts"
import { message } from "../step/fold.ts"
import { fromStream, observed, toStream } from "../step/run.ts"
import type { Opener } from "../step/types.ts"
import { toMessages } from "./messages.ts"
import type { OpenModel } from "./opening.ts"
import { withPartial } from "./partial.ts"
import type { Service } from "./service.ts"
import { checkedModel, wrapModel } from "./wrap.ts"

/** The request of one call, before the model's own options and facts are applied. */
export interface ModelRequest {
  /** The conversation. */
  readonly messages: ReadonlyArray<Message>
  /** The options of the call alone. The model's own apply where a call has none. */
  readonly options: CallOptions
}

/** Hooks around the calls of a model. A hook that is absent costs nothing. */
export interface TransformHooks {
  /** Changes the request, or ends the call before anything is sent. */
  readonly request?: ((request: ModelRequest) => Effect.Effect<ModelRequest, ChatModelError>) | undefined
  /**
   * Changes the stream of the answer. The stream contains the retries of the call; a failure of the hook is not retried.
   * It must end with one chunk that has a `finish`, as every model's does.
   */
  readonly stream?:
    | ((
      answer: Stream.Stream<AIMessageChunk, ChatModelError>,
      request: ModelRequest
    ) => Stream.Stream<AIMessageChunk, ChatModelError>)
    | undefined
  /** Runs after the last chunk of a whole answer, before the stream ends. Its failure is that of the call. */
  readonly answered?: ((answer: AIMessage, request: ModelRequest) => Effect.Effect<void, ChatModelError>) | undefined
}

/**
 * Makes a model from a model, with hooks before the request, around the stream and after the answer.
 *
 * **Details**
 *
 * - The new model has one set of events, whatever is inside, and its retries are those of the model.
 * - Capabilities, default options and facts are those of the model. Its tokens are counted behind the `request` hook.
 * - An answer that the `stream` hook ends without a `finish` fails with `TruncatedError`.
 * - The `partial` of an error holds the output of the `stream` hook so far, also if a hook fails.
 *
 * **Example** (A header for every conversation)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatModel, Message } from "rivulet"
 *
 * const dated = (model: ChatModel.Service, today: string) =>
 *   ChatModel.transform(model, {
 *     request: ({ messages, options }) =>
 *       Effect.succeed({ messages: [Message.system(`Today is ${today}`), ...messages], options })
 *   })
 * ```
 */
export const transform = (model: Service, hooks: TransformHooks): Service => {
  const { countTokens } = checkedModel(model)
  const count: Service["countTokens"] = countTokens && ((input, options) => {
    const asked: ModelRequest = { messages: toMessages(input), options: options ?? {} }
    return Effect.flatMap(
      Effect.suspend(() => requested(hooks, asked) ?? Effect.succeed(asked)),
      (changed) => countTokens(changed.messages, changed.options)
    )
  })
  return wrapModel(model, (open): OpenModel => (input, options, whole) => (scope) =>
    Effect.suspend(() => {
      const asked: ModelRequest = { messages: toMessages(input), options: options ?? {} }
      const request = requested(hooks, asked)
      return request === undefined
        ? run(model, hooks, asked, open(asked.messages, asked.options, whole))(scope)
        : Effect.flatMap(
          request,
          (changed) => run(model, hooks, changed, open(changed.messages, changed.options, whole))(scope)
        )
    }), { countTokens: count })
}

const requested = ({ request }: TransformHooks, asked: ModelRequest) =>
  request && effectOf("ChatModel.transform: request", request(asked))

const checkedStream = <A, E>(stream: Stream.Stream<A, E>): Stream.Stream<A, E> => {
  if (Stream.isStream(stream)) return stream
  throw new TypeError(`ChatModel.transform: stream must return a stream, not ${nameOf(stream)}`)
}

type OpenAnswer = Opener<AIMessageChunk, AIMessage, ChatModelError, never>

const run = (
  { model, provider }: Service,
  { answered, stream }: TransformHooks,
  request: ModelRequest,
  open: OpenAnswer
): OpenAnswer => {
  if (stream === undefined && answered === undefined) return open
  const shown = stream === undefined ? open : fromStream(checkedStream(stream(toStream(open), request)), message)
  return (scope) =>
    Effect.map(shown(scope), (run) => {
      const fold = run.fold()
      let finished = stream === undefined
      const fail = (cause: Cause.Cause<ChatModelError>) =>
        Effect.failCause(Cause.map(cause, (error) => {
          const partial = fold.partial() as PartialAIMessage // a fold of the chunks of a message
          // The hook may withhold chunks, which were paid for: the usage includes them.
          return withPartial(error, { ...optional("usage", error.partial?.usage), ...partial })
        }))
      const end = (): Effect.Effect<void, ChatModelError> => {
        if (finished) {
          return answered === undefined
            ? Effect.void
            : effectOf("ChatModel.transform: answered", answered(fold.done(), request))
        }
        const reason = new TruncatedError({ message: "The stream hook ended before the message did" })
        return Effect.fail(new ChatModelError({ provider, model, reason }))
      }
      return observed(run, {
        chunks: (chunks) => {
          fold.add(chunks)
          finished ||= chunks.some(({ finish }) => finish !== undefined)
        },
        end: () => Effect.catchCause(Effect.suspend(end), fail),
        // Without a stream hook the model has told what had arrived.
        failed: stream === undefined ? undefined : fail
      })
    })
}
