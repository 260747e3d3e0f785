/**
 * Runnables: prompts, models, parsers and functions with one interface, composed into chains.
 *
 * A runnable can be invoked, streamed, batched and watched event by event. A chain of runnables is a runnable again.
 *
 * **Details**
 *
 * - The errors and services of a chain are those of all its steps. A step that does not fit is a compile error.
 * - A step that can work on chunks starts with the first chunk. Any other step waits for the fold of its input.
 * - Nothing runs before a stream is run. Leaving it stops all steps, and closes their connections.
 *
 * {@link Runnable} has the details of the types.
 *
 * @module
 * @since 0.1.0
 * @stability stable
 */
export { RunnableDefectError } from "./internal/defects.ts"
export { emit, streamEvents } from "./internal/events/streamEvents.ts"
export type { EventOptions } from "./internal/events/streamEvents.ts"
export { assign } from "./internal/runnable/assign.ts"
export { branch } from "./internal/runnable/branch.ts"
export { withCache } from "./internal/runnable/cache.ts"
export type { CacheOptions } from "./internal/runnable/cache.ts"
export { withConfig } from "./internal/runnable/config.ts"
export { each } from "./internal/runnable/each.ts"
export type { EachOptions } from "./internal/runnable/each.ts"
export { withFallbacks } from "./internal/runnable/fallbacks.ts"
export { fn, map, passthrough, retriever, transform } from "./internal/runnable/functions.ts"
export { graph, toMermaid } from "./internal/runnable/graph.ts"
export type { Graph, GraphEdge, GraphNode } from "./internal/runnable/graph.ts"
export { withListeners } from "./internal/runnable/listeners.ts"
export type { Ended, Failed, Interrupted, Listeners, Started } from "./internal/runnable/listeners.ts"
export { parallel } from "./internal/runnable/parallel.ts"
export { pick } from "./internal/runnable/pick.ts"
export { provide } from "./internal/runnable/provide.ts"
export { withRateLimit } from "./internal/runnable/rateLimit.ts"
export type { RateLimitOptions } from "./internal/runnable/rateLimit.ts"
export { withRetry } from "./internal/runnable/retry.ts"
export type { RetryOptions } from "./internal/runnable/retry.ts"
export { route, RouteError } from "./internal/runnable/route.ts"
export { andThen, sequence } from "./internal/runnable/sequence.ts"
export { RunnableTimeoutError, withTimeout } from "./internal/runnable/timeout.ts"
export type { BatchOptions, BatchProgress, Inputs } from "./internal/step/batch.ts"
export type { Chain, Runnable } from "./internal/step/types.ts"
