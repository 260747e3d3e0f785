/**
 * Makes a chat model of a way to stream or to answer whole. Every model is made here, so all of them retry, keep time
 * limits, check their input and have events alike. Providers use it without the public face, `ChatModel`.
 */
import * as Effect from "effect/Effect"
import type * as JsonSchema from "effect/JsonSchema"
import * as Stream from "effect/Stream"
import type { AIMessageChunk, Delta } from "../../AIMessageChunk.ts"
import { merge } from "../../CallOptions.ts"
import type { BatchOptions, CallOptions } from "../../CallOptions.ts"
import { make as makeCapabilities } from "../../Capabilities.ts"
import type { Capabilities } from "../../Capabilities.ts"
import type { ChatModelError } from "../../ChatModelError.ts"
import type { Finish } from "../../Finish.ts"
import type { Metadata } from "../../Message.ts"
import type { Usage } from "../../Usage.ts"
import { watch } from "../events/watch.ts"
import { batches, makeRunnable } from "../runnable/make.ts"
import { collect, toStream } from "../step/run.ts"
import type { StepInfo } from "../step/types.ts"
import { openCall } from "./call.ts"
import { prepare, toMessages } from "./prepare.ts"
import type { ChatInput, ChatRequest } from "./request.ts"
import { ChatModel } from "./service.ts"
import type { Service } from "./service.ts"

/** A whole answer, as `generate` gives it. Without `finish` it is a `stop`. */
export interface Generated {
  readonly content?: string | undefined
  /** Everything the answer consists of. When absent, `content` is the one text part. */
  readonly parts?: ReadonlyArray<Delta> | undefined
  readonly id?: string | undefined
  readonly usage?: Usage | undefined
  readonly finish?: Finish | undefined
  readonly metadata?: Metadata | undefined
}

interface MakeBase {
  readonly provider: string
  readonly model: string
  /** Options for every call. */
  readonly options?: CallOptions | undefined
  /**
   * What it can do. What is not given it cannot, but for `tokenStreaming`: that it can if there is a `stream`. When they
   * are given, a call that asks for what they lack (tools, an image, a schema) fails with `UnsupportedError` before it
   * reaches the model; when none are, every call reaches it.
   */
  readonly capabilities?: Partial<Capabilities> | undefined
  /** Whether the provider can hold an answer to a JSON Schema; any, if it has `structuredOutput`, by default. */
  readonly supportsSchema?: ((schema: JsonSchema.JsonSchema) => boolean) | undefined
}

/** What a model is made of: a way to stream, a way to answer whole, or both. */
export type MakeOptions =
  & MakeBase
  & (
    | {
      readonly stream: (request: ChatRequest) => Stream.Stream<AIMessageChunk, ChatModelError>
      readonly generate?: ((request: ChatRequest) => Effect.Effect<Generated, ChatModelError>) | undefined
    }
    | {
      readonly stream?: undefined
      readonly generate: (request: ChatRequest) => Effect.Effect<Generated, ChatModelError>
    }
  )

/**
 * Makes a chat model. With `generate` alone `stream` yields one chunk, the whole answer; with `stream` alone `invoke`
 * folds it; with both `invoke` uses `generate`.
 *
 * **Example** (An echo)
 *
 * ```ts
 * import { Stream } from "effect"
 * import { AIMessageChunk, ChatModel } from "rivulet"
 *
 * const echo = ChatModel.make({
 *   provider: "local",
 *   model: "echo",
 *   stream: ({ messages }) =>
 *     Stream.make(
 *       AIMessageChunk.text(`${messages.length} messages`),
 *       { ...AIMessageChunk.empty, finish: { reason: "stop", raw: "" } }
 *     )
 * })
 * ```
 */
export const make = (spec: MakeOptions): Service => {
  const defaults = spec.options ?? {}
  const generate = spec.generate
  const whole = generate === undefined
    ? undefined
    : (request: ChatRequest) => Stream.fromEffect(Effect.map(generate(request), toChunk))
  const open = spec.stream ?? whole
  // MakeOptions has one of the two; a caller without types may have neither.
  if (open === undefined) throw new TypeError("ChatModel.make: give `stream`, `generate` or both")
  const run = (from: typeof open, input: ChatInput, options: CallOptions | undefined) =>
    watch(
      info,
      input,
      openCall({
        provider: spec.provider,
        model: spec.model,
        request: prepare(spec, input, merge(defaults, options)),
        open: from
      })
    )
  const info: StepInfo = {
    type: "chat_model",
    name: spec.provider,
    events: { input: (input: ChatInput) => ({ messages: [toMessages(input)] }) }
  }
  const invoke: Service["invoke"] = (input, options) => collect(run(whole ?? open, input, options))

  const capabilities = makeCapabilities({ tokenStreaming: spec.stream !== undefined, ...spec.capabilities })
  return ChatModel.of({
    ...makeRunnable(info, (input: ChatInput) => run(open, input, undefined)),
    provider: spec.provider,
    model: spec.model,
    capabilities,
    supportsSchema: spec.supportsSchema ?? (() => capabilities.structuredOutput),
    stream: (input, options) => toStream(run(open, input, options)),
    invoke,
    ...batches((input: ChatInput, options: BatchOptions | undefined) => Effect.result(invoke(input, options)))
  })
}

const toChunk = (generated: Generated): AIMessageChunk => {
  const content = generated.content ??
    (generated.parts ?? []).reduce((all, part) => part.type === "text" ? all + part.text : all, "")
  return {
    _tag: "AIMessageChunk",
    id: generated.id ?? "",
    content,
    parts: generated.parts ?? (content === "" ? [] : [{ type: "text", index: 0, text: content }]),
    finish: generated.finish ?? { reason: "stop", raw: "" },
    ...(generated.usage === undefined ? undefined : { usage: generated.usage }),
    ...(generated.metadata === undefined ? undefined : { metadata: generated.metadata })
  }
}
