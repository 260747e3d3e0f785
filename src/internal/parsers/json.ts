import * as Effect from "effect/Effect"
import type { Json } from "effect/Schema"
import * as Stream from "effect/Stream"
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { AIMessage } from "../../Message.ts"
import { streaming } from "../runnable/core.ts"
import type { Runnable } from "../runnable/core.ts"
import { last } from "../runnable/fold.ts"
import type { Folder } from "../runnable/fold.ts"
import { Answer, wholeChunk } from "./answer.ts"
import type { OutputParserError } from "./error.ts"
import type { Failure } from "./jsonReader.ts"
import { JsonText } from "./jsonText.ts"
import type { Options } from "./jsonText.ts"
import { reading } from "./reading.ts"

/** A parser that shows JSON while it comes, and makes something of the whole. */
export interface JsonSpec<A, R> {
  readonly name: string
  readonly options: Options | undefined
  /** What the answer should be, in words; only asked for when it is not. */
  readonly asked: () => string
  /** What comes after the whole answer, beside `whole` itself if it was not `shown`. */
  readonly whole: (
    whole: Json,
    shown: boolean,
    answer: Answer
  ) => Effect.Effect<ReadonlyArray<Json | A>, OutputParserError, R>
}

export const jsonParser = <A, R>(
  spec: JsonSpec<A, R>
): Runnable<AIMessage, A, OutputParserError, R, Json | A, AIMessageChunk> => {
  // A whole answer is read like one that comes, but not shown in part.
  const over = <E2, R2>(chunks: Stream.Stream<AIMessageChunk, E2, R2>, partly: boolean) =>
    reading(chunks, () => {
      const text = new JsonText({ prose: true, ...spec.options })
      const answer = new Answer(spec.asked)
      const failure = () => text.failure === undefined ? undefined : failed(answer, text.failure)
      return {
        push: (chunks: ReadonlyArray<AIMessageChunk>) =>
          Effect.sync(() => {
            const values: Array<Json> = []
            for (const chunk of chunks) {
              answer.add(chunk)
              // A later failure could not say less of what there is than this one does.
              if (chunk.content === "" || text.failure !== undefined) continue
              text.push(chunk.content)
              const value = partly ? text.next() : undefined
              if (value !== undefined) values.push(value)
            }
            return values
          }),
        failure,
        end: Effect.suspend((): Effect.Effect<ReadonlyArray<Json | A>, OutputParserError, R> => {
          const declined = answer.declined()
          if (declined !== undefined) return Effect.fail(declined)
          // Without a failure there is a value.
          return text.end() ? spec.whole(text.whole!, text.shown, answer) : Effect.fail(failure()!)
        })
      }
    })
  return streaming({
    type: "parser",
    name: spec.name,
    // The last chunk is the whole: `whole` sees to it.
    folder: last as () => Folder<Json | A, A>,
    run: (message: AIMessage) => over(Stream.sync(() => wholeChunk(message)), false),
    over: <E2, R2>(chunks: Stream.Stream<AIMessageChunk, E2, R2>) => over(chunks, true)
  })
}

/** Why an answer is not the JSON that was asked for. */
export const failed = (answer: Answer, failure: Failure): OutputParserError => {
  const { message, path, reason } = failure
  switch (reason) {
    case "Empty":
    case "Incomplete":
      return answer.incomplete(path, message)
    case "Syntax":
      return answer.failed("Malformed", [{ path, message }])
    case "Depth":
    case "Length":
      return answer.failed("TooLarge", [{ path, message }])
  }
}
