/**
 * Numbers in words: tokens, durations and speed. Every command that reports on an answer uses it. It must import no
 * effect.
 */
import type { Finish } from "../Finish.ts"
import type { Usage } from "../Usage.ts"

/** Token usage in words, with the cost if it is known. */
export const describeUsage = ({ cost, inputTokens, outputTokens }: Usage): string =>
  `${inputTokens} tokens in, ${outputTokens} out${cost === undefined ? "" : `, ${dollars(cost.total)}`}`

/** An amount of US dollars, with two digits at least that are not zero. */
export const dollars = (amount: number): string => {
  if (amount === 0) return "$0"
  const digits = amount >= 1 ? 2 : Math.min(12, 1 - Math.floor(Math.log10(amount)))
  return `$${amount.toFixed(Math.max(2, digits))}`
}

/** A duration in milliseconds, in words. */
export const seconds = (millis: number): string =>
  millis < 1000 ? `${Math.round(millis)} ms` : `${(millis / 1000).toFixed(1)} s`

/** The measurements of an answer. */
export interface Measurements {
  /** The time of the request, in milliseconds. */
  readonly startedAt: number
  /** The time of the first chunk, in milliseconds; `undefined` before it. */
  readonly firstAt: number | undefined
  /** The usage so far; `undefined` if none was reported. */
  readonly usage: Usage | undefined
  /** The finish; `undefined` if the answer is incomplete. */
  readonly finish: Finish | undefined
}

/** Output tokens per second after the first chunk; `undefined` for an incomplete answer or one under 100 ms. */
export const tokensPerSecond = ({ finish, firstAt, usage }: Measurements, endedAt: number): number | undefined =>
  firstAt !== undefined && usage !== undefined && finish !== undefined && endedAt - firstAt >= 100
    ? Math.round(usage.outputTokens / ((endedAt - firstAt) / 1000))
    : undefined

/** The measurements of an answer in words. */
export const describeAnswer = (answer: Measurements, endedAt: number): string => {
  const { finish, firstAt, startedAt, usage } = answer
  const speed = tokensPerSecond(answer, endedAt)
  return [
    ...(firstAt === undefined ? [] : [`first chunk after ${seconds(firstAt - startedAt)}`]),
    ...(speed === undefined ? [] : [`${speed} tokens/s`]),
    ...(usage === undefined ? [] : [describeUsage(usage)]),
    finish === undefined ? "incomplete" : `finish: ${finish.reason}`
  ].join(", ")
}
