import type { Finish } from "../Finish.ts"
import type { Usage } from "../Usage.ts"

/** Tokens in words. */
export const describeUsage = (usage: Usage): string => `${usage.inputTokens} tokens in, ${usage.outputTokens} out`

/** Milliseconds in words. */
export const seconds = (millis: number): string =>
  millis < 1000 ? `${Math.round(millis)} ms` : `${(millis / 1000).toFixed(1)} s`

/** How an answer came along; times are in milliseconds. */
export interface Course {
  readonly startedAt: number
  readonly firstAt: number | undefined
  readonly usage: Usage | undefined
  readonly finish: Finish | undefined
}

/** Output tokens a second, from the first chunk on, of an answer that is whole and took long enough to say. */
export const tokensPerSecond = ({ finish, firstAt, usage }: Course, endedAt: number): number | undefined =>
  firstAt !== undefined && usage !== undefined && finish !== undefined && endedAt - firstAt >= 100
    ? Math.round(usage.outputTokens / ((endedAt - firstAt) / 1000))
    : undefined

/** How an answer came along, in words. */
export const factsOf = (course: Course, endedAt: number): string => {
  const { finish, firstAt, startedAt, usage } = course
  const speed = tokensPerSecond(course, endedAt)
  return [
    ...(firstAt === undefined ? [] : [`first chunk after ${seconds(firstAt - startedAt)}`]),
    ...(speed === undefined ? [] : [`${speed} tokens/s`]),
    ...(usage === undefined ? [] : [describeUsage(usage)]),
    finish === undefined ? "broken off" : `finish: ${finish.reason}`
  ].join(", ")
}
