/**
 * Tools: functions with typed parameters that a model may call.
 *
 * A tool is a step like any other, so it can be invoked, streamed and watched. It is also the definition that a model is
 * told: give it in `CallOptions.tools`, and the model's answer says which calls it wants; nothing is run. `Agent` runs
 * them.
 *
 * What a model passes is decoded by the schema of the parameters before the handler sees it. Arguments that do not fit
 * never reach the handler: the model is told what is wrong and where, and may try again.
 */
import { dual } from "effect/Function"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { ProviderTool, ToolDefinition } from "./CallOptions.ts"
import type { Chunk } from "./internal/agent/types.ts"
import { given } from "./internal/optional.ts"
import type { Runnable } from "./internal/step/types.ts"
import type { Any } from "./internal/tools/any.ts"
import { TypeId } from "./internal/tools/definitions.ts"
import { implementationOf, stepOf } from "./internal/tools/make.ts"
import type { CallInfo, Codec, ErrorOf, Handled, ServicesOf } from "./internal/tools/make.ts"
import { PartialCalls } from "./internal/tools/partialCalls.ts"
import type { ProviderOptions, ToolMessage } from "./Message.ts"
import type { DeepPartialJson } from "./PartialJson.ts"

// -----------------------------------------------------------------------------
// models
// -----------------------------------------------------------------------------

export type { Any, Implementation, Output } from "./internal/tools/any.ts"
export type { CallInfo, Codec, Handled } from "./internal/tools/make.ts"

/**
 * A tool: a step from its parameters to what it gives, and the definition of it for a model.
 *
 * `E` is how the handler can fail. What is left of it in `Untold` has no schema and fails the run that calls the tool;
 * the model is told of the rest.
 */
export interface Tool<Name extends string, Parameters extends Codec, A, E = never, R = never, Untold = E>
  extends Runnable<Parameters["Type"], A, E, R>, Any<A, Untold, R>
{
  readonly name: Name
  readonly parametersSchema: Parameters
}

/** What a tool is made of. */
export interface Options<
  Parameters extends Codec,
  Success extends Codec,
  Failure extends Codec,
  Made
> {
  /** What it does and when to use it, for the model. */
  readonly description?: string | undefined
  /**
   * An object, or one of several; an empty one by default. What is said of its fields in annotations is told to the
   * model. Providers take the schema of one object only, so several are told as one with the keys of all.
   */
  readonly parameters?: Parameters | undefined
  /** What it gives. The model is told a text as it is and anything else as JSON. Nothing by default. */
  readonly success?: Success | undefined
  /**
   * The failures that the model is told of, as it is told a result, and can do something about. Any other failure of the
   * handler is one of whoever runs it.
   */
  readonly failure?: Failure | undefined
  /** Gives the result, or a stream of values on the way to it: the last one is the result. */
  readonly handler: (parameters: Parameters["Type"], call: CallInfo) => Made
  /** What the model is told of a result instead: another text, or parts such as images. */
  readonly toModelOutput?: ((result: Success["Type"]) => ToolMessage["content"]) | undefined
  /** Have the provider hold the model to the schema, where it can. */
  readonly strict?: boolean | undefined
  readonly providerOptions?: ProviderOptions | undefined
}

/**
 * A call of a tool `T` as far as it has come. Its `args` are what the model has written of them, as JSON; they are
 * decoded when the call is run, and not before. `whole` is true once, in the last of a call's, when its block has ended
 * and the arguments are JSON.
 */
export type PartialCall<T = ToolDefinition> = T extends ToolDefinition ? {
    readonly id: string
    readonly name: T["name"]
    readonly args: T extends { readonly parametersSchema: infer P extends Codec } ? DeepPartialJson<P["Encoded"]>
      : Schema.Json
    readonly whole: boolean
  }
  : never

// -----------------------------------------------------------------------------
// constructors
// -----------------------------------------------------------------------------

/**
 * Makes a tool.
 *
 * The name is what the model calls it by: letters, digits, `_` and `-`.
 *
 * What the handler needs and how it can fail is in the tool's type. Failures that `failure` describes are told to the
 * model; any other is that of the agent. Defects stay defects. Nothing is retried, unless the handler does so. A handler
 * that streams shows its progress; its last value is the result, and each one is of the type `success`.
 *
 * A schema that JSON Schema has no words for, or that is not of an object, fails the call of the model, before a request
 * is made, with `UnsupportedError` and the field `tools[i].parameters`.
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
  Made extends Handled<Success["Type"], unknown, unknown>,
  Parameters extends Codec = Schema.Struct<{}>,
  Success extends Codec = Schema.Void,
  Failure extends Codec = Schema.Never
>(
  name: Name,
  options: Options<Parameters, Success, Failure, Made>
): Tool<
  Name,
  Parameters,
  Success["Type"],
  ErrorOf<Made>,
  ServicesOf<Made>,
  Exclude<ErrorOf<Made>, Failure["Type"]>
> => {
  type E = ErrorOf<Made>
  type R = ServicesOf<Made>
  // The defaults stand for schemas that were not given, and so have their types.
  const parameters: Codec = options.parameters ?? Schema.Struct({})
  const spec = {
    name,
    parameters,
    success: options.success ?? Schema.Void,
    failure: options.failure ?? Schema.Never,
    // What is made has the failures and the needs that are read off it.
    handler: options.handler as (parameters: Parameters["Type"], call: CallInfo) => Handled<Success["Type"], E, R>,
    toModelOutput: options.toModelOutput
  }
  const implementation = implementationOf<Parameters["Type"], Success["Type"], E, R, Failure["Type"]>(spec)
  return {
    ...stepOf(spec),
    [TypeId]: implementation,
    name,
    get parameters() {
      return Result.getOrThrowWith(
        implementation.parameters(),
        (problem) => new TypeError(`The parameters of the tool ${name} cannot be told to a model: ${problem}`)
      )
    },
    parametersSchema: parameters as Parameters,
    ...given("description", options.description),
    ...given("strict", options.strict),
    ...given("providerOptions", options.providerOptions)
  }
}

// -----------------------------------------------------------------------------
// streaming calls
// -----------------------------------------------------------------------------

/**
 * The calls of these tools while a model writes them: one element when a call begins, with `{}` as its `args`, and one
 * whenever more of them is known. The calls of other tools are left out. It takes the chunks of a model and those of an
 * agent; an id is that of one call.
 *
 * A call that was cut off, or is no JSON, never becomes whole, and a call without arguments does so when something
 * follows it, as only that tells it from one that was cut off. Where much is open not every slice has its element, so
 * that the cost is linear in the text.
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
      // Each has the name of its tool.
      (calls, chunk) => [
        calls,
        (chunk._tag === "AIMessageChunk" ? calls.read(chunk) : []) as Array<PartialCall<Tools[number]>>
      ]
    )
  }
)
