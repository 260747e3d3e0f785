/**
 * Tools: functions with typed parameters that a model may call.
 *
 * **When to use**
 *
 * Pass tools to `Agent.make`, which runs the calls of the model. Pass them in `CallOptions.tools` to get the calls in
 * the answer without running them.
 *
 * **Details**
 *
 * A tool is a step like any other, and also the definition that the model sees. The arguments of a call are decoded by
 * the schema of the parameters before the handler runs. If they do not fit, the model is told the problems and may try
 * again.
 *
 * @module
 * @since 0.1.0
 * @stability stable
 */
import { dual } from "effect/Function"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { ProviderTool, ToolDefinition } from "./CallOptions.ts"
import type { Chunk } from "./internal/agent/chunks.ts"
import { effectSchemaOf, isStandard } from "./internal/jsonSchema/standard.ts"
import { optional } from "./internal/optional.ts"
import type { Runnable } from "./internal/step/types.ts"
import type { Any } from "./internal/tools/any.ts"
import { TypeId } from "./internal/tools/definitions.ts"
import { accepting, implementationOf, stepOf } from "./internal/tools/make.ts"
import type {
  AnyCodec,
  CallInfo,
  Codec,
  CodecOf,
  ErrorOf,
  HandlerResult,
  Returned,
  ServicesOf
} from "./internal/tools/make.ts"
import { PartialCalls } from "./internal/tools/partialCalls.ts"
import type { ProviderOptions, ToolMessage } from "./Message.ts"
import type { DeepPartialJson } from "./PartialJson.ts"

// -----------------------------------------------------------------------------
// models
// -----------------------------------------------------------------------------

export type { Any, Implementation, Output } from "./internal/tools/any.ts"
export type { AnyCodec, CallInfo, Codec, CodecOf, HandlerResult, Returned } from "./internal/tools/make.ts"

/**
 * A tool: a step from its parameters to its result, and the definition that a model sees.
 *
 * `E` are the failures of the handler. Those in `Unhandled` have no schema and fail the run that calls the tool; the
 * model is told the others.
 */
export interface Tool<Name extends string, Parameters extends Codec, A, E = never, R = never, Unhandled = E>
  extends Runnable<Parameters["Type"], A, E, R>, Any<A, Unhandled, R>
{
  /** The name by which the model calls the tool. */
  readonly name: Name
  /** The schema of the parameters. That of a Standard Schema is a codec. */
  readonly parametersSchema: Parameters
}

/** The options of a tool. */
export interface Options<
  Parameters extends AnyCodec,
  Success extends AnyCodec,
  Failure extends Codec,
  Made
> {
  /** The purpose of the tool and when to use it, for the model. Defaults to none. */
  readonly description?: string | undefined
  /**
   * The schema of the parameters: an object, or a union of objects. Defaults to an empty object. The model sees the
   * descriptions of the fields. Providers only accept one object, so a union is sent as an object with the keys of all.
   * A Standard Schema (zod, valibot, arktype) needs a JSON Schema; the handler gets its output.
   */
  readonly parameters?: Parameters | undefined
  /**
   * The schema of the result. Strings are sent as is, other values as JSON. Defaults to no result. With a Standard Schema
   * the handler returns its input, and the result is its output.
   */
  readonly success?: Success | undefined
  /**
   * The schema of the failures that the model is told, so that it can react. Defaults to none. Other failures fail the
   * run that calls the tool.
   */
  readonly failure?: Failure | undefined
  /**
   * Runs a call. Returns the result, a promise or an effect of it, or a stream of progress values whose last one is the
   * result.
   */
  readonly handler: (parameters: CodecOf<Parameters>["Type"], call: CallInfo) => Made
  /** Replaces the text of the result for the model by another text, or by parts such as images. */
  readonly toModelOutput?: ((result: CodecOf<Success>["Type"]) => ToolMessage["content"]) | undefined
  /** Whether the provider enforces the schema, if it can. Absent: the provider's default. */
  readonly strict?: boolean | undefined
  /** Settings for single providers, such as a cache breakpoint. Defaults to none. */
  readonly providerOptions?: ProviderOptions | undefined
}

