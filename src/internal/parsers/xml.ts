/**
 * `OutputParser.xml`: connects the XML reader to answers and streams. Reading is linear in the text; snapshots are
 * paced like those of JSON.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { AIMessage } from "../../Message.ts"
import { limitsOf } from "../json/limits.ts"
import { SnapshotPacer } from "../json/snapshotPacer.ts"
import type { Options } from "../json/text.ts"
import { isThinkName } from "../json/thinkTags.ts"
import { streaming } from "../runnable/make.ts"
import { last } from "../step/fold.ts"
import type { Runnable } from "../step/types.ts"
import { Answer, wholeChunk } from "./answer.ts"
import type { OutputParserError } from "./error.ts"
import { readAnswer } from "./restarts.ts"
import { XmlReader } from "./xmlReader.ts"
import type { Xml } from "./xmlReader.ts"

/** Makes a parser of the first XML element of an answer, or of the first one named `root`. */
export const xmlParser = (
  options: Omit<Options, "prose"> | undefined,
  root: string | undefined
): Runnable<AIMessage, Xml, OutputParserError, never, Xml, AIMessageChunk> => {
  // Tags that are asked for are not those of reasoning.
  const ownsTags = root !== undefined && isThinkName(root)
  const expected = () => root === undefined ? "XML" : `XML, in <${root}>`
  const over = <E, R>(chunks: Stream.Stream<AIMessageChunk, E, R>, incremental: boolean) =>
    readAnswer(chunks, () => {
      const answer = new Answer(expected)
      const reader = new XmlReader(limitsOf(options), root)
      const pacer = new SnapshotPacer(reader)
      const failure = () => reader.failure === undefined ? undefined : answer.unreadable(reader.failure)
      return {
        push: (chunks: ReadonlyArray<AIMessageChunk>) =>
          Effect.sync(() => {
            const values: Array<Xml> = []
            for (const chunk of chunks) {
              const said = answer.add(chunk)
              const slice = ownsTags ? chunk.content : said
              reader.push(slice)
              pacer.addCredit(slice.length)
              const value = incremental ? pacer.next() : undefined
              if (value !== undefined) values.push(value)
            }
            return values
          }),
        failure,
        end: Effect.suspend((): Effect.Effect<ReadonlyArray<Xml>, OutputParserError> => {
          if (!ownsTags) reader.push(answer.end())
          const whole = reader.end()
          const error = answer.declined() ?? failure()
          if (error !== undefined) return Effect.fail(error)
          // `end` returns a value unless it sets a failure.
          return Effect.succeed(pacer.shown ? [] : [whole!])
        })
      }
    }, true)
  return streaming({
    type: "parser",
    name: "XMLOutputParser",
    fold: last<Xml>,
    run: (message: AIMessage) => over(Stream.sync(() => wholeChunk(message)), false),
    over: <E, R>(chunks: Stream.Stream<AIMessageChunk, E, R>) => over(chunks, true)
  })
}
