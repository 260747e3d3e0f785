/**
 * The tokens of a request before it is sent.
 *
 * **When to use**
 *
 * Use {@link estimate} to keep a prompt short or to choose a model, and {@link withCalibration} if the estimates should
 * follow what a model reports. Limits and budgets use the same estimates.
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
export { Calibrations, estimate, estimateWith, withCalibration } from "./internal/model/countTokens.ts"
export type { Calibration } from "./internal/model/estimate.ts"
