/**
 * The tokens of a request before it is sent.
 *
 * **When to use**
 *
 * - {@link count} for the number that the provider would bill, where it has an endpoint for that.
 * - {@link estimate} and {@link estimateWith} for a number at once, without asking anybody. Limits and budgets use the same
 *   estimates. {@link withCalibration} lets them follow what a model reports.
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
export {
  Calibrations,
  count,
  countWith,
  estimate,
  estimateWith,
  withCalibration
} from "./internal/model/countTokens.ts"
export type { TokenCount } from "./internal/model/countTokens.ts"
export type { Calibration } from "./internal/model/estimate.ts"
