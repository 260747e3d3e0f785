/**
 * One call that makes an object: schema to request, request to model, answer to value. Called by
 * `ChatModel.streamObject` and `ChatModel.object`. The request is in request.ts, the parser in parser.ts.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { CallOptions } from "../../CallOptions.ts"
import { ChatModelError, UnsupportedError } from "../../ChatModelError.ts"
import { currentRun, placeOf } from "../events/currentRun.ts"
import type { DeepPartialJson } from "../json/deepPartial.ts"
import type { AnySchema, EffectSchema } from "../jsonSchema/standard.ts"
import type { ChatInput } from "../model/request.ts"
import type { OutputParserError } from "../parsers/error.ts"
import { unwrap } from "../stream/unwrap.ts"
import { codecOf } from "./codec.ts"
import { objectParser } from "./parser.ts"
import { methodFor, requestFor, toolName } from "./request.ts"
import type { ObjectCapable } from "./request.ts"
import type { ObjectChunk, ObjectOptions } from "./types.ts"

/** The part of a chat model that object generation needs. */
export interface Model extends ObjectCapable {
  /** The provider's name, for errors. */
  readonly provider: string
  /** The model's name, for errors. */
  readonly model: string
  /** Streams an answer. */
  readonly stream: (input: ChatInput, options?: CallOptions) => Stream.Stream<AIMessageChunk, ChatModelError>
}

/** Streams an object while a model generates it. */
export const streamObject = <S extends AnySchema>(
  model: Model,
  input: ChatInput,
  { schema, ...asked }: ObjectOptions<S>
): Stream.Stream<
  ObjectChunk<EffectSchema<S>["Type"], DeepPartialJson<EffectSchema<S>["Encoded"]>>,
  ChatModelError | OutputParserError,
  EffectSchema<S>["DecodingServices"]
> =>
  Stream.suspend(() => {
    const fail = (reason: UnsupportedError) =>
      Stream.fail(new ChatModelError({ provider: model.provider, model: model.model, reason }))
    const codec = codecOf(schema)
    if (Result.isFailure(codec)) {
      const { message, path } = codec.failure
      const field = path === "" ? "schema" : `schema (${path})`
      return fail(new UnsupportedError({ field, message: `${field}: ${message}` }))
    }
    const { jsonSchema } = codec.success
    const method = methodFor(model, asked, jsonSchema)
    if (typeof method !== "string") return fail(method)
    const request = requestFor(model, input, asked, method, jsonSchema)
    const parser = objectParser<
      EffectSchema<S>["Type"],
      DeepPartialJson<EffectSchema<S>["Encoded"]>,
      EffectSchema<S>["DecodingServices"]
    >(
      codec.success,
      method === "tool" ? { _tag: "Tool", name: toolName(asked) } : { _tag: "Text" }
    )
    const chunks = model.stream(request.input, request.options)
    // In the tree of events the model is a sibling of the parser that reads it, not its child.
    return unwrap(Effect.withFiber((fiber) => {
      const run = currentRun(fiber)
      return Effect.succeed(
        parser.transform(run === undefined ? chunks : Stream.updateContext(chunks, placeOf(run, fiber)))
      )
    }))
  })
