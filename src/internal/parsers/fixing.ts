import * as Stream from "effect/Stream"
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { AIMessage } from "../../Message.ts"
import type { ChatInput } from "../model/request.ts"
import { open, opening, restreamed, TypeId } from "../runnable/core.ts"
import type { Opened, Runnable } from "../runnable/core.ts"
import { sequence } from "../runnable/sequence.ts"
import { last } from "../step/fold.ts"
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
  const prompt = options?.prompt ?? defaultPrompt
  const again = sequence(fixer, parser)
  const mended = <E3, R3>({ folder, stream }: Opened<C, A, E | Upstream<E3>, R | R3>) => ({
    folder,
    stream: Stream.suspend(() => {
      let shown = false
      return stream.pipe(
        Stream.mapArray((chunks) => {
          shown = true
          return chunks
        }),
        Stream.catch((error): Stream.Stream<C, E | E2 | E3, R | R2> => {
          if (error instanceof Upstream) return Stream.fail(error.error)
          if (!canBeFixed(error)) return Stream.fail(error)
          if (!shown) return again.stream(prompt(error))
          if (folder !== last) return Stream.fail(error)
          // The value of a parser whose last chunk is its value is a chunk.
          return Stream.fromEffect(again.invoke(prompt(error))) as unknown as Stream.Stream<C, E | E2, R | R2>
        })
      )
    })
  })
  const { over } = parser[TypeId]
  return opening<AIMessage, A, E | E2, R | R2, C, AIMessageChunk>(
    { type: "parser", name: "OutputFixingParser" },
    (message, watched) => mended<never, never>(open(parser, message, watched)),
    over && (<E3, R3>(before: Opened<AIMessageChunk, unknown, E3, R3>, watched: boolean) => {
      const stream = Stream.mapError(before.stream, (error) => new Upstream(error))
      // The parser was made for such chunks.
      return mended(over(restreamed(before, stream), watched) as Opened<C, A, E | Upstream<E3>, R | R3>)
    })
  )
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
