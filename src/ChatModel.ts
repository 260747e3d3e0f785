/**
 * Chat models: one service with one streaming path, the same for every provider.
 *
 * {@link stream} yields the answer chunk by chunk, {@link invoke} returns the fold of that stream, {@link batch} and
 * {@link batchAsCompleted} run many calls. They take the model from the context ({@link ChatModel}). A layer of a
 * provider, such as `Anthropic.layer`, provides it; {@link layer} provides a model of your own.
 *
 * **Details**
 *
 * Every model gives the same guarantees:
 *
 * - A stream succeeds only with exactly one `finish`, on its last chunk. Every other end is a `ChatModelError` with the
 *   message so far in `partial`.
 * - A failure that is worth a retry is retried, but never after the first chunk.
 * - Every phase of a call has a time limit.
 * - Leaving the stream closes its connection.
 *
 * **Example** (Several models in one app)
 *
 * ```ts
 * import { Context, Layer } from "effect"
 * import { ChatModel } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 *
 * class Fast extends Context.Service<Fast, ChatModel.Service>()("app/Fast") {}
 * const FastLive = Layer.effect(Fast, Anthropic.make({ model: "claude-haiku-4-5" }))
 * ```
 *
 * @module
 * @since 0.1.0
 * @stability stable
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import type { StandardSchemaV1 } from "effect/StandardSchema"
import * as Stream from "effect/Stream"
import type { AIMessageChunk } from "./AIMessageChunk.ts"
import type { BatchOptions, CallOptions } from "./CallOptions.ts"
import type { ChatModelError } from "./ChatModelError.ts"
import { streamEvents as streamEventsOf } from "./internal/events/streamEvents.ts"
import type { EventOptions } from "./internal/events/streamEvents.ts"
import type { DeepPartialJson } from "./internal/json/deepPartial.ts"
import type { AnySchema, EffectSchema } from "./internal/jsonSchema/standard.ts"
import { make } from "./internal/model/make.ts"
import type { MakeOptions } from "./internal/model/make.ts"
import type { ChatInput } from "./internal/model/request.ts"
import { runnableOf } from "./internal/model/runnableOf.ts"
import { ChatModel } from "./internal/model/service.ts"
import type { Service } from "./internal/model/service.ts"
import { streamObject as streamObjectOf } from "./internal/object/generate.ts"
import type { GeneratedObject, ObjectChunk, ObjectOptions, ObjectRunnable, Whole } from "./internal/object/types.ts"
import { optional } from "./internal/optional.ts"
import type { OutputParserError } from "./internal/parsers/error.ts"
import { barrier } from "./internal/runnable/make.ts"
import type { Inputs } from "./internal/step/batch.ts"
import { last } from "./internal/step/fold.ts"
import type { ChunkFold } from "./internal/step/fold.ts"
import { collect, fromStream } from "./internal/step/run.ts"
import type { Runnable } from "./internal/step/types.ts"
import { unwrap } from "./internal/stream/unwrap.ts"
import type { AIMessage } from "./Message.ts"
import type { RunEvent, RunEventV1 } from "./RunEvent.ts"

// -----------------------------------------------------------------------------
// models
// -----------------------------------------------------------------------------

export { withDefaults, withSystem } from "./internal/model/defaults.ts"
export { make } from "./internal/model/make.ts"
export type { Generated, MakeOptions } from "./internal/model/make.ts"
export type {
  ChatInput,
  ChatRequest,
  ConnectionMonitor,
  MessageTuple,
  RoleMessage,
  RolePart
} from "./internal/model/request.ts"
export { runnableOf } from "./internal/model/runnableOf.ts"
export type { ModelSource } from "./internal/model/runnableOf.ts"
export { ChatModel } from "./internal/model/service.ts"
export type { Service } from "./internal/model/service.ts"
export { transform } from "./internal/model/transform.ts"
export type { ModelRequest, TransformHooks } from "./internal/model/transform.ts"
export type { EffectWrapper, ModelLayer, Wrapper } from "./internal/model/wrap.ts"

/**
 * Provides a model made by {@link make} as the context's chat model.
 *
 * **Example** (A model with a fixed answer)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatModel } from "rivulet"
 *
 * const Offline = ChatModel.layer({
 *   provider: "offline",
 *   model: "parrot",
 *   generate: () => Effect.succeed({ content: "Hello!" })
 * })
 * ```
 */