/** The state of a call of a tool `T` that a model is writing. */
export type PartialCall<T = ToolDefinition> = T extends ToolDefinition ? {
    /** The id of the call. */
    readonly id: string
    /** The name of the tool. */
    readonly name: T["name"]
    /** The arguments so far, as JSON and unchecked. They are decoded when the call is run. */
    readonly args: T extends { readonly parametersSchema: infer P extends Codec } ? DeepPartialJson<P["Encoded"]>
      : Schema.Json
    /** Whether the call is complete and its arguments are JSON. True once, in the last state of a call. */
    readonly whole: boolean
  }
  : never

// -----------------------------------------------------------------------------
// constructors
// -----------------------------------------------------------------------------

/**
 * Makes a tool. The name has letters, digits, `_` and `-`.
 *
 * **Details**
 *
 * The services and the failures of the handler are in the type of the tool. The model is told the failures that
 * `failure` describes; others fail the agent. Defects stay defects, and nothing is retried. A handler that returns a
 * stream reports progress: every value has the type of `success`, and the last one is the result. An error that a
 * function throws, or that its promise rejects with, is a failure if `failure` describes it, and otherwise a defect.
 *
 * **Gotchas**
 *
 * If the parameters have no JSON Schema or are not an object, a call with the tool fails with `UnsupportedError` and
 * the field `tools[i].parameters` before a request is made.
 *
 * **Example** (The weather)
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { ChatModel, Tool } from "rivulet"
 *
 * class NoSuchCity extends Schema.TaggedError<NoSuchCity>()("NoSuchCity", { city: Schema.String }) {}
 *
 * const weather = Tool.make("get_weather", {
 *   description: "The temperature in a city, in degrees Celsius",
 *   parameters: Schema.Struct({ city: Schema.String }),
 *   success: Schema.Number,
 *   failure: NoSuchCity,
 *   handler: ({ city }) => city === "Atlantis" ? Effect.fail(new NoSuchCity({ city })) : Effect.succeed(17)
 * })
 *
 * const seventeen = weather.invoke({ city: "Bern" })
 * const calls = ChatModel.invoke("How warm is it in Bern?", { tools: [weather] }).pipe(
 *   Effect.map((answer) => answer.toolCalls)
 * )
 * ```
 *
 * **Example** (Progress, and a picture for the model)
 *
 * ```ts
 * import { Schema, Stream } from "effect"
 * import { Message, Tool } from "rivulet"
 *
 * const draw = Tool.make("draw", {
 *   parameters: Schema.Struct({ what: Schema.String }),
 *   success: Schema.Struct({ percent: Schema.Number, url: Schema.String }),
 *   handler: ({ what }) =>
 *     Stream.make({ percent: 50, url: "" }, { percent: 100, url: `https://example.com/${what}.png` }),
 *   toModelOutput: ({ url }) => [Message.text("Done"), Message.image({ url })]
 * })
 * ```
 */
export const make = <
  const Name extends string,
  Made extends HandlerResult<Returned<Success>, unknown, unknown>,
  Parameters extends AnyCodec = Schema.Struct<{}>,
  Success extends AnyCodec = Schema.Void,
  Failure extends Codec = Schema.Never
>(
  name: Name,
  options: Options<Parameters, Success, Failure, Made>
): Tool<
  Name,
  CodecOf<Parameters>,
  CodecOf<Success>["Type"],
  ErrorOf<Made, Failure["Type"]>,
  ServicesOf<Made>,
  Exclude<ErrorOf<Made, Failure["Type"]>, Failure["Type"]>
