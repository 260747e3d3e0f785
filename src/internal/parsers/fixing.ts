/**
 * `OutputParser.withFixing`: a second answer after one that the parser rejects. It works on opened runs, so chunks pass
 * through unchanged. It knows no single parser.
 */
import * as Array from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { AIMessage } from "../../Message.ts"
import type { ChatInput } from "../model/request.ts"
import { makeStep, open } from "../runnable/make.ts"
import { sequence } from "../runnable/sequence.ts"
import { untilFirst } from "../runnable/untilFirst.ts"
import { last } from "../step/fold.ts"
import { TypeId, withPull } from "../step/run.ts"
import type { ChunkPull, Opener, Runnable } from "../step/types.ts"
import { OutputParserError } from "./error.ts"

/** A model, or a chain with the input and the output of one, that corrects an answer. */
export type Fixer<E, R> = Runnable<ChatInput, AIMessage, E, R, AIMessageChunk>

/** Options of `OutputParser.withFixing`. */
export interface FixingOptions {
  /**
   * The input of the model that corrects the answer. Defaults to a prompt with the answer, the expected form and the
   * problems.
   */
  readonly prompt?: ((error: OutputParserError) => ChatInput) | undefined
}

/**
 * A parser that has an answer corrected once. Chunks that were shown are not taken back: where a chunk is the value so
 * far, the last chunk of the second answer replaces it; where each chunk is an item of its own, there is no second
 * answer after the first item.
 */
export const fixing = <A, E, R, C, E2, R2>(
  parser: Runnable<AIMessage, A, E, R, C, AIMessageChunk>,
  fixer: Fixer<E2, R2>,
  options: FixingOptions | undefined
): Runnable<AIMessage, A, E | E2, R | R2, C, AIMessageChunk> => {
  const prompt = options?.prompt ?? defaultPrompt
  const again = sequence(fixer, parser)

  const corrected = <E3, R3>(
    first: Opener<C, A, E | E3, R | R3>,
    inputFailed: () => boolean
  ): Opener<C, A, E | E2 | E3, R | R2 | R3> => {
    const problem = (cause: Cause.Cause<E | E2 | E3>): OutputParserError | undefined => {
      const error = Cause.findErrorOption(cause)
      // A failure of the input is not the parser's to correct.
      return error._tag === "Some" && !inputFailed() && canBeFixed(error.value) ? error.value : undefined
    }
    return (scope) => {
      let fixed = false
      const attempts = untilFirst<C, A, E | E2 | E3, R | R2 | R3>(Effect.succeed({
        first,
        next: (cause) => {
          const error = fixed ? undefined : problem(cause)
          if (error === undefined) return Effect.failCause(cause)
          fixed = true
          return Effect.succeed(open(again, prompt(error)))
        }
      }))
      return Effect.map(attempts(scope), (run) => {
        if (fixed || run.fold().kind?.() !== "snapshots") return run
        const pull: ChunkPull<C, E | E2 | E3, R | R2 | R3> = Effect.suspend(() => fixed ? Cause.done() : next)
        const next = Pull.matchEffect(run.pull, {
          onSuccess: Effect.succeed,
          onDone: () => Cause.done(),
          onFailure: (cause): ChunkPull<C, E | E2 | E3, R | R2 | R3> => {
            const error = problem(cause)
            if (error === undefined) return Effect.failCause(cause)
            fixed = true
            // The value of a parser whose last chunk is its value is a chunk.
            return Effect.map(again.invoke(prompt(error)), (value) => Array.of(value as unknown as C))
          }
        })
        return { ...withPull(run, pull), fold: last as typeof run.fold }
      })
    }
  }

  const { over } = parser[TypeId]
  return makeStep<AIMessage, A, E | E2, R | R2, C, AIMessageChunk>(
    { type: "parser", name: "OutputFixingParser" },
    (message) => corrected<never, never>(open(parser, message), () => false),
    over && (<E3, R3>(before: Opener<AIMessageChunk, unknown, E3, R3>) => {
      let failed = false
      const failing = <X>(effect: Effect.Effect<X, E3 | Cause.Done, R3>) =>
        Effect.tapCause(effect, (cause) =>
          Effect.sync(() => {
            if (!Pull.isDoneCause(cause)) failed = true
          }))
      const input: Opener<AIMessageChunk, unknown, E3, R3> = (scope) =>
        Effect.map(failing(before(scope)) as ReturnType<typeof before>, (run) => withPull(run, failing(run.pull)))
      // The parser was made for such chunks.
      return corrected(over(input) as Opener<C, A, E | E3, R | R3>, () => failed)
    })
  )
}

/** Whether another attempt may help. An answer that was refused, cut off or too large would be so again. */
const canBeFixed = (error: unknown): error is OutputParserError =>
  error instanceof OutputParserError && (error.reason === "Malformed" || error.reason === "Mismatch")

const defaultPrompt = ({ expected, issues, raw }: OutputParserError): ChatInput =>
  `This answer does not have the expected form:

${raw}

The expected form is: ${expected}

The problems are:
${
    issues.map(({ message, path }) => `- ${path.length === 0 ? "" : `at ${JSON.stringify(path)}: `}${message}`).join(
      "\n"
    )
  }

Write the answer again in the expected form. Keep its content and add nothing else.`
