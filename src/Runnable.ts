/**
 * Runnables: prompts, models, parsers and functions with one interface, put together into chains.
 *
 * A runnable can be invoked, streamed, batched and watched. A chain of runnables is one again; how it can fail and what
 * it needs is the sum of what its steps can and need, and a step that does not fit is a compile error. {@link Runnable}
 * says how chunks pass: a step that can work on chunks starts with the first one, any other waits for the fold of its
 * input.
 */
export { withConfig } from "./internal/runnable/config.ts"
export type { Config } from "./internal/runnable/config.ts"
export type { BatchOptions, Runnable } from "./internal/runnable/core.ts"
export { withFallbacks } from "./internal/runnable/fallbacks.ts"
export { fn, map, passthrough, transform } from "./internal/runnable/functions.ts"
export { parallel } from "./internal/runnable/parallel.ts"
export { withRetry } from "./internal/runnable/retry.ts"
export type { RetryOptions } from "./internal/runnable/retry.ts"
export { andThen, sequence } from "./internal/runnable/sequence.ts"
export { emit, streamEvents } from "./internal/runnable/streamEvents.ts"
export type { EventOptions } from "./internal/runnable/streamEvents.ts"
