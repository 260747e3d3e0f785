/**
 * The implementation of `Tool.make`: a tool as a step, and as the runner of a model's calls. Only `Tool` calls it. It
 * must not import agents. The JSON Schema of the parameters is made on first use.
 */
import * as Array from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import * as Scope from "effect/Scope"
import type { StandardSchemaV1 } from "effect/StandardSchema"
import * as Stream from "effect/Stream"
import type { InvalidToolCall, ToolCall, ToolMessage } from "../../Message.ts"
import { withRun } from "../events/currentRun.ts"
import { watch } from "../events/watch.ts"
import { excerpt, nameOf } from "../excerpt.ts"
import { bigintsIn, exactArgs, integerTooLong } from "../json/limits.ts"
import { requiresKeys } from "../jsonSchema/nodes.ts"
import { restore } from "../jsonSchema/restore.ts"
import type { StandardCodec } from "../jsonSchema/standard.ts"
import { lazy } from "../lazy.ts"

import { makeRunnable } from "../runnable/make.ts"
import { last } from "../step/fold.ts"
import { collect, fromStream, observed, single, toStream } from "../step/run.ts"
import type { Runnable } from "../step/types.ts"
import type { ChunkPull, Opener, StepInfo } from "../step/types.ts"
import type { Implementation, Output } from "./any.ts"
import { parametersOf } from "./parameters.ts"

/** A schema that needs no services. */
export type Codec = Schema.ConstraintCodec<unknown, unknown>

/** A schema of parameters or results: a {@link Codec}, or a Standard Schema (zod, valibot, arktype). */
export type AnyCodec = Codec | StandardSchemaV1

/** The codec of the schema of parameters or results. */
export type CodecOf<S extends AnyCodec> = S extends Codec ? S
  : S extends StandardSchemaV1 ? StandardCodec<S>
  : never

/** The result of a handler, by the schema of results. A Standard Schema may transform it, so this is its input. */
export type Returned<S extends AnyCodec> = S extends Codec ? S["Type"]
  : S extends StandardSchemaV1 ? StandardSchemaV1.InferInput<S>
  : never

/** Information for a handler about the call that it answers. */
export interface CallInfo {
  /** Aborted when the call ends or is interrupted. For handlers that return a promise. */
  readonly signal: AbortSignal
  /** The id of the call, which stays the same when its run is resumed; `undefined` when the tool runs as a step. */
  readonly id: string | undefined
}

/** The return type of a handler: the result, a promise or an effect of it, or a stream whose last value is the result. */
export type HandlerResult<A, E, R> = A | PromiseLike<A> | Effect.Effect<A, E, R> | Stream.Stream<A, E, R>

type Running<E, R> = Effect.Effect<unknown, E, R> | Stream.Stream<unknown, E, R>

// The failures and the services of a handler. An error that a function throws, or that a promise rejects with, is a
// failure if the schema of the failures describes it.
export type ErrorOf<Made, Failure> = Made extends Running<infer E, unknown> ? E : Failure
export type ServicesOf<Made> = Made extends Running<unknown, infer R> ? R : never

/** The options of a tool with all defaults filled in. */
export interface ToolSpec<Parameters, A, E, R> {
  readonly name: string
  readonly parameters: Codec
  readonly success: Codec
  readonly failure: Codec
  readonly handler: (parameters: Parameters, call: CallInfo) => HandlerResult<A, E, R>
  /**
   * Makes a result of a value of the handler, which then has the input type of a Standard Schema and not yet `A`.
   * Undefined if it is the result already.
   */
  readonly accept: ((given: unknown) => Effect.Effect<A>) | undefined
  /** Whether the model is told a failure. */
  readonly isReported: (error: unknown) => boolean
  readonly toModelOutput: ((result: A) => ToolMessage["content"]) | undefined
}

/** A tool as a step. */
export const stepOf = <Parameters, A, E, R>(spec: ToolSpec<Parameters, A, E, R>): Runnable<Parameters, A, E, R> =>
  makeRunnable(
    infoOf(spec),
    (parameters: Parameters) => openTool(spec, parameters, undefined)
  )

