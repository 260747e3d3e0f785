/**
 * The messages of chat sessions: a service that stores them, and {@link withHistory}, which gives a model or a chain
 * the earlier messages and stores the new ones.
 *
 * **When to use**
 *
 * {@link layerMemory} stores messages while the process runs. For another store provide {@link ChatHistory} yourself;
 * `Message.Message` is the schema of the messages.
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import type { AIMessageChunk } from "./AIMessageChunk.ts"
import { nameOf } from "./internal/excerpt.ts"
import { allAnswered, isBlank, problemOf, toMessages } from "./internal/model/messages.ts"
import type { ChatInput } from "./internal/model/request.ts"
import { open, wrapBarrier } from "./internal/runnable/make.ts"
import type { Folded } from "./internal/step/fold.ts"
import { observed } from "./internal/step/run.ts"
import type { Opener, Runnable } from "./internal/step/types.ts"
import { ai, aiMessage } from "./Message.ts"
import type { AIMessage, AIPart, Message, PartialAIMessage } from "./Message.ts"

/**
 * The error of a store that cannot read or write the messages of a session.
 *
 * **Example** (A custom store)
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
  {
    /** A sentence that says what went wrong. */
    message: Schema.String,
    /** The error of the store. */
    cause: Schema.optional(Schema.Defect())
  }
) {}

/** A store of messages. */
export interface Service {
  /** The messages of a session, the oldest first. A new session has none. */
  readonly get: (sessionId: string) => Effect.Effect<ReadonlyArray<Message>, ChatHistoryError>
  /** Appends messages to those of a session. */
  readonly append: (sessionId: string, messages: ReadonlyArray<Message>) => Effect.Effect<void, ChatHistoryError>
}

/**
 * The service that stores the messages of all sessions.
 *
 * **Example** (Reading a session)
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
 * Stores all messages in memory while the layer lives. It never fails.
 *
 * **Gotchas**
 *
 * Two builds of the layer share nothing, so provide it once for the whole app.
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

/** Options of {@link withHistory}. */
export interface HistoryOptions {
  /** The id of the session. */
  readonly sessionId: string
  /**
   * Whether an incomplete answer, which failed or was interrupted, is stored. Defaults to `keep`: its text and files
   * are stored with the finish `{ reason: "other", raw: "partial" }` and `metadata.partial`. With `drop` nothing is.
   */
  readonly onPartial?: "drop" | "keep" | undefined
}

/**
 * Gives a model, or a chain with the input of a model, the earlier messages of a session, and stores the new ones. It
 * streams like the wrapped step.
 *
 * **Details**
 *
 * - The input is stored before the answer starts, so it is kept even if the answer fails. System messages are put
 *   before the history and are not stored, because the app sends them with every call. Blank messages are not stored,
 *   because providers would refuse every later call.
 * - A complete answer is stored when its stream ends, before the consumer sees the end. `onPartial` decides about an
 *   incomplete one. Its reasoning and tool calls are never stored, because providers do not accept parts of them.
 * - Tool calls without a result are answered for the model, because providers would refuse the conversation. The stored
 *   messages do not change.
 * - An error of the store fails the call, unless it concerns an incomplete answer; then it is logged.
 *
 * **Gotchas**
 *
 * Two concurrent calls of a session do not wait for each other. Each sees the messages that were stored when it began.
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

/** A run with the earlier messages, which stores the new ones. */
const recorded = <Out extends AIMessage | string, E, R, Chunk extends AIMessageChunk | string>(
  self: Runnable<ChatInput, Out, E, R, Chunk, never>,
  { onPartial, sessionId }: HistoryOptions,
  input: ChatInput
): Opener<Chunk, Out, E | ChatHistoryError, R | ChatHistory> =>
  Effect.fnUntraced(function*(scope) {
    // Anything else, such as a function, would be one session of all users.
    if (typeof sessionId !== "string") {
      return yield* Effect.die(new TypeError(`withHistory: sessionId must be a string, not ${nameOf(sessionId)}`))
    }
    const { append, get } = yield* ChatHistory
    const before = yield* get(sessionId)
    const messages = toMessages(input)
    const system = messages.filter((message) => message._tag === "SystemMessage")
    const said = messages.filter((message) => message._tag !== "SystemMessage")
    const worthKeeping = said.filter((message) => problemOf(message) === undefined && !isBlankMessage(message))
    if (worthKeeping.length > 0) yield* append(sessionId, worthKeeping)

    let answer: Folded<Out> | undefined
    let kept = false
    const keep = (message: AIMessage | undefined) =>
      Effect.suspend(() => {
        if (kept) return Effect.void
        kept = true
        return message === undefined || isBlankMessage(message) ? Effect.void : append(sessionId, [message])
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
    const run = yield* open(self, allAnswered([...system, ...before, ...said]))(scope)
    const fold = answer = run.fold()
    return observed(run, { chunks: fold.add, end: () => keep(wholeOf(fold.done())) })
  })

const isTagged = <Tag extends "AIMessage" | "PartialAIMessage">(value: unknown, tag: Tag): boolean =>
  typeof value === "object" && value !== null && "_tag" in value && value._tag === tag

const isWhole = (value: unknown): value is AIMessage => isTagged(value, "AIMessage")

const isPartial = (value: unknown): value is PartialAIMessage => isTagged(value, "PartialAIMessage")

/** The message of a complete answer. */
const wholeOf = (answer: unknown): AIMessage | undefined =>
  isWhole(answer) ? answer : typeof answer === "string" ? ai(answer) : undefined

/** The message of an answer that is complete although its consumer left before the end. */
const finished = (partial: unknown): AIMessage | undefined => {
  if (!isPartial(partial)) return undefined
  const { finish, ...fields } = partial
  return finish === undefined ? undefined : aiMessage({ ...fields, finish })
}

const partialFinish = { reason: "other", raw: "partial" } as const

/** An incomplete answer as a message that is marked as partial. */
const marked = (partial: unknown): AIMessage | undefined => {
  if (typeof partial === "string") return { ...ai(partial), finish: partialFinish, metadata: { partial: true } }
  if (!isPartial(partial)) return undefined
  const parts = partial.parts.filter(standsAlone)
  return aiMessage({ ...partial, parts, finish: partialFinish, metadata: { ...partial.metadata, partial: true } })
}

/** Whether a part is useful without the rest of its message. */
const standsAlone = (part: AIPart): boolean => part.type === "text" || part.type === "file" || part.type === "refusal"

const isBlankMessage = (message: Message): boolean =>
  message._tag === "AIMessage"
    ? isBlank(message.parts)
    : message._tag !== "ToolMessage" && isBlank(message.content)
