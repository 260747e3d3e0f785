/**
 * `TokenCount`: the tokens of a request before it is sent. Used by the public module alone. An estimate sends nothing.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { merge } from "../../CallOptions.ts"
import type { CallOptions } from "../../CallOptions.ts"
import type { ChatModelError } from "../../ChatModelError.ts"
import type { Usage } from "../../Usage.ts"
import { observed } from "../step/run.ts"
import { Calibration, estimateInput } from "./estimate.ts"
import { toMessages } from "./messages.ts"
import type { OpenModel } from "./opening.ts"
import type { ChatInput } from "./request.ts"
import { ChatModel } from "./service.ts"
import type { Service } from "./service.ts"
import { adaptModel, wrapper } from "./wrap.ts"
import type { Wrapper } from "./wrap.ts"

/** The tokens of the input of a request. */
export interface TokenCount {
  /** The tokens of the messages, the tools and the schema, as `Usage.inputTokens` counts them. */
  readonly inputTokens: number
  /** Whether the provider counted, or it is an estimate. */
  readonly source: "provider" | "estimate"
}

/**
 * The estimated tokens of the input of a request. Pure: it asks no model and loads no tokenizer.
 *
 * **Details**
 *
 * - A token is 4 characters of Latin script, 2.5 of Cyrillic, Arabic, Hindi and other alphabets, and 1.25 of Chinese,
 *   Japanese and Korean. Of a long text 256 characters are looked at.
 * - A token is 3 characters of the arguments of a call, and 4 of the JSON Schema of a tool or of the answer.
 * - An image is 1,000 tokens and a file that is no text 3,000, whatever their size.
 * - Each message and each tool has 4 tokens more.
 *
 * A text is off by a good third at most from OpenAI's count. {@link withCalibration} corrects the estimates of a model by the usage of its answers.
 *
 * **Example** (A prompt that must be short)
 *
 * ```ts
 * import { TokenCount } from "rivulet"
 *
 * const fits = (prompt: string) => TokenCount.estimate(prompt) <= 2_000
 * ```
 */
export const estimate = (input: ChatInput, options: CallOptions = {}): number =>
  estimateInput(toMessages(input), options)

/**
 * The calibrations of estimates, by `provider/model`. {@link withCalibration} fills it. By default all programs of a
 * process share one.
 */
export const Calibrations: Context.Reference<Map<string, Calibration>> = Context.Reference(
  "rivulet/TokenCalibrations",
  {
    defaultValue: () => new Map<string, Calibration>()
  }
)

/**
 * The estimated tokens of the input of a call, with the options that the model was made with and corrected by what
 * {@link withCalibration} has learned of it.
 *
 * **Example** (Estimating before asking)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatModel, TokenCount } from "rivulet"
 *
 * const ask = Effect.fnUntraced(function*(document: string) {
 *   const tokens = yield* TokenCount.estimateWith(yield* ChatModel.ChatModel, document)
 *   return tokens > 100_000 ? "That is too long." : (yield* ChatModel.invoke(document)).content
 * })
 * ```
 */
export const estimateWith = (model: Service, input: ChatInput, options?: CallOptions): Effect.Effect<number> =>
  Effect.map(Calibrations, (calibrations) => {
    const tokens = estimate(input, merge(model.options ?? {}, options))
    return calibrations.get(nameOf(model))?.corrected(tokens) ?? tokens
  })

/**
 * The tokens that the input of a call would have: counted by the provider if it has an endpoint for that, or else estimated
 * as by {@link estimateWith}.
 *
 * **Details**
 *
 * - Anthropic and OpenAI's Responses API count, at no cost; their limits of requests are apart from those of calls. All
 *   other models are estimated.
 * - The request is the one that a call would send, and the count fails as the call would: with `UnsupportedError` for what
 *   the model does not take, with `timeout` and `maxRetries` of the call. `providerOptions` count as far as the endpoint
 *   takes them.
 *
 * **Gotchas**
 *
 * A gateway behind a `baseUrl` may not have the endpoint. The count then fails, with `NotFoundError` as a rule;
 * {@link estimateWith} needs no server.
 *
 * **Example** (Counting before asking)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatModel, TokenCount } from "rivulet"
 *
 * const ask = Effect.fnUntraced(function*(document: string) {
 *   const { inputTokens } = yield* TokenCount.count(document)
 *   return inputTokens > 100_000 ? "That is too long." : (yield* ChatModel.invoke(document)).content
 * })
 * ```
 */
export const count = (
  input: ChatInput,
  options?: CallOptions
): Effect.Effect<TokenCount, ChatModelError, ChatModel> =>
  Effect.flatMap(ChatModel, (model) => countWith(model, input, options))

/**
 * {@link count} for a model at hand.
 *
 * **Example** (Two models)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { TokenCount } from "rivulet"
 * import type { ChatModel } from "rivulet"
 *
 * const both = (a: ChatModel.Service, b: ChatModel.Service, prompt: string) =>
 *   Effect.all([TokenCount.countWith(a, prompt), TokenCount.countWith(b, prompt)])
 * ```
 */
export const countWith = (
  model: Service,
  input: ChatInput,
  options?: CallOptions
): Effect.Effect<TokenCount, ChatModelError> =>
  model.countTokens === undefined
    ? Effect.map(estimateWith(model, input, options), (inputTokens) => ({ inputTokens, source: "estimate" }))
    : Effect.map(model.countTokens(input, options), (inputTokens) => ({ inputTokens, source: "provider" }))

/**
 * Corrects the estimates of a model, or of the model of a layer, by the usage of its answers.
 *
 * **Details**
 *
 * Each answer with usage moves the factor of its model: the first answers most, later ones by three tenths of the
 * difference. The factor is kept in {@link Calibrations}, so that it holds for all models of the same name. An answer costs
 * one estimate.
 *
 * **Example** (Estimates that learn)
 *
 * ```ts
 * import { TokenCount } from "rivulet"
 * import * as OpenAiCompatible from "rivulet/OpenAiCompatible"
 *
 * const Model = OpenAiCompatible.layer({ preset: "groq", model: "openai/gpt-oss-120b" }).pipe(TokenCount.withCalibration)
 * ```
 */
export const withCalibration: Wrapper = wrapper((model) =>
  adaptModel(
    model,
    (open): OpenModel => (input, options, whole) => (scope) =>
      Effect.flatMap(Calibrations, (calibrations) =>
        Effect.map(open(input, options, whole)(scope), (run) => {
          let usage: Usage | undefined
          return observed(run, {
            chunks: (chunks) => {
              for (const chunk of chunks) usage = chunk.usage ?? usage
            },
            end: () =>
              Effect.sync(() => {
                if (usage !== undefined) {
                  calibrationOf(calibrations, model).learn(estimate(input, merge(model.options ?? {}, options)), usage)
                }
              })
          })
        }))
  )
)

const nameOf = ({ model, provider }: Service): string => `${provider}/${model}`

/** The calibration of a model, which is made if there is none. */
const calibrationOf = (calibrations: Map<string, Calibration>, model: Service): Calibration => {
  const known = calibrations.get(nameOf(model))
  if (known !== undefined) return known
  const made = new Calibration()
  calibrations.set(nameOf(model), made)
  return made
}
