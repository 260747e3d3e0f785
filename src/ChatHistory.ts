/**
 * What was said before: a service that keeps the messages of each session, and {@link withHistory}, which lets a model
 * or a chain see them and adds what is said now.
 *
 * {@link layerMemory} keeps them as long as the process runs. A store of one's own is a layer of {@link ChatHistory};
 * `Message.Message` is the schema of what it has to keep.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import type { AIMessageChunk } from "./AIMessageChunk.ts"
import { toMessages } from "./internal/model/prepare.ts"
import type { ChatInput } from "./internal/model/request.ts"
import { open, wrapBarrier } from "./internal/runnable/make.ts"
import type { Folded } from "./internal/step/fold.ts"
import { observed } from "./internal/step/run.ts"
import type { Opener, Runnable } from "./internal/step/types.ts"
import { ai, aiMessage } from "./Message.ts"
import type { AIMessage, AIPart, Message, PartialAIMessage } from "./Message.ts"

/**
 * The messages of a session cannot be read, or not be kept.
 *
 * **Example** (A store of one's own)
 *
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { ChatHistory, type Message } from "rivulet"
 *
 * declare const store: {
 *   readonly read: (id: string) => Promise<ReadonlyArray<Message.Message>>
 *   readonly add: (id: string, messages: ReadonlyArray<Message.Message>) => Promise<void>
 * }
 * const attempt = <A>(run: () => Promise<A>) =>
 *   Effect.tryPromise({
 *     try: run,
 *     catch: (cause) => new ChatHistory.ChatHistoryError({ message: "The store does not answer", cause })
 *   })
 * const layer = Layer.succeed(ChatHistory.ChatHistory, {
 *   get: (id) => attempt(() => store.read(id)),
 *   append: (id, messages) => attempt(() => store.add(id, messages))
 * })
 * ```
 */
export class ChatHistoryError extends Schema.TaggedError<ChatHistoryError>("rivulet/ChatHistoryError")(
  "ChatHistoryError",
  { message: Schema.String, cause: Schema.optional(Schema.Defect()) }
) {}

/** What a store of messages can do. */
export interface Service {
  /** The messages of a session, the oldest first; none for one that is new. */
  readonly get: (sessionId: string) => Effect.Effect<ReadonlyArray<Message>, ChatHistoryError>
  /** Puts messages behind those of a session. */
  readonly append: (sessionId: string, messages: ReadonlyArray<Message>) => Effect.Effect<void, ChatHistoryError>
}

/**
 * The messages of all sessions.
 *
 * **Example** (A session as it is kept)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatHistory, Message } from "rivulet"
 *
 * const program = Effect.gen(function*() {
 *   const history = yield* ChatHistory.ChatHistory
 *   yield* history.append("session-1", [Message.human("Hi")])
 *   return yield* history.get("session-1")
 * }).pipe(Effect.provide(ChatHistory.layerMemory))
 * ```
 */
export class ChatHistory extends Context.Service<ChatHistory, Service>()("rivulet/ChatHistory") {}

/**
 * Keeps messages in memory, all of them, as long as the layer lives. It never fails. Nothing is shared between two
 * builds of it, so an app provides it once.
 *
 * **Example** (A conversation)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatHistory, ChatModel } from "rivulet"
 *
 * const chat = ChatHistory.withHistory(ChatModel.runnable, { sessionId: "session-1" })
 * const program = Effect.andThen(chat.invoke("I am Ada."), chat.invoke("Who am I?")).pipe(
 *   Effect.provide(ChatHistory.layerMemory)
 * )
 * ```
 */
export const layerMemory: Layer.Layer<ChatHistory> = Layer.sync(ChatHistory, () => {
  const sessions = new Map<string, ReadonlyArray<Message>>()
  const of = (sessionId: string) => sessions.get(sessionId) ?? []
  return ChatHistory.of({
    get: (sessionId) => Effect.sync(() => of(sessionId)),
    append: (sessionId, messages) => Effect.sync(() => void sessions.set(sessionId, [...of(sessionId), ...messages]))
  })
})

/** Whose history it is, and what becomes of an answer that is not whole. */
export interface HistoryOptions {
  readonly sessionId: string
  /**
   * `keep` (the default) keeps the text and the files of an answer that failed or was left, marked by the finish
   * `{ reason: "other", raw: "partial" }` and `metadata.partial`; `drop` keeps nothing of it.
   */
  readonly onPartial?: "drop" | "keep" | undefined
}

