/**
 * A chat model that says what a test tells it to, and remembers what it was asked.
 *
 * It is a real model in all but the provider: retries, time limits, `partial` and cancellation are those of every
 * model. Delays follow the `Clock`, so a test with `TestClock` decides when time passes.
 */
import * as Context from "effect/Context"
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
import type { Message } from "../Message.ts"
import type { Usage } from "../Usage.ts"
import { words } from "./server/words.ts"

// -----------------------------------------------------------------------------
// scripts
// -----------------------------------------------------------------------------

/** One thing the model does. */
export type Step =
  | { readonly _tag: "Chunk"; readonly chunk: AIMessageChunk }
  | { readonly _tag: "Delay"; readonly duration: Duration.Input }
  | { readonly _tag: "Fail"; readonly reason: Reason }
  | { readonly _tag: "Stall" }

/** What the model does for one request: its steps in order. Without a {@link finish} the answer is cut off. */
export type Reply = ReadonlyArray<Step>

/**
 * Emits a chunk as it is.
 *
 * **Example** (A token, and the end)
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
 * Waits.
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
 * Fails.
 *
 * **Example** (Too busy once, which is retried)
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
 * Says nothing more until the consumer leaves.
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
 * Emits the last chunk of an answer.
 *
 * **Example** (An answer that was too long)
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
  options?: { readonly usage?: Usage | undefined; readonly raw?: string | undefined }
): Step =>
  chunk({
    ...empty,
    finish: { reason, raw: options?.raw ?? reason },
    ...(options?.usage === undefined ? undefined : { usage: options.usage })
  })

/** How a reply is told. */
export interface ReplyOptions {
  readonly usage?: Usage | undefined
  readonly finish?: Finish["reason"] | undefined
  /** Time before each chunk. */
  readonly delay?: Duration.Input | undefined
}

/**
 * A whole answer in text, cut into words or as given.
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
  told((typeof content === "string" ? words(content) : content).map((token) => textChunk(token)), "stop", options)

/**
 * A whole answer that calls tools, after some text if there is any. The arguments come in slices.
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
  calls: ReadonlyArray<{ readonly name: string; readonly args: Schema.Json; readonly id?: string | undefined }>,
  options?: ReplyOptions & { readonly text?: string | undefined }
): Reply => {
  const before = options?.text === undefined ? [] : words(options.text).map((token) => textChunk(token))
  const first = before.length === 0 ? 0 : 1
  const chunks = calls.flatMap(({ args, id, name }, i) => callChunks(first + i, id ?? `call_${i + 1}`, name, args))
  return told([...before, ...chunks], "tool_calls", options)
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

const told = (chunks: ReadonlyArray<AIMessageChunk>, reason: Finish["reason"], options?: ReplyOptions): Reply => [
  ...chunks.flatMap((each) => options?.delay === undefined ? [chunk(each)] : [delay(options.delay), chunk(each)]),
  finish(options?.finish ?? reason, { usage: options?.usage })
]

// -----------------------------------------------------------------------------
// the model
// -----------------------------------------------------------------------------

/** One request, as the model saw it. A retry is a request of its own. */
export interface Call {
  readonly messages: ReadonlyArray<Message>
  readonly options: CallOptions
  /** `open` as long as it runs; `left` when the consumer went before the end. */
  readonly state: "open" | "done" | "failed" | "left"
}

/**
 * What a test asks the model afterwards.
 *
 * **Example** (What the model was asked)
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
  readonly model: Service
  /** All requests so far, in order. */
  readonly calls: Effect.Effect<ReadonlyArray<Call>>
}>()("rivulet/testing/ScriptedChatModel") {}

/** Replies one by one, or a function that makes the reply to each request. */
export type Replies = ReadonlyArray<Reply> | ((request: ChatRequest) => Reply)

/** How the model presents itself. */
export interface Options {
  readonly provider?: string | undefined
  readonly model?: string | undefined
  /** Options for every call; `maxRetries` for one. */
  readonly options?: CallOptions | undefined
  /** What it says it can do; everything by default, as a script can hold anything. */
  readonly capabilities?: Partial<Capabilities> | undefined
}

/**
 * Makes a scripted model. A request for which no reply is left fails with `UnknownError`, which says so.
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

  const stream = (request: ChatRequest) =>
    Stream.suspend(() => {
      const index = calls.push({ messages: request.messages, options: request.options, state: "open" }) - 1
      const settle = (state: Call["state"]) =>
        Effect.sync(() => {
          const call = calls[index]
          if (call?.state === "open") calls[index] = { ...call, state }
        })
      const reply = typeof replies === "function" ? replies(request) : replies[index] ?? [nothingLeft(index)]
      request.connection.connected()
      return Stream.fromIterable(reply, { chunkSize: 1 }).pipe(
        Stream.flatMap(play),
        Stream.onEnd(settle("done")),
        Stream.tapError(() => settle("failed")),
        // Whatever it was that closed a stream which is neither done nor failed, it was not the model.
        Stream.ensuring(settle("left"))
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
    calls: Effect.sync(() => calls.slice())
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
 * The context's chat model, scripted, and its {@link ScriptedChatModel} for what it was asked.
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
  Layer.effectContext(Effect.sync(() => {
    const scripted = make(replies, options)
    return Context.make(ScriptedChatModel, scripted).pipe(Context.add(ChatModel, scripted.model))
  }))
