/**
 * The facts about chat models: limits, reasoning, sampling, tools, prices. The options of a call are fitted to it, so
 * that any model can take the place of any other.
 *
 * **Details**
 *
 * The library knows the models of several makers as they were on {@link collected}. An app adds rules of its own with
 * {@link layer}, and decides with {@link policy} what happens to options that a model does not take:
 *
 * - Another form says the same: it is used. An effort becomes tokens where a model takes those.
 * - A hint, such as a temperature, is left out or changed. A warning is logged once for each model and option, and
 *   `metadata.warnings` of the message lists it as `{ field, given, sent, reason }`.
 * - A promise, such as a forced tool, a schema or a stop sequence, fails the call with `UnsupportedError` before anything
 *   is sent.
 *
 * Nothing is changed for a model that no rule fits, and `providerOptions` are never changed.
 *
 * Answers have a cost, in `usage.cost`, by the prices in the facts. {@link cost} says when it is known.
 *
 * **Example** (A fine-tune and a strict app)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { ModelFacts } from "rivulet"
 * import * as OpenAi from "rivulet/OpenAi"
 *
 * const Model = OpenAi.layer({ model: "acme-tuned", temperature: 0 }).pipe(
 *   Layer.provide(ModelFacts.layer([{ match: "^acme-", sampling: "always", maxOutput: 16_384 }])),
 *   Layer.provide(ModelFacts.policy("fail"))
 * )
 * ```
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
import type { ConfigError } from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { allRules } from "./internal/facts/all.ts"
import type { ModelFactsError } from "./internal/facts/error.ts"
import { lookUp } from "./internal/facts/lookup.ts"
import { ModelFacts } from "./internal/facts/settings.ts"
import type { FactsRules, FactsSource } from "./internal/facts/settings.ts"
import type { Facts, Fit, Rule, Subject } from "./internal/facts/types.ts"
import { know, source as makeSource } from "./internal/model/knowledge.ts"
import type { ListingProvider, ListOptions } from "./internal/provider/fromProvider.ts"

export { collected } from "./internal/facts/data/terms.ts"
export { ModelFactsError } from "./internal/facts/error.ts"
export type { FitWarning } from "./internal/facts/fitting.ts"
export { ModelFacts } from "./internal/facts/settings.ts"
export type { FactsRules, FactsSettings, FactsSource } from "./internal/facts/settings.ts"
export type { Facts, Fit, Price, Range, Rule, Subject, ThinkingFacts, ToolFacts } from "./internal/facts/types.ts"
export { cost } from "./internal/model/cost.ts"
export type { ListingProvider, ListOptions } from "./internal/provider/fromProvider.ts"

/**
 * The facts about a model, by the rules of the library. `model.facts` of a chat model also has those of the app that made
 * it.
 *
 * **Example** (The longest answer)
 *
 * ```ts
 * import { ModelFacts } from "rivulet"
 *
 * ModelFacts.of({ provider: "anthropic", api: "messages", model: "claude-haiku-4-5" }).maxOutput // 64000
 * ```
 */
export const of = (subject: Subject): Facts => lookUp(allRules, subject).facts

/**
 * The facts about the models of a provider of your own, for `ChatModel.make`.
 *
 * **Example** (A model with a price)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatModel, ModelFacts } from "rivulet"
 *
 * const echo = ChatModel.make({
 *   provider: "local",
 *   model: "echo-1",
 *   facts: ModelFacts.source({ rules: [{ match: "^echo-", maxOutput: 1000, price: { in: 1, out: 2 } }] }),
 *   generate: () => Effect.succeed({ content: "Hi" })
 * })
 * ```
 */
export const source = (rules: FactsRules): FactsSource => makeSource(rules)

/**
 * Adds rules of the app, which come before those of the library and those of an outer layer.
 *
 * **Example** (A fine-tuned model)
 *
 * ```ts
 * import { ModelFacts } from "rivulet"
 *
 * const Facts = ModelFacts.layer([{ match: "^my-tune-", provider: ["openai"], sampling: "always", maxOutput: 16_384 }])
 * ```
 */
export const layer = (rules: ReadonlyArray<Rule>): Layer.Layer<never> =>
  Layer.effect(
    ModelFacts,
    Effect.map(ModelFacts, (settings) => ({ ...settings, know, rules: [...rules, ...settings.rules] }))
  )

/**
 * Sets what happens to options that a model does not take. `fit` of a model or of a call takes precedence.
 *
 * **Example** (No option is ever changed)
 *
 * ```ts
 * import { ModelFacts } from "rivulet"
 *
 * const Strict = ModelFacts.policy("fail")
 * ```
 */
export const policy = (fit: Fit): Layer.Layer<never> =>
  Layer.effect(ModelFacts, Effect.map(ModelFacts, (settings) => ({ ...settings, fit })))

/**
 * Rules from a provider's own list of models, for models that are newer than the library or on a server of one's own.
 *
 * **Details**
 *
 * | Provider | What its list tells |
 * | --- | --- |
 * | `anthropic` | Context, longest answer, reasoning, schemas, inputs, status |
 * | `google` | Context, longest answer, the greatest temperature, topK, whether a model reasons |
 * | `mistral` | Context, tools, images, deprecation |
 * | `ollama` | Context, tools, images and reasoning of each model of the server |
 * | `openrouter` | Context, longest answer, inputs, price, and the options that a model does not take |
 *
 * Facts that a list leaves out are taken from the rules of the library. A key and an address that the options omit are
 * read from the environment. Nothing is kept: the list is read each time the effect runs, so put {@link layer} over it
 * once.
 *
 * **Gotchas**
 *
 * A list that is too slow, too long or of another form fails with `ModelFactsError`. Decide whether the app starts
 * without it.
 *
 * **Example** (The models of a local server)
 *
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { ModelFacts } from "rivulet"
 * import * as OpenAiCompatible from "rivulet/OpenAiCompatible"
 *
 * const Facts = Layer.unwrap(Effect.map(ModelFacts.fromProvider("ollama"), ModelFacts.layer))
 *
 * const Model = OpenAiCompatible.layer({ preset: "ollama", model: "my-tune", reasoning: { effort: "high" } }).pipe(
 *   Layer.provide(Facts)
 * )
 * ```
 */
export const fromProvider = (
  provider: ListingProvider,
  options: ListOptions = {}
): Effect.Effect<ReadonlyArray<Rule>, ModelFactsError | ConfigError> =>
  Effect.flatMap(
    Effect.promise(() => import("./internal/provider/fromProvider.ts")),
    (lists) => lists.fromProvider(provider, options)
  )
