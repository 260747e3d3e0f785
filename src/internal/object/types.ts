/**
 * The types of object generation. `ChatModel` re-exports the public ones; the other files of this folder use all. Types
 * only: it must import no value.
 */
import type * as Schema from "effect/Schema"
import type { CallOptions } from "../../CallOptions.ts"
import type { ChatModelError } from "../../ChatModelError.ts"
import type { AIMessage } from "../../Message.ts"
import type { Usage } from "../../Usage.ts"
import type { DeepPartialJson } from "../json/deepPartial.ts"
import type { AnySchema } from "../jsonSchema/standard.ts"
import type { ChatInput } from "../model/request.ts"
import type { OutputParserError } from "../parsers/error.ts"
import type { Runnable } from "../step/types.ts"

/** The way in which a model is asked for an object; see {@link ObjectOptions}. */
export type ObjectMethod = "native" | "tool" | "json"

/** The options of object generation without the schema. */
export interface ObjectRequest extends Omit<CallOptions, "responseFormat" | "toolChoice" | "parallelToolCalls"> {
  /** The way in which the model is asked. Defaults to the first that its capabilities allow. */
  readonly method?: ObjectMethod | undefined
  /** The name of the object for the model: letters, digits, `_` and `-`. Defaults to `answer`. */
  readonly name?: string | undefined
  /** A description of the object for the model. */
  readonly description?: string | undefined
}

/**
 * The options of `ChatModel.generateObject` and its streaming form: a schema, and the options of the call.
 *
 * **Details**
 *
 * `method` is the way in which the model is asked. The default is the first one that the model's capabilities allow:
 *
 * - `native`: the provider enforces the JSON Schema. It needs `structuredOutput`, and a schema within the provider's
 *   subset of JSON Schema.
 * - `tool`: the model must call a tool whose arguments are the object. It needs `tools`.
 * - `json`: a system message asks for JSON that fits the JSON Schema. Prose or a fence around the JSON is accepted.
 */
export interface ObjectOptions<S extends AnySchema> extends ObjectRequest {
  /**
   * The schema that decodes the answer: of Effect, or a Standard Schema with a JSON Schema (zod, valibot, arktype). The
   * model sees its JSON Schema, with titles and descriptions.
   */
  readonly schema: S
}

/** A partial object. */
export interface Part<P> {
  readonly _tag: "Partial"
  /** The value so far: JSON in the schema's encoded form, unchecked. */
  readonly value: P
}

/** A complete object. */
export interface Whole<A> {
  readonly _tag: "Object"
  /** The decoded value. */
  readonly value: A
  /** The message that held the value. */
  readonly message: AIMessage
  /** The token usage of the call. Absent if the provider reported none. */
  readonly usage?: Usage | undefined
}

/** A value that a model generated, the message that held it, and the usage of the call. */
export type GeneratedObject<A> = Omit<Whole<A>, "_tag">

/**
 * An element of `ChatModel.streamObject`: any number of `Partial` elements with the value so far, unchecked, and then
 * one `Object` with the decoded value.
 */
export type ObjectChunk<A, P> = Part<P> | Whole<A>

/** A step from the input of a model to the value of a schema. `R` is the model it needs. */
export type ObjectRunnable<S extends Schema.Constraint, R> = Runnable<
  ChatInput,
  S["Type"],
  ChatModelError | OutputParserError,
  R | S["DecodingServices"],
  DeepPartialJson<S["Encoded"]> | S["Type"]
>
