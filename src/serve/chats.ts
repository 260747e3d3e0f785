/**
 * What a chat runs for a request: a model, an agent or a chain, as a stream of items. `Serve.chat` makes it, the server
 * runs it. It decides which options of a request reach the run, and knows no wire.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { CallOptions } from "../CallOptions.ts"
import type { AgentFinish } from "../internal/agent/chunks.ts"
import { isObject } from "../internal/json/object.ts"
import { jsonReplacer } from "../internal/json/replacer.ts"
import { onAnswers } from "../internal/model/answers.ts"
import { withDefaults } from "../internal/model/defaults.ts"
import type { ChatInput } from "../internal/model/request.ts"
import { modelOf } from "../internal/model/runnableOf.ts"
import type { ModelSource } from "../internal/model/runnableOf.ts"
import { ChatModel } from "../internal/model/service.ts"
import type { Chain } from "../internal/step/types.ts"
import { unwrap } from "../internal/stream/unwrap.ts"
import type { AIMessage, Message } from "../Message.ts"
import { sum } from "../Usage.ts"
import { invalid, unsupported } from "./publicError.ts"
import type { PublicError } from "./publicError.ts"
import type { Asked, Ended, Item } from "./wire.ts"

/** A request of a client, for the functions of an app. */
export interface Turn {
  /** The conversation. System messages of the client are left out unless the chat has `clientSystem`. */
  readonly messages: ReadonlyArray<Message>
  /** The text of the last human message, `""` if there is none. */
  readonly lastText: string
  /** The options of the request. They are the client's wishes. */
  readonly options: CallOptions
  /** Who asks, as `auth` says; `""` without it. */
  readonly user: string
}

/** The reaction of a chain or an agent to options in a request. */
export type OptionsPolicy = "pass" | "ignore" | "refuse"

/** A chat as the server runs it. */
export interface Served<out R> {
  readonly isModel: boolean
  readonly clientSystem: boolean
  readonly options: OptionsPolicy
  readonly stream: (turn: Turn) => Stream.Stream<unknown, unknown, R>
}

/** A model as a chat. */
export const servedModel = <I>(source: ModelSource<I>, clientSystem: boolean): Served<I> => ({
  isModel: true,
  clientSystem,
  options: "pass",
  stream: ({ messages, options }) => unwrap(Effect.map(modelOf(source), (model) => model.stream(messages, options)))
})

/** A chain or an agent as a chat. */
export const servedChain = <In, E, R>(
  chain: Chain<In, unknown, E, R>,
  input: (turn: Turn) => In,
  settings: Pick<Served<R>, "clientSystem" | "options">
): Served<R> => ({
  ...settings,
  isModel: false,
  stream: (turn) => {
    const stream = Stream.suspend(() => chain.stream(input(turn)))
    return settings.options === "pass" ? withOptions(stream, turn.options) : stream
  }
})

/** The messages of a turn as an input. */
export const messagesOf = ({ messages }: Turn): ChatInput => messages

/** The same stream, in which the options are defaults of the context's model. */
const withOptions = <A, E, R>(stream: Stream.Stream<A, E, R>, options: CallOptions): Stream.Stream<A, E, R> =>
  Stream.updateContext(stream, (context: Context.Context<R>) => {
    // The chain may have a model of its own, and none in its context.
    const model = Context.getOrUndefined(context as Context.Context<ChatModel>, ChatModel)
    return model === undefined ? context : Context.add(context, ChatModel, withDefaults(options)(model))
  })

// -----------------------------------------------------------------------------
// turns
// -----------------------------------------------------------------------------

/** The turn of a request, and the names of the fields that have no effect. */
export const turnOf = (
  asked: Asked,
  chat: Pick<Served<never>, "clientSystem" | "isModel" | "options">,
  user: string
): { readonly turn: Turn; readonly ignored: ReadonlyArray<string> } | PublicError => {
  if (!chat.isModel && asked.options.tools !== undefined) {
    return unsupported("tools", "this chat runs tools of its own, and none of a client.")
  }
  const [first] = asked.given
  if (chat.options === "refuse" && first !== undefined) return unsupported(first, "this chat takes no options.")
  const messages = chat.clientSystem ? asked.messages : asked.messages.filter(({ _tag }) => _tag !== "SystemMessage")
  if (messages.every(({ _tag }) => _tag === "SystemMessage")) return invalid("messages", "has no message of a user.")
  return {
    turn: { messages, lastText: lastTextOf(messages), options: asked.options, user },
    ignored: [
      ...(messages.length < asked.messages.length ? ["system"] : []),
      ...(chat.options === "pass" ? [] : asked.given),
      ...asked.unread
    ]
  }
}

const lastTextOf = (messages: ReadonlyArray<Message>): string => {
  const last = messages.findLast((message) => message._tag === "HumanMessage")
  if (last === undefined) return ""
  return typeof last.content === "string"
    ? last.content
    : last.content.map((part) => part.type === "text" ? part.text : "").join("")
}

// -----------------------------------------------------------------------------
// items
// -----------------------------------------------------------------------------

const chunkTags = new Set<unknown>(["AIMessageChunk", "ToolProgressChunk", "ToolResultChunk", "AgentEndChunk"])

/** A chunk of any chain as an item: its shape decides. */
const toItem = (chunk: unknown): Item =>
  typeof chunk === "string" || (isObject(chunk) && chunkTags.has(chunk["_tag"]))
    ? chunk as Item // the tags are those of chunks
    : { _tag: "Value", value: jsonOf(chunk) }

/** It throws at a value without JSON, such as a function: the chain cannot be served. */
const jsonOf = (value: unknown): Schema.Json =>
  value === undefined ? null : JSON.parse(JSON.stringify(value, jsonReplacer)) as Schema.Json // it is parsed from JSON

/** The items of a run, and how it ended. */
export const itemsOf = <R>(
  stream: Stream.Stream<unknown, unknown, R>
): { readonly items: Stream.Stream<Item, unknown, R>; readonly ended: () => Ended } => {
  const answers: Array<AIMessage> = []
  let agent: AgentFinish | undefined
  const items = Stream.map(stream, (chunk) => {
    const item = toItem(chunk)
    if (typeof item !== "string" && item._tag === "AgentEndChunk") agent = item.result.finish
    return item
  })
  return {
    items: onAnswers(items, (answer) => {
      answers.push(answer)
    }),
    ended: () => ({
      finish: agent ?? answers.at(-1)?.finish.reason ?? "stop",
      usage: sum(answers.map(({ usage }) => usage))
    })
  }
}