export const layer = (options: MakeOptions): Layer.Layer<ChatModel> => Layer.sync(ChatModel, () => make(options))

// -----------------------------------------------------------------------------
// accessors
// -----------------------------------------------------------------------------

/**
 * Streams the answer of the context's model. Leaving the stream closes the connection.
 *
 * **Example** (Printing tokens)
 *
 * ```ts
 * import { Effect, Stream } from "effect"
 * import { ChatModel } from "rivulet"
 *
 * const print = ChatModel.stream("Tell me a joke").pipe(
 *   Stream.runForEach((chunk) => Effect.sync(() => process.stdout.write(chunk.content)))
 * )
 * ```
 */
export const stream = (
  input: ChatInput,
  options?: CallOptions
): Stream.Stream<AIMessageChunk, ChatModelError, ChatModel> =>
  unwrap(Effect.map(ChatModel, (model) => model.stream(input, options)))

/**
 * Returns the whole answer of the context's model. An answer that a token limit ended is not a failure: its `finish` has
 * the reason `length`.
 *
 * **Example** (A question)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatModel } from "rivulet"
 *
 * const capital = ChatModel.invoke("What is the capital of France?", { maxTokens: 50 }).pipe(
 *   Effect.map((message) => message.content)
 * )
 * ```
 */
export const invoke = (input: ChatInput, options?: CallOptions): Effect.Effect<AIMessage, ChatModelError, ChatModel> =>
  Effect.flatMap(ChatModel, (model) => model.invoke(input, options))

/**
 * One answer of the context's model for each input, in the order of the inputs. A failure is the `Result` of its input
 * and stops no other call. At most `concurrency` calls run at the same time, 8 by default; `onProgress` runs after each.
 *
 * **Example** (Answers and failures)
 *
 * ```ts
 * import { Effect, Result } from "effect"
 * import { ChatModel } from "rivulet"
 *
 * const answers = ChatModel.batch(["What is a goldfish?", "What is a koi?"], { concurrency: 2 }).pipe(
 *   Effect.map((results) =>
 *     results.map((result) => Result.isSuccess(result) ? result.success.content : result.failure.message)
 *   )
 * )
 * ```
 */
export const batch = (
  inputs: Inputs<ChatInput>,
  options?: BatchOptions
): Effect.Effect<Array<Result.Result<AIMessage, ChatModelError>>, never, ChatModel> =>
  Effect.flatMap(ChatModel, (model) => model.batch(inputs, options))

/**
 * One answer of the context's model for each input, with the index of the input (from 0), in the order in which they
 * complete. Like {@link batch} it never fails. An input is read and started when there is room for its answer: at most
 * `concurrency` calls run or have an answer that was not read yet.
 *
 * **Example** (Printing answers as they complete)
 *
 * ```ts
 * import { Console, Result, Stream } from "effect"
 * import { ChatModel } from "rivulet"
 *
 * const print = ChatModel.batchAsCompleted(["What is a goldfish?", "What is a koi?"]).pipe(
 *   Stream.runForEach(([index, result]) =>
 *     Console.log(index, Result.isSuccess(result) ? result.success.content : result.failure.message)
 *   )
 * )
 * ```
 */
export const batchAsCompleted = (
  inputs: Inputs<ChatInput>,
  options?: BatchOptions
): Stream.Stream<readonly [index: number, result: Result.Result<AIMessage, ChatModelError>], never, ChatModel> =>
  unwrap(Effect.map(ChatModel, (model) => model.batchAsCompleted(inputs, options)))

/**
 * The context's model as a step of a chain.
 *
 * **Example** (A chain)
 *
 * ```ts
 * import { ChatModel, OutputParser, Runnable } from "rivulet"
 *
 * const answer = Runnable.sequence(ChatModel.runnable, OutputParser.string)
 * ```
 */
