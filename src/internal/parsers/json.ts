import * as Effect from "effect/Effect"
import type { Json } from "effect/Schema"
import * as Stream from "effect/Stream"
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { AIMessage } from "../../Message.ts"
import type { EventPolicy } from "../events/policy.ts"
import { JsonText } from "../json/text.ts"
import type { Options } from "../json/text.ts"
import { streaming } from "../runnable/make.ts"
import { last } from "../step/fold.ts"
import type { ChunkFold } from "../step/fold.ts"
import type { Runnable } from "../step/types.ts"
import { readStream } from "../stream/readStream.ts"
import { Answer, wholeChunk } from "./answer.ts"
import type { OutputParserError } from "./error.ts"

/** A parser of JSON. */
export interface JsonSpec<A, Chunk, R> {
  readonly name: string
  readonly options: Options | undefined
  readonly fold: () => ChunkFold<Chunk, A>
  /** What the answer should be, in words; only asked for when it is not. */
  readonly asked: () => string
  /** An array is shown by its elements; see `JsonFinder`. */
  readonly firm?: boolean | undefined
  readonly make: (answer: Answer, text: JsonText) => JsonHandler<Chunk, R>
  readonly events?: EventPolicy | undefined
}

/** What a parser makes of one answer. */
export interface JsonHandler<Chunk, R> {
  /** What a slice of the answer adds. Not asked of an answer that is there already. */
  readonly slice?: (() => Chunk | undefined) | undefined
  /** What all slices of a read add, where that takes an effect. */
  readonly read?: Effect.Effect<ReadonlyArray<Chunk>, never, R> | undefined
  /** Set when the answer need not be read any further. */
  readonly failure?: (() => OutputParserError | undefined) | undefined
  /** What the whole adds. */
  readonly end: (whole: Json) => Effect.Effect<ReadonlyArray<Chunk>, OutputParserError, R>
}

export const jsonParser = <A, Chunk, R>(
  spec: JsonSpec<A, Chunk, R>
): Runnable<AIMessage, A, OutputParserError, R, Chunk, AIMessageChunk> => {
  // An answer that is there already is read like one that comes, and not shown in part.
  const over = <E2, R2>(chunks: Stream.Stream<AIMessageChunk, E2, R2>, partly: boolean) =>
    readStream(chunks, () => {
      const text = new JsonText({ prose: true, ...spec.options }, spec.firm)
      const answer = new Answer(spec.asked)
      const handler = spec.make(answer, text)
      const failure = () =>
        handler.failure?.() ?? (text.failure === undefined ? undefined : answer.unreadable(text.failure))
      return {
        push: (chunks: ReadonlyArray<AIMessageChunk>) =>
          Effect.suspend(() => {
            const values: Array<Chunk> = []
            for (const chunk of chunks) {
              answer.add(chunk)
              if (chunk.content === "" || text.failure !== undefined) continue
              text.push(chunk.content)
              const value = partly ? handler.slice?.() : undefined
              if (value !== undefined) values.push(value)
            }
            return handler.read ?? Effect.succeed(values)
          }),
        failure,
        end: Effect.suspend((): Effect.Effect<ReadonlyArray<Chunk>, OutputParserError, R> => {
          const declined = answer.declined()
          if (declined !== undefined) return Effect.fail(declined)
          // Without a failure there is a value.
          if (!text.end()) return Effect.fail(failure()!)
          return text.openEnded && answer.cutOff
            ? Effect.fail(answer.incomplete([], "More of the number might have come"))
            : handler.end(text.whole!)
        })
      }
    })
  return streaming({
    type: "parser",
    name: spec.name,
    fold: spec.fold,
    events: spec.events,
    run: (message: AIMessage) => over(Stream.sync(() => wholeChunk(message)), false),
    over: <E2, R2>(chunks: Stream.Stream<AIMessageChunk, E2, R2>) => over(chunks, true)
  })
}

/** The last chunk with text: LangChain's JSON parser shows it as its input in the end event. */
export const lastText = (): ChunkFold<AIMessageChunk, AIMessageChunk | undefined> => {
  const fold = last<AIMessageChunk>()
  return {
    ...fold,
    add: (chunks) =>
      fold.add(chunks.filter(({ content }, i) => content !== "" || (i === 0 && fold.partial() === undefined)))
  }
}
