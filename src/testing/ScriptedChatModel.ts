/**
 * A chat model that plays scripted replies and records its requests.
 *
 * **Details**
 *
 * Only the provider is replaced. Retries, time limits, `partial` and cancellation are those of every model. Delays use
 * the `Clock`, so a test with `TestClock` controls the time.
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { empty, text as textChunk } from "../AIMessageChunk.ts"
import type { AIMessageChunk, Delta } from "../AIMessageChunk.ts"
import type { CallOptions } from "../CallOptions.ts"
import type { Capabilities } from "../Capabilities.ts"
import { ChatModel, make as makeChatModel } from "../ChatModel.ts"
import type { ChatRequest, Service } from "../ChatModel.ts"
import { ChatModelError, UnknownError } from "../ChatModelError.ts"
import type { Reason } from "../ChatModelError.ts"
import type { Finish } from "../Finish.ts"
import { checkedNumber } from "../internal/defects.ts"
import type { Message } from "../Message.ts"
import type { Usage } from "../Usage.ts"
import { words } from "./server/words.ts"

// -----------------------------------------------------------------------------
// scripts
// -----------------------------------------------------------------------------

/** One step of a reply. */
export type Step =
  | {
    readonly _tag: "Chunk"
    /** The chunk to emit. */
    readonly chunk: AIMessageChunk
  }
  | {
    readonly _tag: "Delay"
    /** How long to wait, by the `Clock`. */
    readonly duration: Duration.Input
  }
  | {
    readonly _tag: "Fail"
    /** The reason of the failure. */
    readonly reason: Reason
  }
  | { readonly _tag: "Stall" }

/** The steps of the model for one request, in order. Without a {@link finish} the answer is truncated. */
export type Reply = ReadonlyArray<Step>

/**
 * Emits a chunk.
 *
 * **Example** (One token and the finish)
 *
 * ```ts
 * import { AIMessageChunk } from "rivulet"
 * import * as Testing from "rivulet/Testing"
 *
 * const { chunk, finish, layer } = Testing.ScriptedChatModel
 * const Model = layer([[chunk(AIMessageChunk.text("Hello")), finish()]])
 * ```
 */
export const chunk = (chunk: AIMessageChunk): Step => ({ _tag: "Chunk", chunk })

/**
 * Waits on the `Clock`. A number is in milliseconds.
 *
 * **Example** (A slow start)
 *
 * ```ts
 * import * as Testing from "rivulet/Testing"
 *
 * const { delay, layer, text } = Testing.ScriptedChatModel
 * const Model = layer([[delay("5 seconds"), ...text("Hello world")]])
 * ```
 */
export const delay = (duration: Duration.Input): Step => ({ _tag: "Delay", duration })

/**
 * Fails with this reason.
 *
 * **Example** (An overloaded model, which is retried)
 *
 * ```ts
 * import { ChatModelError } from "rivulet"
 * import * as Testing from "rivulet/Testing"
 *
 * const { fail, layer, text } = Testing.ScriptedChatModel
 * const Model = layer([[fail(new ChatModelError.OverloadedError({ message: "Too busy" }))], text("Hello")])
 * ```
 */
export const fail = (reason: Reason): Step => ({ _tag: "Fail", reason })

/**
 * Emits nothing more until the consumer interrupts the stream.
 *
 * **Example** (Silence in the middle of the answer)
 *
 * ```ts
 * import * as Testing from "rivulet/Testing"
 *
 * const { layer, stall, text } = Testing.ScriptedChatModel
 * const Model = layer([[...text("Hello").slice(0, -1), stall]])
 * ```
 */
export const stall: Step = { _tag: "Stall" }

/**
 * Emits the last chunk of an answer. The reason defaults to `stop`, and `raw` to the reason.
 *
 * **Example** (An answer that a token limit cuts off)
 *
 * ```ts
 * import { AIMessageChunk } from "rivulet"
 * import * as Testing from "rivulet/Testing"
 *
 * const { chunk, finish, layer } = Testing.ScriptedChatModel
 * const Model = layer([[chunk(AIMessageChunk.text("Once upon")), finish("length", { raw: "max_tokens" })]])
 * ```
 */
export const finish = (
  reason: Finish["reason"] = "stop",
  options?: {
    /** The usage of the answer. Default: none. */
    readonly usage?: Usage | undefined
    /** The provider's own word for the reason. Default: `reason`. */
    readonly raw?: string | undefined
  }
): Step =>
  chunk({
    ...empty,
    finish: { reason, raw: options?.raw ?? reason },
    ...(options?.usage === undefined ? undefined : { usage: options.usage })
  })

/** Options of a reply. */
export interface ReplyOptions {
  /** The usage in the last chunk. Default: none. */
  readonly usage?: Usage | undefined
  /** The reason of the finish. Default: `stop` for a text, `tool_calls` for calls. */
  readonly finish?: Finish["reason"] | undefined
  /** The time before each chunk. A number is in milliseconds. Default: none. */
  readonly delay?: Duration.Input | undefined
}

