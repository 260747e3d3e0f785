import * as Array from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import * as Stream from "effect/Stream"
import type { ToolMessage } from "../../Message.ts"
import { watch } from "../events/watch.ts"
import { restore } from "../jsonSchema/restore.ts"
import { bounded } from "../parsers/error.ts"
import { makeRunnable } from "../runnable/make.ts"
import { last } from "../step/fold.ts"
import { fromStream, single, toStream } from "../step/run.ts"
import type { Runnable } from "../step/types.ts"
import type { ChunkPull, Opener, StepInfo } from "../step/types.ts"
import type { Implementation, Output } from "./any.ts"
import { parametersOf } from "./parameters.ts"

/** A schema that needs no services. */
export type Codec = Schema.ConstraintCodec<unknown, unknown>

/** What a handler is told of the call it answers. */
export interface CallInfo {
  /** The id of the call, the same when its run is resumed. Undefined when the tool is run as a step of its own. */
  readonly id: string | undefined
}

/** What a tool gives: a value, or values of which the last is the result. */
export type Handled<A, E, R> = Effect.Effect<A, E, R> | Stream.Stream<A, E, R>

// How the effect or the stream of a handler, of one kind or of several, can fail and what it needs.
export type ErrorOf<Made> = Made extends Handled<unknown, infer E, unknown> ? E : never
export type ServicesOf<Made> = Made extends Handled<unknown, unknown, infer R> ? R : never

/** What a tool is made of. */
export interface Spec<Parameters, A, E, R> {
  readonly name: string
  readonly parameters: Codec
  readonly success: Codec
  readonly failure: Codec
  readonly handler: (parameters: Parameters, call: CallInfo) => Handled<A, E, R>
  readonly toModelOutput: ((result: A) => ToolMessage["content"]) | undefined
}

/** A tool as a step. */
export const stepOf = <Parameters, A, E, R>(spec: Spec<Parameters, A, E, R>): Runnable<Parameters, A, E, R> =>
  makeRunnable(
    infoOf(spec),
    (parameters: Parameters) => openTool(spec, parameters, { id: undefined })
  )

/** A tool as what runs a model's calls. `Told` are the failures that have a schema. */
export const implementationOf = <Parameters, A, E, R, Told>(
  spec: Spec<Parameters, A, E, R>
): Implementation<A, Exclude<E, Told>, R> => {
  const { toModelOutput } = spec
  let asked: ReturnType<typeof parametersOf> | undefined
  const parameters = () => asked ??= parametersOf(spec.parameters)
  const decode = Schema.decodeUnknownEffect(Schema.toCodecJson(spec.parameters), { errors: "all" })
  const encode = SchemaAST.isVoid(spec.success.ast)
    ? () => Effect.succeed("") // what a value is that counts as none
    : Schema.encodeUnknownEffect(Schema.toCodecJson(spec.success))
  const encodeFailure = Schema.encodeUnknownEffect(Schema.toCodecJson(spec.failure))
  const isTold = Schema.is(spec.failure)

  /** A model that must name every key says null for those that may be left out. */
  const restored = (args: Schema.Json): unknown =>
    Result.match(parameters(), {
      onSuccess: ({ object, schema }) => restore(restore(args, object), schema),
      onFailure: () => args
    })

  const result = (value: A): Effect.Effect<Output<A>> =>
    Effect.map(
      toModelOutput === undefined ? contentOf(value, encode) : Effect.sync(() => toModelOutput(value)),
      (content) => ({ _tag: "Result", value, content })
    )

  const failure = (error: unknown): Effect.Effect<Output<A>> =>
    Effect.map(contentOf(error, encodeFailure), (content) => ({ _tag: "Failure", content }))

  const progress = (value: A): Output<A> => ({ _tag: "Progress", value })

  /** The values of a handler that streams as progress, and then the result. */
  const outputs = (parameters: Parameters, call: CallInfo): Stream.Stream<Output<A>, Exclude<E, Told>, R> =>
    toStream<Output<A>, Output<A>, E, R>((scope) =>
      Effect.map(openTool(spec, parameters, call)(scope), (run) => {
        const fold = run.fold()
        let over = false
        const next: ChunkPull<Output<A>, E, R> = Effect.suspend((): ChunkPull<Output<A>, E, R> =>
          over ? Cause.done() : Pull.matchEffect(run.pull, {
            onSuccess: (values) => {
              fold.add(values)
              return run.single === true ? next : Effect.succeed(Array.map(values, progress))
            },
            onDone: () => {
              over = true
              return Effect.map(Effect.suspend(() => result(fold.done())), Array.of)
            },
            onFailure: Effect.failCause
          })
        )
        return { pull: next, fold: () => last<Output<A>>() }
      })
    ).pipe(Stream.catchIf(
      // The type that the schema tells apart.
      (error: E): error is E & Told => isTold(error),
      (error) => Stream.fromEffect(failure(error))
    )) as Stream.Stream<Output<A>, Exclude<E, Told>, R> // E without those of E & Told

  return {
    parameters: () =>
      Result.mapBoth(parameters(), {
        onSuccess: ({ object }) => object,
        onFailure: ({ message, path }) => path === "" ? message : `${path}: ${message}`
      }),
    open: ({ args, id }) =>
      Effect.mapBoth(decode(restored(args)), {
        onSuccess: (parameters) => outputs(parameters as Parameters, { id }), // the type of their schema
        onFailure: ({ message }) =>
          `The arguments do not fit the schema.\n${bounded(message.replaceAll(noNumber, "Expected number"), mostTold)}`
      })
  }
}

/** How Effect turns down what should be a number: JSON has none that is infinite, so it offers these as texts. */
const noNumber = Result.match(Schema.decodeUnknownResult(Schema.toCodecJson(Schema.Number))(""), {
  onSuccess: String,
  onFailure: ({ message }) => message
})

/** The most characters a model is told of what is wrong with its arguments: enough for a score of places. */
const mostTold = 2000

const infoOf = ({ name }: { readonly name: string }): StepInfo => ({ type: "tool", name, events: { stream: "ifMany" } })

/** One run of a tool. */
const openTool = <Parameters, A, E, R>(
  spec: Spec<Parameters, A, E, R>,
  parameters: Parameters,
  call: CallInfo
): Opener<A, A, E, R> =>
  watch(infoOf(spec), parameters, (scope) =>
    Effect.suspend((): ReturnType<Opener<A, A, E, R>> => {
      const made = spec.handler(parameters, call)
      return Stream.isStream(made)
        ? fromStream(atLeastOne(spec.name, made), () => last<A>())(scope)
        : Effect.succeed(single(made))
    }))

const atLeastOne = <A, E, R>(name: string, stream: Stream.Stream<A, E, R>): Stream.Stream<A, E, R> =>
  Stream.orElseIfEmpty(stream, () => Stream.die(new TypeError(`The tool ${name} has ended without a result`)))

/** A value as a model is told it: text as it is, anything else as JSON; nothing for what has no value. */
const contentOf = (value: unknown, encode: (value: unknown) => Effect.Effect<unknown, Schema.SchemaError>) =>
  value === undefined
    ? Effect.succeed("")
    // What the handler gives has the schema's type; a value that does not fit is a mistake in it.
    : Effect.map(Effect.orDie(encode(value)), (json) => typeof json === "string" ? json : JSON.stringify(json))
