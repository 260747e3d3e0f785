import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { AIMessage } from "../../Message.ts"
import { limitsOf } from "../json/limits.ts"
import { Pace } from "../json/snapshotPacer.ts"
import type { Options } from "../json/text.ts"
import { streaming } from "../runnable/make.ts"
import { last } from "../step/fold.ts"
import type { Runnable } from "../step/types.ts"
import { readStream } from "../stream/readStream.ts"
import { Answer, wholeChunk } from "./answer.ts"
import type { OutputParserError } from "./error.ts"
import { XmlReader } from "./xmlReader.ts"
import type { Xml } from "./xmlReader.ts"

export const xmlParser = (
  options: Omit<Options, "prose"> | undefined,
  root: string | undefined
): Runnable<AIMessage, Xml, OutputParserError, never, Xml, AIMessageChunk> => {
  const asked = () => root === undefined ? "XML" : `XML, in <${root}>`
  const over = <E, R>(chunks: Stream.Stream<AIMessageChunk, E, R>, partly: boolean) =>
    readStream(chunks, () => {
      const answer = new Answer(asked)
      const reader = new XmlReader(limitsOf(options), root)
      const pace = new Pace(reader)
      const failure = () => reader.failure === undefined ? undefined : answer.unreadable(reader.failure)
      return {
        push: (chunks: ReadonlyArray<AIMessageChunk>) =>
          Effect.sync(() => {
            const values: Array<Xml> = []
            for (const chunk of chunks) {
              answer.add(chunk)
              reader.push(chunk.content)
              pace.earn(chunk.content.length)
              const value = partly ? pace.next() : undefined
              if (value !== undefined) values.push(value)
            }
            return values
          }),
        failure,
        end: Effect.suspend((): Effect.Effect<ReadonlyArray<Xml>, OutputParserError> => {
          const whole = reader.end()
          const error = answer.declined() ?? failure()
          if (error !== undefined) return Effect.fail(error)
          // Without a failure there is a value.
          return Effect.succeed(pace.shown ? [] : [whole!])
        })
      }
    })
  return streaming({
    type: "parser",
    name: "XMLOutputParser",
    fold: last<Xml>,
    run: (message: AIMessage) => over(Stream.sync(() => wholeChunk(message)), false),
    over: <E, R>(chunks: Stream.Stream<AIMessageChunk, E, R>) => over(chunks, true)
  })
}