/**
 * A complete text answer. A string is cut into words; a list has one chunk for each item.
 *
 * **Example** (Two answers, the second one slow)
 *
 * ```ts
 * import * as Testing from "rivulet/Testing"
 *
 * const Model = Testing.ScriptedChatModel.layer([
 *   Testing.ScriptedChatModel.text("Hello world"),
 *   Testing.ScriptedChatModel.text(["Good", "bye"], { delay: "1 second" })
 * ])
 * ```
 */
export const text = (content: string | ReadonlyArray<string>, options?: ReplyOptions): Reply =>
  replyOf((typeof content === "string" ? words(content) : content).map((token) => textChunk(token)), "stop", options)

/**
 * A complete answer that calls tools, after `text` if it is given. The arguments are streamed in slices.
 *
 * **Example** (A call, and the answer to its result)
 *
 * ```ts
 * import * as Testing from "rivulet/Testing"
 *
 * const { layer, text, toolCalls } = Testing.ScriptedChatModel
 * const Model = layer([
 *   toolCalls([{ name: "weather", args: { city: "Bern" } }], { text: "Let me look." }),
 *   text("It is sunny in Bern.")
 * ])
 * ```
 */
export const toolCalls = (
  calls: ReadonlyArray<{
    /** The name of the tool. */
    readonly name: string
    /** The arguments. */
    readonly args: Schema.Json
    /** The id of the call. Default: `call_` and its position, from 1. */
    readonly id?: string | undefined
  }>,
  options?: ReplyOptions & {
    /** The text before the calls, cut into words. Default: none. */
    readonly text?: string | undefined
  }
): Reply => {
  const before = options?.text === undefined ? [] : words(options.text).map((token) => textChunk(token))
  const first = before.length === 0 ? 0 : 1
  const chunks = calls.flatMap(({ args, id, name }, i) => callChunks(first + i, id ?? `call_${i + 1}`, name, args))
  return replyOf([...before, ...chunks], "tool_calls", options)
}

const callChunks = (index: number, id: string, name: string, args: Schema.Json): ReadonlyArray<AIMessageChunk> => {
  const json = JSON.stringify(args)
  const half = Math.ceil(json.length / 2)
  const deltas: ReadonlyArray<Delta> = [
    { type: "tool_call", index, id, name, args: "" },
    { type: "tool_call", index, args: json.slice(0, half) },
    { type: "tool_call", index, args: json.slice(half) },
    { type: "tool_call", index, args: "", end: true }
  ]
  return deltas.map((delta) => ({ ...empty, parts: [delta] }))
}

const replyOf = (chunks: ReadonlyArray<AIMessageChunk>, reason: Finish["reason"], options?: ReplyOptions): Reply => [
  ...chunks.flatMap((each) => options?.delay === undefined ? [chunk(each)] : [delay(options.delay), chunk(each)]),
  finish(options?.finish ?? reason, { usage: options?.usage })
]

// -----------------------------------------------------------------------------
// the model
// -----------------------------------------------------------------------------

/** One request that the model received. A retry is a request of its own. */
export interface Call {
  /** The messages of the request. */
  readonly messages: ReadonlyArray<Message>
  /** The options of the request, with those of the model. */
  readonly options: CallOptions
  /** `open` while the reply plays, `interrupted` if the consumer ended it. */
  readonly state: "open" | "done" | "failed" | "interrupted"
}

/**
 * The service of a scripted model: the model, and the requests that it received.
 *
 * **Example** (The messages of a request)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatModel } from "rivulet"
 * import * as Testing from "rivulet/Testing"
 *
 * const test = Effect.gen(function*() {
 *   yield* ChatModel.invoke("Hi")
 *   const { calls } = yield* Testing.ScriptedChatModel.ScriptedChatModel
 *   return (yield* calls).map((call) => call.messages.length) // [1]
 * }).pipe(Effect.provide(Testing.ScriptedChatModel.layer([Testing.ScriptedChatModel.text("Hello")])))
 * ```
 */
export class ScriptedChatModel extends Context.Service<ScriptedChatModel, {
  /** The model. */
  readonly model: Service
  /** All requests so far, in order. */
  readonly calls: Effect.Effect<ReadonlyArray<Call>>
  /**
   * Waits until the model has received this many requests, and returns the last of these. The first request is number 1.
   * For tests that start a chain and then move the clock.
   */
  readonly awaitCall: (n: number) => Effect.Effect<Call>
}>()("rivulet/testing/ScriptedChatModel") {}

/** The replies to the requests, in order, or a function that returns the reply to each request. */
export type Replies = ReadonlyArray<Reply> | ((request: ChatRequest) => Reply)

/** Options of a scripted model. */
export interface Options {
  /** The name of the provider. Default: `scripted`. */
  readonly provider?: string | undefined
  /** The name of the model. Default: `scripted`. */
  readonly model?: string | undefined
  /** Options of every call, for example `maxRetries`. Default: none. */
  readonly options?: CallOptions | undefined
  /** The declared capabilities. Default: all, because a script can hold anything. */
  readonly capabilities?: Partial<Capabilities> | undefined
}

