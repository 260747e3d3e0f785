/**
 * The type of a tool whose parameters and result do not matter, and of the part of a tool that runs calls. Agents and
 * the preparation of requests use it. Types only: it must import no value.
 */
import type * as Effect from "effect/Effect"
import type * as Result from "effect/Result"
import type * as Stream from "effect/Stream"
import type { ToolDefinition } from "../../CallOptions.ts"
import type { ToolCall, ToolMessage } from "../../Message.ts"

/**
 * Any tool that can be run: the definition that a model sees and the implementation that runs its calls. `A` is the
 * result, `E` the failures that the model is not told, `R` the services of the handler.
 */
export interface Any<out A = unknown, out E = unknown, out R = unknown> extends ToolDefinition {
  /** Runs the calls of the tool. */
  readonly "~rivulet/Tool": Implementation<A, E, R>
}

/** The part of a tool that runs a model's calls. */
export interface Implementation<out A, out E, out R> {
  /** The JSON Schema of the parameters, or the reason why there is none. */
  readonly parameters: () => Result.Result<ToolDefinition["parameters"], string>
  /** Decodes the arguments of a call and returns its run. Fails with a message for the model if they do not fit. */
  readonly open: (call: ToolCall) => Effect.Effect<Stream.Stream<Output<A>, E, R>, string, R>
}

/**
 * An element of the run of a call: any number of progress values, and then the result or a failure. `content` is the
 * text, or the parts, that the model gets.
 */
export type Output<A> =
  | {
    readonly _tag: "Progress"
    /** The value. */
    readonly value: A
  }
  | {
    readonly _tag: "Result"
    /** The result. */
    readonly value: A
    /** The result as the model gets it. */
    readonly content: ToolMessage["content"]
  }
  | {
    readonly _tag: "Failure"
    /** The failure as the model gets it. */
    readonly content: ToolMessage["content"]
  }
