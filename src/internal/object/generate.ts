import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { CallOptions } from "../../CallOptions.ts"
import { ChatModelError, UnsupportedError } from "../../ChatModelError.ts"
import { CurrentRun } from "../events/currentRun.ts"
import type { DeepPartialJson } from "../json/deepPartial.ts"
import type { ChatInput } from "../model/request.ts"
import type { OutputParserError } from "../parsers/error.ts"
import { unwrap } from "../stream/unwrap.ts"
import { formOf } from "./codec.ts"
import { objectParser } from "./parser.ts"
import { methodFor, requestFor, toolName } from "./request.ts"
import type { Able } from "./request.ts"
import type { ObjectChunk, ObjectOptions } from "./types.ts"

/** As much of a model as is needed here. */
export interface Model extends Able {
  readonly provider: string
  readonly model: string
  readonly stream: (input: ChatInput, options?: CallOptions) => Stream.Stream<AIMessageChunk, ChatModelError>
}

/** An object, as a model makes it. */
export const streamObject = <S extends Schema.Constraint>(
  model: Model,
  input: ChatInput,
  { schema, ...asked }: ObjectOptions<S>
): Stream.Stream<
  ObjectChunk<S["Type"], DeepPartialJson<S["Encoded"]>>,
  ChatModelError | OutputParserError,
  S["DecodingServices"]
> =>
  Stream.suspend(() => {
    const fail = (reason: UnsupportedError) =>
      Stream.fail(new ChatModelError({ provider: model.provider, model: model.model, reason }))
    const form = formOf(schema)
    if (Result.isFailure(form)) {
      const { message, path } = form.failure
      const field = path === "" ? "schema" : `schema (${path})`
      return fail(new UnsupportedError({ field, message: `${field}: ${message}` }))
    }
    const { jsonSchema } = form.success
    const method = methodFor(model, asked.method, jsonSchema)
    if (typeof method !== "string") return fail(method)
    const request = requestFor(model, input, asked, method, jsonSchema)
    const parser = objectParser<S["Type"], DeepPartialJson<S["Encoded"]>, S["DecodingServices"]>(
      form.success,
      method === "tool" ? { _tag: "Tool", name: toolName(asked) } : { _tag: "Text" }
    )
    const chunks = model.stream(request.input, request.options)
    // The model runs beside the parser that reads it, not in it.
    return unwrap(Effect.map(CurrentRun, (run) =>
      parser.transform(run === undefined ? chunks : Stream.provideService(chunks, CurrentRun, run))))
  })