/**
 * Makes a scripted model. A request without a reply fails with `UnknownError`.
 *
 * **Example** (A model without a layer)
 *
 * ```ts
 * import { Effect } from "effect"
 * import * as Testing from "rivulet/Testing"
 *
 * const scripted = Testing.ScriptedChatModel.make([Testing.ScriptedChatModel.text("Hello world")])
 * const test = Effect.andThen(scripted.model.invoke("Hi"), scripted.calls)
 * ```
 */
export const make = (replies: Replies, options?: Options): ScriptedChatModel["Service"] => {
  const calls: Array<Call> = []
  const waiting = new Map<number, Deferred.Deferred<void>>()
  const awaitCall = Effect.fnUntraced(function*(n: number) {
    checkedNumber("awaitCall: n", n, 1)
    if (calls.length < n) {
      const made = waiting.get(n) ?? Deferred.makeUnsafe<void>()
      waiting.set(n, made)
      yield* Deferred.await(made)
    }
    // The model goes on to the first step of its reply before the test does.
    yield* Effect.yieldNow
    return calls[n - 1]!
  })
  const provider = options?.provider ?? "scripted"
  const name = options?.model ?? "scripted"
  const failure = (reason: Reason) => new ChatModelError({ provider, model: name, reason })

  const play = (step: Step): Stream.Stream<AIMessageChunk, ChatModelError> => {
    switch (step._tag) {
      case "Chunk":
        return Stream.succeed(step.chunk)
      case "Delay":
        return Stream.fromEffectDrain(Effect.sleep(step.duration))
      case "Fail":
        return Stream.fail(failure(step.reason))
      case "Stall":
        return Stream.never
    }
  }

  /** Each chunk is an array of its own, as if it were a network read. A reply of chunks only needs no stream for each. */
  const playAll = (reply: Reply): Stream.Stream<AIMessageChunk, ChatModelError> => {
    const chunks = reply.flatMap((step) => step._tag === "Chunk" ? [step.chunk] : [])
    return chunks.length === reply.length
      ? Stream.fromIterable(chunks, { chunkSize: 1 })
      : Stream.flatMap(Stream.fromIterable(reply, { chunkSize: 1 }), play)
  }

  const stream = (request: ChatRequest) =>
    Stream.suspend(() => {
      const index = calls.push({ messages: request.messages, options: request.options, state: "open" }) - 1
      const awaited = waiting.get(index + 1)
      if (awaited !== undefined) Deferred.doneUnsafe(awaited, Effect.void)
      const settle = (state: Call["state"]) =>
        Effect.sync(() => {
          const call = calls[index]
          if (call?.state === "open") calls[index] = { ...call, state }
        })
      const reply = typeof replies === "function" ? replies(request) : replies[index] ?? [nothingLeft(index)]
      request.connection.connected()
      return playAll(reply).pipe(
        Stream.onEnd(settle("done")),
        Stream.tapError(() => settle("failed")),
        // A stream that is closed before its end and without a failure was closed by its consumer.
        Stream.ensuring(settle("interrupted"))
      )
    })

  return ScriptedChatModel.of({
    model: makeChatModel({
      provider,
      model: name,
      options: options?.options,
      capabilities: options?.capabilities ?? everything,
      stream
    }),
    calls: Effect.sync(() => calls.slice()),
    awaitCall
  })
}

const everything: Capabilities = {
  tokenStreaming: true,
  tools: true,
  parallelToolCalls: true,
  streamedToolArguments: true,
  structuredOutput: true,
  imageInput: true,
  imageOutput: true,
  fileInput: true,
  reasoning: true,
  citations: true,
  streamedUsage: true,
  promptCaching: true,
  serverTools: true
}

const nothingLeft = (index: number): Step =>
  fail(new UnknownError({ message: `The script has no reply for request ${index + 1}` }))

/**
 * Provides a scripted model as the context's chat model, and {@link ScriptedChatModel} to read its requests.
 *
 * **Example** (A reply that depends on the request)
 *
 * ```ts
 * import * as Testing from "rivulet/Testing"
 *
 * const Model = Testing.ScriptedChatModel.layer(({ messages }) =>
 *   Testing.ScriptedChatModel.text(`You said ${messages.length} things`)
 * )
 * ```
 */
export const layer = (replies: Replies, options?: Options): Layer.Layer<ChatModel | ScriptedChatModel> =>
  layerOf(() => make(replies, options))

/**
 * Provides the model that a function makes, and its requests.
 *
 * @internal
 */
export const layerOf = (make: () => ScriptedChatModel["Service"]): Layer.Layer<ChatModel | ScriptedChatModel> =>
  Layer.effectContext(Effect.sync(() => {
    const scripted = make()
    return Context.make(ScriptedChatModel, scripted).pipe(Context.add(ChatModel, scripted.model))
  }))
