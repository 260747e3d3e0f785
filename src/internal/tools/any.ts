import type * as Effect from "effect/Effect"
import type * as Result from "effect/Result"
import type * as Stream from "effect/Stream"
import type { ToolDefinition } from "../../CallOptions.ts"
import type { ToolCall, ToolMessage } from "../../Message.ts"

/**
 * A tool that can be run for a model, whatever it is made of: `A` is what it gives, `E` how it can fail, `R` what it
 * needs. It is also the definition that a model is told.
 */
export interface Any<out A = unknown, out E = unknown, out R = unknown> extends ToolDefinition {
  readonly "~rivulet/Tool": Implementation<A, E, R>
}

/** How a model's calls of a tool are run. */
export interface Implementation<out A, out E, out R> {
  /** The JSON Schema of the parameters, or why there is none. */
  readonly parameters: () => Result.Result<ToolDefinition["parameters"], string>
  /**
   * Reads the arguments of a call and gives what runs it. Arguments that do not fit are a failure, which says in words
   * for the model what is wrong.
   */
  readonly open: (call: ToolCall) => Effect.Effect<Stream.Stream<Output<A>, E, R>, string, R>
}

/**
 * What comes of a call: any number of values on the way, and then the result, or a failure that the model is told. Their
 * `content` is what the model is told.
 */
export type Output<A> =
  | { readonly _tag: "Progress"; readonly value: A }
  | { readonly _tag: "Result"; readonly value: A; readonly content: ToolMessage["content"] }
  | { readonly _tag: "Failure"; readonly content: ToolMessage["content"] }