/** A tool as the runner of a model's calls. `Reported` are the failures with a schema, which the model is told. */
export const implementationOf = <Parameters, A, E, R, Reported>(
  spec: ToolSpec<Parameters, A, E, R>
): Implementation<A, Exclude<E, Reported>, R> => {
  const { toModelOutput } = spec
  let cached: ReturnType<typeof parametersOf> | undefined
  const parameters = () => cached ??= parametersOf(spec.parameters)
  const decode = Schema.decodeUnknownEffect(Schema.toCodecJson(spec.parameters), { errors: "all" })
  const encode = SchemaAST.isVoid(spec.success.ast)
    ? () => Effect.succeed("") // a tool without a result
    : Schema.encodeUnknownEffect(Schema.toCodecJson(spec.success))
  const encodeFailure = Schema.encodeUnknownEffect(Schema.toCodecJson(spec.failure))

  /** Mends what models write other than the schema says. */
  const restored = (args: unknown): unknown =>
    Result.match(parameters(), {
      onSuccess: ({ object, schema }) =>
        restore(restore(isNone(args) && !requiresKeys(object) ? {} : args, object), schema),
      onFailure: () => args
    })

  const result = (value: A): Effect.Effect<Output<A>> =>
    Effect.map(
      toModelOutput === undefined ? contentOf(value, encode) : Effect.sync(() => checkedContent(toModelOutput(value))),
      (content) => ({ _tag: "Result", value, content })
    )

  const failure = (error: unknown): Effect.Effect<Output<A>> =>
    Effect.map(contentOf(error, encodeFailure), (content) => ({ _tag: "Failure", content }))

  const progress = (value: A): Output<A> => ({ _tag: "Progress", value })

  /** The values of a handler that streams as progress, and then the result. */
  const outputs = (parameters: Parameters, id: string): Stream.Stream<Output<A>, Exclude<E, Reported>, R> =>
    toStream<Output<A>, Output<A>, E, R>((scope) => {
      let output: Output<A> | undefined
      let over = false
      // The run itself fails if its result cannot be encoded, so that its events say so.
      const end = (value: A) => Effect.map(result(value), (encoded) => void (output = encoded))
      return Effect.map(openTool(spec, parameters, id, end)(scope), (run) => {
        const next: ChunkPull<Output<A>, E, R> = Effect.suspend((): ChunkPull<Output<A>, E, R> =>
          over ? Cause.done() : Pull.matchEffect(run.pull, {
            onSuccess: (values) => run.single === true ? next : Effect.succeed(Array.map(values, progress)),
            onDone: () => {
              over = true
              return output === undefined ? Cause.done() : Effect.succeed(Array.of(output))
            },
            onFailure: Effect.failCause
          })
        )
        return { pull: next, fold: () => last<Output<A>>() }
      })
    }).pipe(Stream.catchIf(
      // The schema decides which failures are reported.
      (error: E): error is E & Reported => spec.isReported(error),
      (error) => Stream.fromEffect(failure(error))
    )) as Stream.Stream<Output<A>, Exclude<E, Reported>, R> // E without those of E & Reported

  return {
    parameters: () =>
      Result.mapBoth(parameters(), {
        onSuccess: ({ object }) => object,
        onFailure: ({ message, path }) => path === "" ? message : `${path}: ${message}`
      }),
    open: (call) =>
      Effect.suspend(() => {
        const args = restored(exactArgs(call))
        return Effect.mapBoth(decode(args), {
          onSuccess: (parameters) => outputs(parameters as Parameters, call.id), // the type of their schema
          onFailure: ({ message }) => {
            const problems = [
              message.replaceAll(notANumber(), "Expected number"),
              ...bigintsIn(args).map(integerTooLong)
            ]
            return `The arguments do not fit the schema.\n${excerpt(problems.join("\n"), maxProblemLength)}`
          }
        })
      })
  }
}

/** Makes results by a schema that may transform them. A handler is held to its types, so what does not fit is a defect. */
export const accepting = <A>(success: Codec): (given: unknown) => Effect.Effect<A> => {
  const decode = Schema.decodeUnknownEffect(success, { errors: "all" })
  return (given) => Effect.orDie(decode(given)) as Effect.Effect<A> // the type of the schema
}

/** Whether arguments are one of the values that models write for no arguments. */
const isNone = (args: unknown): boolean =>
  args === null || (typeof args === "string" && args.trim() === "") || (Array.isArray(args) && args.length === 0)

/**
 * Effect's message for a value that is not a number. It offers the strings of non-finite numbers, which mislead models.
 */
const notANumber = lazy(() =>
  Result.match(Schema.decodeUnknownResult(Schema.toCodecJson(Schema.Number))(""), {
    onSuccess: String,
    onFailure: ({ message }) => message
  })
)

/** The longest description of wrong arguments that a model gets, in UTF-16 code units: enough for about 20 issues. */
const maxProblemLength = 2000

const infoOf = ({ name }: { readonly name: string }): StepInfo => ({ type: "tool", name, events: { stream: "ifMany" } })

