/**
 * The constructor of chat models. Every model is made here, so all of them retry, keep time limits, check their input and
 * have events in the same way. Providers call it without the public module, `ChatModel`.
 */
import * as Effect from "effect/Effect"
import type * as JsonSchema from "effect/JsonSchema"
import * as Stream from "effect/Stream"
import type { AIMessageChunk, Delta } from "../../AIMessageChunk.ts"
import type { CallOptions } from "../../CallOptions.ts"
import { make as makeCapabilities } from "../../Capabilities.ts"
import type { Capabilities } from "../../Capabilities.ts"
import type { ChatModelError } from "../../ChatModelError.ts"
import type { Finish } from "../../Finish.ts"
import type { Metadata } from "../../Message.ts"
import type { Usage } from "../../Usage.ts"
import { AnswerListener } from "../events/currentRun.ts"
import type { FactsSettings, FactsSource, Knowledge } from "../facts/settings.ts"
import { empty } from "../message/chunk.ts"
import { collect } from "../step/run.ts"
import { openCall } from "./call.ts"
import type { Call } from "./call.ts"
import { makeService } from "./makeService.ts"
import { prepare } from "./prepare.ts"
import type { ChatInput, ChatRequest } from "./request.ts"
import type { Service } from "./service.ts"

/** A whole answer, as `generate` returns it. */
export interface Generated {
  /** The text. Absent: the text of `parts`. */
  readonly content?: string | undefined
  /** All parts of the answer. Absent: one text part with `content`. */
  readonly parts?: ReadonlyArray<Delta> | undefined
  /** The id of the message. Empty by default. */
  readonly id?: string | undefined
  /** The tokens used. */
  readonly usage?: Usage | undefined
  /** Why the answer ended. `stop` by default. */
  readonly finish?: Finish | undefined
  /** Further data of the provider. */
  readonly metadata?: Metadata | undefined
}

interface MakeBase {
  /** The name of the provider, in errors, events and messages. */
  readonly provider: string
  /** The name of the model. */
  readonly model: string
  /** The address of the server that is asked, for telemetry, which tells its host and its port. Absent: not known. */
  readonly baseUrl?: string | undefined
  /** Default options of every call. */
  readonly options?: CallOptions | undefined
  /**
   * The capabilities of the model. Omitted ones default to false, except `tokenStreaming`, which defaults to true when
   * `stream` is given. A call that needs a missing capability (tools, an image, a schema) fails with `UnsupportedError`
   * before it reaches the model. Absent: every call reaches the model.
   */
  readonly capabilities?: Partial<Capabilities> | undefined
  /**
   * Whether the provider can enforce a JSON Schema. By default it can enforce every schema if the capabilities have
   * `structuredOutput`.
   */
  readonly supportsSchema?: ((schema: JsonSchema.JsonSchema) => boolean) | undefined
  /**
   * Counts the tokens of the input of a request, with the retries and the time limits of a call. By default the provider
   * does not count.
   */
  readonly countTokens?: ((request: ChatRequest) => Effect.Effect<number, ChatModelError>) | undefined
  /**
   * The facts about the provider's models, from `ModelFacts.source`. The options of a call are fitted to the facts
   * about this model before a request is made. By default only the rules of `ModelFacts.layer` apply.
   */
  readonly facts?: FactsSource | undefined
}

/** Options of {@link make}: a function that streams, a function that returns a whole answer, or both. */
export type MakeOptions =
  & MakeBase
  & (
    | {
      /** Streams an answer. It must end with one chunk that has a `finish`. */
      readonly stream: (request: ChatRequest) => Stream.Stream<AIMessageChunk, ChatModelError>
      /** Returns a whole answer. Used by `invoke` instead of `stream`. */
      readonly generate?: ((request: ChatRequest) => Effect.Effect<Generated, ChatModelError>) | undefined
    }
    | {
      /** Absent: `stream` yields the answer of `generate` as one chunk. */
      readonly stream?: undefined
      /** Returns a whole answer. */
      readonly generate: (request: ChatRequest) => Effect.Effect<Generated, ChatModelError>
    }
  )

/**
 * Makes a chat model from a function that streams, a function that returns a whole answer, or both.
 *
 * **Details**
 *
 * - With `generate` alone, `stream` yields one chunk: the whole answer.
 * - With `stream` alone, `invoke` folds the stream.
 * - With both, `invoke` uses `generate`.
 *
 * Retries, time limits, the check of the input, `partial` in errors, and events are added here.
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
export const make = (spec: MakeOptions, settings?: FactsSettings): Service => {
  const defaults = spec.options ?? {}
  const generate = spec.generate
  const whole = generate === undefined
    ? undefined
    : (request: ChatRequest) => Stream.fromEffect(Effect.map(generate(request), toChunk))
  const stream = spec.stream ?? whole
  // MakeOptions has one of the two; a caller without types may give neither.
  if (stream === undefined) throw new TypeError("ChatModel.make: give `stream`, `generate` or both")
  const { baseUrl, model, provider } = spec
  if (spec.facts !== undefined && typeof spec.facts.know !== "function") {
    throw new TypeError("ChatModel.make: `facts` must be made by ModelFacts.source")
  }
  const known = (spec.facts?.know ?? settings?.know)?.(spec, spec.facts, settings)
  const facts = known?.facts ?? {}
  const byFacts = spec.capabilities && (known?.capabilities(spec.capabilities) ?? spec.capabilities)
  let ofCaller: Knowledge | undefined
  const knowledge = ({ know }: FactsSettings): Knowledge | undefined =>
    known ?? (know && (ofCaller ??= know(spec, undefined, undefined)))
  const capabilities = makeCapabilities({ tokenStreaming: spec.stream !== undefined, ...byFacts })
  const prepared = (input: ChatInput, options: CallOptions | undefined) =>
    prepare({ provider, model, capabilities: spec.capabilities, knowledge }, input, defaults, options)
  const { countTokens } = spec
  const takesSchemas = facts.json === undefined || facts.json === "schema"
  return makeService(
    {
      provider,
      model,
      options: defaults,
      capabilities,
      facts,
      supportsSchema: (schema) => takesSchemas && (spec.supportsSchema?.(schema) ?? capabilities.structuredOutput),
      countTokens: countTokens && ((input, options) =>
        counted({
          provider,
          model,
          knowledge,
          baseUrl,
          operation: "count_tokens",
          streams: false,
          request: prepared(input, options),
          open: (request) => Stream.fromEffect(Effect.map(countTokens(request), countChunk))
        }))
    },
    (input, options, wantsWhole) =>
      openCall({
        provider,
        model,
        knowledge,
        baseUrl,
        operation: "chat",
        streams: spec.stream !== undefined && !(wantsWhole && whole !== undefined),
        request: prepared(input, options),
        open: wantsWhole ? whole ?? stream : stream
      })
  )
}

/** A count is a call whose answer is a usage, so that it has the retries and the time limits of a call. It is no answer. */
const counted = (call: Call): Effect.Effect<number, ChatModelError> =>
  collect(openCall(call)).pipe(
    Effect.map(({ usage }) => usage?.inputTokens ?? 0),
    Effect.provideService(AnswerListener, undefined)
  )

const countChunk = (inputTokens: number): AIMessageChunk => ({
  ...empty,
  usage: { inputTokens, outputTokens: 0, totalTokens: inputTokens },
  finish: { reason: "stop", raw: "" }
})

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
