import type * as Schema from "effect/Schema"
import type { CallOptions } from "../../CallOptions.ts"
import type { ChatModelError } from "../../ChatModelError.ts"
import type { AIMessage } from "../../Message.ts"
import type { Usage } from "../../Usage.ts"
import type { DeepPartialJson } from "../json/deepPartial.ts"
import type { ChatInput } from "../model/request.ts"
import type { OutputParserError } from "../parsers/error.ts"
import type { Runnable } from "../step/types.ts"

/** How a model is brought to answer with an object; see {@link ObjectOptions}. */
export type ObjectMethod = "native" | "tool" | "json"

/** What is asked for beside the schema, and the options of the call. */
export interface Asked extends Omit<CallOptions, "responseFormat" | "toolChoice" | "parallelToolCalls"> {
  readonly method?: ObjectMethod | undefined
  /** What the object is called: letters, digits, `_` and `-`. `answer` by default. */
  readonly name?: string | undefined
  /** What the object is. */
  readonly description?: string | undefined
}

/**
 * What to ask for with `generateObject`, beside the options of the call.
 *
 * `method` says how the model is brought to it. By default it is the first that the model's capabilities allow:
 *
 * - `native`: the provider holds the answer to the JSON Schema (`structuredOutput`), if it knows all the schema needs
 * - `tool`: the model must call a tool whose arguments are the object (`tools`)
 * - `json`: the JSON Schema is put behind the system messages; prose or a fence around the JSON does no harm
 */
export interface ObjectOptions<S extends Schema.Constraint> extends Asked {
  /** What the answer is decoded by. The model is told its JSON Schema, with the descriptions of its parts. */
  readonly schema: S
}

/** What has come of a value. */
export interface Part<P> {
  readonly _tag: "Partial"
  readonly value: P
}

/** A value, with the message it was in. */
export interface Whole<A> {
  readonly _tag: "Object"
  readonly value: A
  readonly message: AIMessage
  readonly usage?: Usage | undefined
}

/** A value that a model made, with the message it was in. */
export type GeneratedObject<A> = Omit<Whole<A>, "_tag">

/**
 * What `streamObject` yields: `Partial` has what has come of the value, as JSON and unchecked; `Object` comes last, with
 * the decoded value, the message it was in, and its usage.
 */
export type ObjectChunk<A, P> = Part<P> | Whole<A>

/** A step that makes a value of a schema. `R` is the model it needs. */
export type ObjectRunnable<S extends Schema.Constraint, R> = Runnable<
  ChatInput,
  S["Type"],
  ChatModelError | OutputParserError,
  R | S["DecodingServices"],
  DeepPartialJson<S["Encoded"]> | S["Type"]
>
