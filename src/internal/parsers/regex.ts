/**
 * `OutputParser.regex`: the groups of a pattern. The answer is matched once, when it has ended, because a later text
 * could change the match.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { AIMessage } from "../../Message.ts"
import { namesThinkTag, withoutThought } from "../json/thinkTags.ts"
import { streaming } from "../runnable/make.ts"
import { last } from "../step/fold.ts"
import type { Runnable } from "../step/types.ts"
import { Answer, wholeChunk } from "./answer.ts"
import type { OutputParserError } from "./error.ts"
import { readAnswer } from "./restarts.ts"

/** Makes a parser of the groups of a pattern, keyed by `names` or by the names of the groups. */
export const regexParser = (
  pattern: RegExp,
  names: ReadonlyArray<string> | undefined
): Runnable<AIMessage, Record<string, string>, OutputParserError, never, Record<string, string>, AIMessageChunk> => {
  // A global or sticky pattern would start after its previous match.
  const once = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ""))
  const ownsTags = namesThinkTag(pattern.source)
  const groupsOf = (match: RegExpExecArray) =>
    Object.fromEntries(
      names === undefined
        ? Object.entries(match.groups ?? {}).map(([name, group]) => [name, group ?? ""])
        : names.map((name, i) => [name, match[i + 1] ?? ""])
    )
  const over = <E, R>(chunks: Stream.Stream<AIMessageChunk, E, R>) =>
    readAnswer(chunks, () => {
      const answer = new Answer(() => String(pattern))
      return {
        push: (chunks: ReadonlyArray<AIMessageChunk>) =>
          Effect.sync(() => {
            for (const chunk of chunks) answer.add(chunk)
            return []
          }),
        failure: () => undefined,
        end: Effect.suspend((): Effect.Effect<ReadonlyArray<Record<string, string>>, OutputParserError> => {
          const match = once.exec(ownsTags ? answer.raw : withoutThought(answer.raw))
          // In an answer that was cut off the match may be incomplete.
          const error = answer.declined() ??
            (match === null || answer.cutOff
              ? answer.incomplete([], `Expected text that matches ${pattern}`)
              : undefined)
          return error === undefined ? Effect.succeed([groupsOf(match!)]) : Effect.fail(error)
        })
      }
    }, true)
  return streaming({
    type: "parser",
    name: "RegexParser",
    fold: last<Record<string, string>>,
    run: (message: AIMessage) => over(Stream.sync(() => wholeChunk(message))),
    over
  })
}
