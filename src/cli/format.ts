import type { Usage } from "../Usage.ts"

/** Tokens in words. */
export const describeUsage = (usage: Usage): string => `${usage.inputTokens} tokens in, ${usage.outputTokens} out`

/** Milliseconds in words. */
export const seconds = (millis: number): string =>
  millis < 1000 ? `${Math.round(millis)} ms` : `${(millis / 1000).toFixed(1)} s`
