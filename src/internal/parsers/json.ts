/**
 * The shared part of the JSON parsers: `OutputParser.json` and `OutputParser.schema` are specs of {@link jsonParser}.
 * It must not import their handlers. Text is read once, and decoded only where a handler does so.
 */
import * as Effect from "effect/Effect"
import type { Json } from "effect/Schema"
import * as Stream from "effect/Stream"
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { AIMessage } from "../../Message.ts"
import type { EventPolicy } from "../events/policy.ts"
import type { Choice } from "../json/finder.ts"
import { JsonText } from "../json/text.ts"
import type { Options } from "../json/text.ts"
import { streaming } from "../runnable/make.ts"
import { last } from "../step/fold.ts"
import type { ChunkFold } from "../step/fold.ts"
import type { Runnable } from "../step/types.ts"
import { Answer, wholeChunk } from "./answer.ts"
import type { OutputParserError } from "./error.ts"
import { readAnswer } from "./restarts.ts"

/** The parts in which the JSON parsers differ. */
export interface JsonSpec<A, Chunk, R> {
  /** The name of the step in events. */
  readonly name: string
  /** The options of the reader. `prose` defaults to `true` here. */
  readonly options: Options | undefined
  /** The fold of the parser's chunks. */
  readonly fold: () => ChunkFold<Chunk, A>
  /** Describes the expected form of the answer; called only when an error is made. */
  readonly expected: () => string
  /** How the value is chosen among several in prose. Defaults to the first. */
  readonly choice?: Choice | undefined
  /** Makes the handler of one answer. */
  readonly make: (answer: Answer, text: JsonText) => JsonHandler<Chunk, R>
  /** How events show the parser. Defaults to its input message and its chunks. */
  readonly events?: EventPolicy | undefined
}

/** Turns the JSON of one answer into the parser's chunks. */
export interface JsonHandler<Chunk, R> {
  /** The chunk after one slice of the answer, if any. Not called for an answer that is already complete. */
  readonly slice?: (() => Chunk | undefined) | undefined
  /** Runs after all slices of one read, if it is not undefined. */
  readonly judge?: (() => Effect.Effect<void, never, R> | undefined) | undefined
  /** The chunks after all slices of one read. Takes the place of `slice` when decoding needs an effect. */
  readonly read?: Effect.Effect<ReadonlyArray<Chunk>, never, R> | undefined
  /** The error for which reading stops, if there is one. */
  readonly failure?: (() => OutputParserError | undefined) | undefined
  /** The last chunks, made from the complete JSON. */
  readonly end: (whole: Json) => Effect.Effect<ReadonlyArray<Chunk>, OutputParserError, R>
}

/** Makes the step of a JSON parser. */
export const jsonParser = <A, Chunk, R>(
  spec: JsonSpec<A, Chunk, R>
): Runnable<AIMessage, A, OutputParserError, R, Chunk, AIMessageChunk> => {
  // A complete message is read like a stream, but without partial values.
  const over = <E2, R2>(chunks: Stream.Stream<AIMessageChunk, E2, R2>, incremental: boolean) =>
    readAnswer(chunks, () => {
      const text = new JsonText({ prose: true, ...spec.options }, spec.choice)
      const answer = new Answer(spec.expected)
      const handler = spec.make(answer, text)
      const failure = () =>
        handler.failure?.() ?? (text.failure === undefined ? undefined : answer.unreadable(text.failure))
      return {
        push: (chunks: ReadonlyArray<AIMessageChunk>) =>
          Effect.suspend(() => {
            const values: Array<Chunk> = []
            for (const chunk of chunks) {
              const slice = answer.add(chunk)
              if (slice === "" || text.failure !== undefined) continue
              text.push(slice)
              const value = incremental ? handler.slice?.() : undefined
              if (value !== undefined) values.push(value)
            }
            const judging = handler.judge?.()
            return handler.read ?? (judging === undefined ? Effect.succeed(values) : Effect.as(judging, values))
          }),
        failure,
        end: Effect.suspend((): Effect.Effect<ReadonlyArray<Chunk>, OutputParserError, R> => {
          const declined = answer.declined()
          if (declined !== undefined) return Effect.fail(declined)
          text.push(answer.end())
          // `end` sets a failure when it returns false.
          if (!text.end()) return Effect.fail(failure()!)
          return text.openEnded && answer.cutOff
            ? Effect.fail(answer.incomplete([], "The number may have lost digits"))
            : handler.end(text.whole!)
        })
      }
    }, spec.fold().kind?.() === "snapshots")
  return streaming({
    type: "parser",
    name: spec.name,
    fold: spec.fold,
    events: spec.events,
    run: (message: AIMessage) => over(Stream.sync(() => wholeChunk(message)), false),
    over: <E2, R2>(chunks: Stream.Stream<AIMessageChunk, E2, R2>) => over(chunks, true)
  })
}

/** Folds the input to its last chunk with text, which LangChain's JSON parser reports as the input of its end event. */
export const lastText = (): ChunkFold<AIMessageChunk, AIMessageChunk | undefined> => {
  const fold = last<AIMessageChunk>()
  return {
    ...fold,
    add: (chunks) =>
      fold.add(chunks.filter(({ content }, i) => content !== "" || (i === 0 && fold.partial() === undefined)))
  }
}
