/**
 * Limits of requests, tokens and concurrency for a model: {@link withRateLimit}.
 *
 * **When to use**
 *
 * Use this module for a model, and `ModelLimitsRedis` if several processes share a limit. `Runnable.withRateLimit` limits
 * the runs of any step, and knows no tokens.
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
export { withRateLimit } from "./internal/model/rateLimit.ts"
export type { RateLimit, RateLimitOptions } from "./internal/model/rateLimit.ts"
