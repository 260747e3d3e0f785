/**
 * Models that answer equal requests once: from a cache ({@link withCache}), or by sharing a request that is in flight
 * ({@link withSharing}).
 *
 * **When to use**
 *
 * Use this module for a model. `Runnable.withCache` caches any step, such as a whole chain.
 *
 * **Details**
 *
 * A wrapped model is a `ChatModel.Service` or a layer of it, so agents, `generateObject`, histories and chains take it
 * without knowing.
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
export { withCache } from "./internal/model/cache.ts"
export type { ModelCacheOptions } from "./internal/model/cache.ts"
export type { RequestKeyOptions } from "./internal/model/requestKey.ts"
export { withSharing } from "./internal/model/sharing.ts"