> => {
  type E = ErrorOf<Made, Failure["Type"]>
  type R = ServicesOf<Made>
  type In = CodecOf<Parameters>["Type"]
  type Out = CodecOf<Success>["Type"]
  // The defaults have the types of the schemas that they stand for.
  const parameters: Codec = effectSchemaOf<AnyCodec>(options.parameters ?? Schema.Struct({}))
  const given: AnyCodec = options.success ?? Schema.Void
  const success: Codec = effectSchemaOf(given)
  const spec = {
    name,
    parameters,
    success,
    failure: options.failure ?? Schema.Never,
    // `E` and `R` are inferred from what the handler returns; `accept` makes an `Out` of other values.
    handler: options.handler as (parameters: In, call: CallInfo) => HandlerResult<Out, E, R>,
    accept: isStandard(given) ? accepting<Out>(success) : undefined,
    isReported: Schema.is(options.failure ?? Schema.Never),
    toModelOutput: options.toModelOutput
  }
  const implementation = implementationOf<In, Out, E, R, Failure["Type"]>(spec)
  return {
    ...stepOf(spec),
    [TypeId]: implementation,
    name,
    get parameters() {
      return Result.getOrThrowWith(
        implementation.parameters(),
        (problem) => new TypeError(`The parameters of the tool ${name} have no JSON Schema: ${problem}`)
      )
    },
    parametersSchema: parameters as CodecOf<Parameters>,
    ...optional("description", options.description),
    ...optional("strict", options.strict),
    ...optional("providerOptions", options.providerOptions)
  }
}

// -----------------------------------------------------------------------------
// streaming calls
// -----------------------------------------------------------------------------

/**
 * Follows the calls of these tools while a model writes them. It accepts the chunks of a model or of an agent.
 *
 * **Details**
 *
 * Each call has one element when it begins, with `{}` as its `args`, and one whenever its arguments change. Large
 * arguments have fewer, so that the cost stays linear in the text. The calls of other tools are left out.
 *
 * **Gotchas**
 *
 * A call that was cut off or is not JSON never becomes whole. A call without arguments becomes whole when the next part
 * or the finish arrives, because until then it may have been cut off.
 *
 * **Example** (A form that fills in)
 *
 * ```ts
 * import { Console, Effect, Schema, Stream } from "effect"
 * import { ChatModel, Tool } from "rivulet"
 *
 * const order = Tool.make("order", {
 *   parameters: Schema.Struct({ dish: Schema.String, extras: Schema.Array(Schema.String) }),
 *   handler: () => Effect.void
 * })
 * const print = ChatModel.stream("A pizza with olives, please", { tools: [order] }).pipe(
 *   Tool.partialCalls([order]),
 *   Stream.runForEach(({ args, whole }) => Console.log(args.dish, args.extras?.length ?? 0, whole))
 * )
 * ```
 */
export const partialCalls: {
  <const Tools extends ReadonlyArray<ToolDefinition | ProviderTool>>(
    tools: Tools
  ): <E, R>(chunks: Stream.Stream<Chunk, E, R>) => Stream.Stream<PartialCall<Tools[number]>, E, R>
  <E, R, const Tools extends ReadonlyArray<ToolDefinition | ProviderTool>>(
    chunks: Stream.Stream<Chunk, E, R>,
    tools: Tools
  ): Stream.Stream<PartialCall<Tools[number]>, E, R>
} = dual(
  2,
  <E, R, const Tools extends ReadonlyArray<ToolDefinition | ProviderTool>>(
    chunks: Stream.Stream<Chunk, E, R>,
    tools: Tools
  ): Stream.Stream<PartialCall<Tools[number]>, E, R> => {
    const names = tools.filter((tool) => tool.type !== "provider").map((tool) => tool.name)
    return Stream.mapAccum(
      chunks,
      () => new PartialCalls(names),
      // The names are those of the tools.
      (calls, chunk) => [
        calls,
        (chunk._tag === "AIMessageChunk" ? calls.read(chunk) : []) as Array<PartialCall<Tools[number]>>
      ]
    )
  }
)