/**
 * Lets a model, or a chain that takes what a model takes, see what was said before, and keeps what is said now. It
 * streams as what it wraps does.
 *
 * - What is asked is kept before the answer starts, so also when that fails or is left. System messages go before the
 *   history and are not kept: they are the app's and come with every call. Nor are blank messages, which would have
 *   every later call refused.
 * - A whole answer is kept when its stream ends, before the reader is told of the end. Of one that is not whole
 *   `onPartial` decides; its reasoning and its tool calls are never kept, because no provider takes half of one back.
 * - Two calls of one session at the same time do not wait for each other, and each sees what was kept when it began.
 * - A store that cannot be read or written is a failure, save when a partial answer cannot be kept, which is logged.
 *
 * **Example** (The model remembers)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatHistory, ChatModel } from "rivulet"
 *
 * const chat = ChatHistory.withHistory(ChatModel.runnable, { sessionId: "session-1" })
 * const program = Effect.gen(function*() {
 *   yield* chat.invoke("My name is Ada.")
 *   return yield* chat.invoke("What is my name?")
 * }).pipe(Effect.provide(ChatHistory.layerMemory))
 * ```
 */
export const withHistory = <Out extends AIMessage | string, E, R, Chunk extends AIMessageChunk | string>(
  self: Runnable<ChatInput, Out, E, R, Chunk, never>,
  options: HistoryOptions
): Runnable<ChatInput, Out, E | ChatHistoryError, R | ChatHistory, Chunk> =>
  wrapBarrier(self, (input) => recorded(self, options, input))

// -----------------------------------------------------------------------------
// internal
// -----------------------------------------------------------------------------

/** A run that sees the conversation so far, and keeps what is said. */
const recorded = <Out extends AIMessage | string, E, R, Chunk extends AIMessageChunk | string>(
  self: Runnable<ChatInput, Out, E, R, Chunk, never>,
  { onPartial, sessionId }: HistoryOptions,
  input: ChatInput
): Opener<Chunk, Out, E | ChatHistoryError, R | ChatHistory> =>
  Effect.fnUntraced(function*(scope) {
    const { append, get } = yield* ChatHistory
    const before = yield* get(sessionId)
    const messages = toMessages(input)
    const system = messages.filter((message) => message._tag === "SystemMessage")
    const said = messages.filter((message) => message._tag !== "SystemMessage")
    const worthKeeping = said.filter((message) => !isBlank(message))
    if (worthKeeping.length > 0) yield* append(sessionId, worthKeeping)

    let answer: Folded<Out> | undefined
    let kept = false
    const keep = (message: AIMessage | undefined) =>
      Effect.suspend(() => {
        if (kept) return Effect.void
        kept = true
        return message === undefined || isBlank(message) ? Effect.void : append(sessionId, [message])
      })
    const keepPartial = Effect.suspend(() => {
      const partial = answer?.partial()
      return keep(finished(partial) ?? (onPartial === "drop" ? undefined : marked(partial)))
    })
    // The answer is closed before what came of it is kept.
    yield* Scope.addFinalizer(
      scope,
      Effect.catch(keepPartial, (error) => Effect.logWarning(`A partial answer was not kept: ${error.message}`))
    )
    const run = yield* open(self, [...system, ...before, ...said])(scope)
    const fold = answer = run.fold()
    return observed(run, { chunks: fold.add, end: () => keep(wholeOf(fold.done())) })
  })

const isTagged = <Tag extends "AIMessage" | "PartialAIMessage">(value: unknown, tag: Tag): boolean =>
  typeof value === "object" && value !== null && "_tag" in value && value._tag === tag

const isWhole = (value: unknown): value is AIMessage => isTagged(value, "AIMessage")

const isPartial = (value: unknown): value is PartialAIMessage => isTagged(value, "PartialAIMessage")

/** What an answer that came to its end folds to. */
const wholeOf = (answer: unknown): AIMessage | undefined =>
  isWhole(answer) ? answer : typeof answer === "string" ? ai(answer) : undefined

/** The answer of which all has come, although its reader left before it could see the end. */
const finished = (partial: unknown): AIMessage | undefined => {
  if (!isPartial(partial)) return undefined
  const { finish, ...fields } = partial
  return finish === undefined ? undefined : aiMessage({ ...fields, finish })
}

const partialFinish = { reason: "other", raw: "partial" } as const

/** A part of an answer, as a message that says so. */
const marked = (partial: unknown): AIMessage | undefined => {
  if (typeof partial === "string") return { ...ai(partial), finish: partialFinish, metadata: { partial: true } }
  if (!isPartial(partial)) return undefined
  const parts = partial.parts.filter(standsAlone)
  return aiMessage({ ...partial, parts, finish: partialFinish, metadata: { ...partial.metadata, partial: true } })
}

/** What means something without the rest of its message. */
const standsAlone = (part: AIPart): boolean => part.type === "text" || part.type === "file" || part.type === "refusal"

const isBlank = (message: Message): boolean =>
  message._tag === "AIMessage"
    ? message.parts.every((part) => part.type === "text" && part.text.trim() === "")
    : message._tag !== "ToolMessage" &&
      (typeof message.content === "string"
        ? message.content.trim() === ""
        : message.content.every((part) => part.type === "text" && part.text.trim() === ""))
