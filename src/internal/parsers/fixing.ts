import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { AIMessage } from "../../Message.ts"
import type { ChatInput } from "../request.ts"
import { streaming, TypeId } from "../runnable/core.ts"
import type { Runnable } from "../runnable/core.ts"
import { last } from "../runnable/fold.ts"
import type { Folder } from "../runnable/fold.ts"
import { OutputParserError } from "./error.ts"

/** What can be asked to put an answer right. */
export type Fixer<E, R> = Runnable<ChatInput, AIMessage, E, R, AIMessageChunk>

/** How an answer is put right. */
export interface FixingOptions {
  /** What the model is asked; by default, to say its text again as it was asked for, given what is wrong with it. */
  readonly prompt?: ((error: OutputParserError) => ChatInput) | undefined
}

/** The failure of what is read, which is none of the parser's. */
class Upstream<E> {
  readonly error: E
  constructor(error: E) {
    this.error = error
  }
}

/**
 * A parser that has an answer put right once. What it has shown is not taken back: where a chunk is the value so far,
 * the last one alone comes of the second answer; where each chunk is a part of its own, there is no second answer any
 * more after the first of them.
 */
export const fixing = <A, E, R, C, E2, R2>(
  parser: Runnable<AIMessage, A, E, R, C, AIMessageChunk>,
  fixer: Fixer<E2, R2>,
  options: FixingOptions | undefined
): Runnable<AIMessage, A, E | E2, R | R2, C, AIMessageChunk> => {
  const { folder } = parser[TypeId]
  const replaces = folder === last
  const prompt = options?.prompt ?? defaultPrompt
  const mended = <E3, R3>(first: Stream.Stream<C, E | Upstream<E3>, R | R3>) =>
    Stream.suspend(() => {
      let shown = false
      return first.pipe(
        Stream.mapArray((chunks) => {
          shown = true
          return chunks
        }),
        Stream.catch((error): Stream.Stream<C, E | E2 | E3, R | R2> => {
          if (error instanceof Upstream) return Stream.fail(error.error)
          if (!canBeFixed(error) || (shown && !replaces)) return Stream.fail(error)
          if (!shown) return parser.transform(fixer.stream(prompt(error)))
          // The value of a parser whose chunks replace each other is its last chunk.
          return Stream.fromEffect(Effect.flatMap(fixer.invoke(prompt(error)), parser.invoke)) as Stream.Stream<
            never,
            E | E2,
            R | R2
          >
        })
      )
    })
  return streaming({
    type: "parser",
    name: "OutputFixingParser",
    // It puts out what the parser does.
    folder: folder as () => Folder<C, A>,
    run: (message: AIMessage) => mended<never, never>(parser.stream(message)),
    over: <E3, R3>(chunks: Stream.Stream<AIMessageChunk, E3, R3>) =>
      mended<E3, R3>(parser.transform(Stream.mapError(chunks, (error) => new Upstream(error))))
  })
}

/** Who declined, or was cut off, would be so again. */
const canBeFixed = (error: unknown): error is OutputParserError =>
  error instanceof OutputParserError && (error.reason === "Malformed" || error.reason === "Mismatch")

const defaultPrompt = ({ asked, issues, raw }: OutputParserError): ChatInput =>
  `This text is not what was asked for:

${raw}

It should be: ${asked}

What is wrong with it:
${
    issues.map(({ message, path }) => `- ${path.length === 0 ? "" : `at ${JSON.stringify(path)}: `}${message}`).join(
      "\n"
    )
  }

Say it again as it should be. Keep what it says, and add no other words.`