export const runnable: Runnable<ChatInput, AIMessage, ChatModelError, ChatModel, AIMessageChunk> = runnableOf(ChatModel)

/**
 * The context's model as a step of a chain, with options for its calls.
 *
 * **Example** (Another temperature for each step)
 *
 * ```ts
 * import { ChatModel, ChatPrompt, Runnable } from "rivulet"
 *
 * const ideas = Runnable.sequence(ChatPrompt.make("Ten names for {pet}"), ChatModel.runnableWith({ temperature: 1 }))
 * const best = Runnable.sequence(ideas, ChatModel.runnableWith({ temperature: 0, maxTokens: 10 }))
 * ```
 */
export const runnableWith = (
  options: CallOptions
): Runnable<ChatInput, AIMessage, ChatModelError, ChatModel, AIMessageChunk> => runnableOf(ChatModel, options)

/**
 * Streams the events of the context's model for one input, as `Runnable.streamEvents` does for a chain. The stream fails
 * as the model does.
 *
 * **Example** (The names of the events)
 *
 * ```ts
 * import { Console, Stream } from "effect"
 * import { ChatModel } from "rivulet"
 *
 * const print = ChatModel.streamEvents("Hi").pipe(
 *   Stream.runForEach((event) => Console.log(event.event, event.run_id))
 * )
 * ```
 */
export const streamEvents: {
  (
    input: ChatInput,
    options: EventOptions & {
      /** The older form of the events. */
      readonly version: "v1"
    }
  ): Stream.Stream<RunEventV1, ChatModelError, ChatModel>
  (input: ChatInput, options?: EventOptions): Stream.Stream<RunEvent, ChatModelError, ChatModel>
} = (input: ChatInput, options?: EventOptions): Stream.Stream<never, ChatModelError, ChatModel> =>
  // The overloads have the types of the two forms.
  streamEventsOf(runnable, input, options) as Stream.Stream<never, ChatModelError, ChatModel>

// -----------------------------------------------------------------------------
// objects
// -----------------------------------------------------------------------------

export type {
  GeneratedObject,
  ObjectChunk,
  ObjectMethod,
  ObjectOptions,
  ObjectRunnable
} from "./internal/object/types.ts"

/**
 * Lets the context's model produce a value of a schema. It returns the last element of {@link streamObject}.
 *
 * **Details**
 *
 * - Every schema with a JSON form works: dates, bigints, maps, unions, optional keys, transformations and recursion
 *   included. So does a Standard Schema with a JSON Schema (zod, valibot, arktype); the value is its output.
 * - A schema without a JSON form, or a `method` that the model does not support, fails with `UnsupportedError` before a
 *   request is made.
 * - An answer that is not a value of the schema fails with `OutputParserError`. Its reason is `Mismatch`, `Malformed` (no
 *   JSON, no tool call), `CutOff` (by a token limit) or `Refusal`.
 *
 * For a model with a tag of your own use {@link object}.
 *
 * **Example** (A recipe)
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { ChatModel } from "rivulet"
 *
 * const Recipe = Schema.Struct({
 *   name: Schema.String,
 *   minutes: Schema.Int.annotate({ description: "Time in the kitchen, in minutes" }),
 *   steps: Schema.Array(Schema.String)
 * })
 *
 * const steps = ChatModel.generateObject("A recipe for soup", { schema: Recipe }).pipe(
 *   Effect.map(({ value, usage }) => [value.steps, usage?.totalTokens])
 * )
 * ```
 */
export function generateObject<S extends StandardSchemaV1>(
  input: ChatInput,
  options: ObjectOptions<S>
): Effect.Effect<
  GeneratedObject<StandardSchemaV1.InferOutput<S>>,
  ChatModelError | OutputParserError,
  ChatModel
>
export function generateObject<S extends Schema.Constraint>(
  input: ChatInput,
  options: ObjectOptions<S>
): Effect.Effect<
  GeneratedObject<S["Type"]>,
  ChatModelError | OutputParserError,
  ChatModel | S["DecodingServices"]
