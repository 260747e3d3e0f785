/**
 * Several models as one: fallbacks, a router, and hedged requests.
 *
 * **When to use**
 *
 * - {@link withFallbacks} asks another model when one fails.
 * - {@link withRouter} spreads calls over models, by weight, latency or key, and leaves out those that fail.
 * - {@link withHedge} sends a second request when the first one is slow to answer.
 *
 * **Details**
 *
 * - Each wraps a model or a layer for `ChatModel`, and gives the same again, so agents, `generateObject`, histories and
 *   chains need no change. If one of the other models is an effect, such as `OpenAi.make(...)`, a wrapped model is an
 *   effect, too.
 * - Only failures before the first chunk count. Nothing is shown twice, and every answer comes from one model.
 * - A wrapped model has the events of one model, and each model inside does its own retries.
 * - The name and the default options are those of the wrapped model; the capabilities are those that all models have.
 * - If all models fail, the `attempts` of the error have the failures of all of them.
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
export { answeredBy, otherModelMayAnswer } from "./internal/model/routing/attempts.ts"
export type { Answerer, When } from "./internal/model/routing/attempts.ts"
export type { CoolDownOptions } from "./internal/model/routing/circuit.ts"
export { withFallbacks } from "./internal/model/routing/fallbacks.ts"
export type { FallbackOptions } from "./internal/model/routing/fallbacks.ts"
export { withHedge } from "./internal/model/routing/hedge.ts"
export type { HedgeOptions } from "./internal/model/routing/hedge.ts"
export type { Known, ModelSource, ModelSources, WrapperOf } from "./internal/model/routing/models.ts"
export { withRouter } from "./internal/model/routing/router.ts"
export type { RouterOptions } from "./internal/model/routing/router.ts"