/** One run of a tool. `end` runs with the result before the run ends. */
const openTool = <Parameters, A, E, R>(
  spec: ToolSpec<Parameters, A, E, R>,
  parameters: Parameters,
  id: string | undefined,
  end?: (result: A) => Effect.Effect<void>
): Opener<A, A, E, R> =>
  inCall(
    id,
    watch(infoOf(spec), parameters, (scope) => {
      const run = Effect.suspend((): ReturnType<Opener<A, A, E, R>> => {
        const call = new RunningCall(id)
        const made = Effect.try({ try: () => spec.handler(parameters, call), catch: (error) => error })
        const { accept } = spec
        const opened = Effect.flatMap(
          thrown<HandlerResult<A, E, R>, E>(spec, made),
          (made): ReturnType<Opener<A, A, E, R>> => {
            if (Stream.isStream(made)) {
              const stream = atLeastOne(spec.name, accept === undefined ? made : Stream.mapEffect(made, accept))
              return fromStream(stream, () => last<A>())(scope)
            }
            const value = Effect.isEffect(made) ? made : thrown<A, E>(spec, settledValue(made))
            return Effect.succeed(single(accept === undefined ? value : Effect.flatMap(value, accept)))
          }
        )
        return Effect.andThen(Scope.addFinalizer(scope, Effect.sync(() => call.end())), opened)
      })
      return end === undefined ? run : Effect.map(run, (run) => {
        const fold = run.fold()
        return observed(run, { chunks: fold.add, end: () => end(fold.done()) })
      })
    })
  )

/** A call that a handler answers. It only has a signal if the handler asks for one. */
class RunningCall implements CallInfo {
  readonly id: string | undefined
  #controller: AbortController | undefined

  constructor(id: string | undefined) {
    this.id = id
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    return this.#controller.signal
  }

  end(): void {
    this.#controller?.abort()
  }
}

const isPromise = <A>(value: A | PromiseLike<A>): value is PromiseLike<A> =>
  typeof value === "object" && value !== null && "then" in value && typeof value.then === "function"

const settledValue = <A>(made: A | PromiseLike<A>): Effect.Effect<A, unknown> =>
  isPromise(made) ? Effect.tryPromise({ try: () => made, catch: (error) => error }) : Effect.succeed(made)

/** An error that a function threw is a failure if the schema of the failures describes it, otherwise a defect. */
const thrown = <A, E>(
  { isReported }: { readonly isReported: (error: unknown) => boolean },
  made: Effect.Effect<A, unknown>
): Effect.Effect<A, E> =>
  // The failures of such a handler have the type of that schema.
  Effect.catch(made, (error) => isReported(error) ? Effect.fail(error as E) : Effect.die(error))

/** Adds the id of a call to the metadata of a run and of the runs inside. */
const inCall = <A, E, R>(id: string | undefined, open: Opener<A, A, E, R>): Opener<A, A, E, R> =>
  id === undefined
    ? open
    : withRun((context) => ({ ...context, metadata: { ...context.metadata, tool_call_id: id } }), open)

/** Reports a call that is not run: its events are a start with the arguments, and an error with the reason. */
export const reportRefused = (call: ToolCall | InvalidToolCall, reason: string): Effect.Effect<void> => {
  const input = call.type === "tool_call" ? call.args : call.text
  return Effect.ignore(collect(inCall(call.id, watch(infoOf(call), input, () => Effect.fail({ message: reason })))))
}

const atLeastOne = <A, E, R>(name: string, stream: Stream.Stream<A, E, R>): Stream.Stream<A, E, R> =>
  Stream.orElseIfEmpty(
    stream,
    () => Stream.die(new TypeError(`The stream of the tool ${name} is empty: its last value must be the result`))
  )

/** A value as text for the model: strings as they are, other values as JSON, `undefined` as `""`. */
const contentOf = (value: unknown, encode: (value: unknown) => Effect.Effect<unknown, Schema.SchemaError>) =>
  value === undefined
    ? Effect.succeed("")
    // The type checker holds a handler to its schema, so a value that does not fit is a defect.
    : Effect.map(Effect.orDie(encode(value)), (json) => typeof json === "string" ? json : jsonOf(json))

/** The result of `toModelOutput`. A caller without types may give something else. */
const checkedContent = (content: ToolMessage["content"]): ToolMessage["content"] => {
  if (typeof content === "string" || Array.isArray(content)) return content
  throw new TypeError(`toModelOutput gave ${nameOf(content)}: it must give a text or parts`)
}

const jsonOf = (value: unknown): string => {
  const json: string | undefined = JSON.stringify(value) // its type hides that a function has no JSON
  if (json === undefined) throw new TypeError(`The result is ${nameOf(value)}, which is no JSON`)
  return json
}