>
export function generateObject(
  input: ChatInput,
  options: ObjectOptions<AnySchema>
): Effect.Effect<GeneratedObject<unknown>, ChatModelError | OutputParserError, unknown> {
  return Effect.map(
    // The last element is the whole.
    collect(fromStream(objectChunks(input, options), last as () => ChunkFold<unknown, Whole<unknown>>)),
    ({ message, usage, value }) => ({ value, message, ...optional("usage", usage) })
  )
}

/**
 * Streams a value of a schema while the context's model writes it: partial values, and at the end the whole value. It
 * fails as {@link generateObject} does.
 *
 * **Example** (A recipe that fills in)
 *
 * ```ts
 * import { Console, Schema, Stream } from "effect"
 * import { ChatModel } from "rivulet"
 *
 * const Recipe = Schema.Struct({ name: Schema.String, steps: Schema.Array(Schema.String) })
 *
 * const print = ChatModel.streamObject("A recipe for soup", { schema: Recipe }).pipe(
 *   Stream.runForEach((chunk) =>
 *     chunk._tag === "Partial"
 *       ? Console.log(chunk.value.name, chunk.value.steps?.length)
 *       : Console.log("done", chunk.value.steps.length, chunk.usage?.outputTokens)
 *   )
 * )
 * ```
 */
export function streamObject<S extends StandardSchemaV1>(
  input: ChatInput,
  options: ObjectOptions<S>
): Stream.Stream<
  ObjectChunk<StandardSchemaV1.InferOutput<S>, DeepPartialJson<StandardSchemaV1.InferInput<S>>>,
  ChatModelError | OutputParserError,
  ChatModel
>
export function streamObject<S extends Schema.Constraint>(
  input: ChatInput,
  options: ObjectOptions<S>
): Stream.Stream<
  ObjectChunk<S["Type"], DeepPartialJson<S["Encoded"]>>,
  ChatModelError | OutputParserError,
  ChatModel | S["DecodingServices"]
>
export function streamObject(
  input: ChatInput,
  options: ObjectOptions<AnySchema>
): Stream.Stream<ObjectChunk<unknown, unknown>, ChatModelError | OutputParserError, unknown> {
  return objectChunks(input, options)
}

const objectChunks = (input: ChatInput, options: ObjectOptions<AnySchema>) =>
  unwrap(Effect.map(ChatModel, (model) => streamObjectOf(model, input, options)))

/**
 * {@link streamObject} as a step of a chain, with the context's model or a given one. It streams partial values, and at
 * the end the whole value.
 *
 * **Example** (A prompt and an object)
 *
 * ```ts
 * import { Schema } from "effect"
 * import { ChatModel, ChatPrompt, Runnable } from "rivulet"
 *
 * const Recipe = Schema.Struct({ name: Schema.String, steps: Schema.Array(Schema.String) })
 *
 * const recipe = Runnable.sequence(
 *   ChatPrompt.make("A recipe for {dish}"),
 *   ChatModel.object({ schema: Recipe })
 * )
 * const soup = recipe.invoke({ dish: "soup" })
 * ```
 */
export const object: {
  <S extends StandardSchemaV1>(options: ObjectOptions<S>): ObjectRunnable<EffectSchema<S>, ChatModel>
  <S extends StandardSchemaV1>(model: Service, options: ObjectOptions<S>): ObjectRunnable<EffectSchema<S>, never>
  <S extends Schema.Constraint>(options: ObjectOptions<S>): ObjectRunnable<S, ChatModel>
  <S extends Schema.Constraint>(model: Service, options: ObjectOptions<S>): ObjectRunnable<S, never>
} = <S extends Schema.Constraint>(
  ...args: readonly [ObjectOptions<AnySchema>] | readonly [Service, ObjectOptions<AnySchema>]
): ObjectRunnable<S, never> => {
  const run = args.length === 1
    ? (input: ChatInput) => objectChunks(input, args[0])
    : (input: ChatInput) => streamObjectOf(args[0], input, args[1])
  return barrier({
    type: "chain",
    name: "GenerateObject",
    fold: last,
    run: (input: ChatInput) => Stream.map(run(input), (chunk) => chunk.value)
    // Only the form that takes the model from the context needs it, as the overloads say; the last chunk is the value.
  }) as ObjectRunnable<S, never>
}
