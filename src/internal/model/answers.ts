/**
 * Tells of the answers that models give inside a stream. Agents count the usage of models inside their tools with it.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { AIMessage } from "../../Message.ts"
import { AnswerListener } from "../events/currentRun.ts"

/** The same stream. `listen` runs for the whole answer of each model that runs inside it, before those who listened already. */
export const onAnswers = <A, E, R>(
  stream: Stream.Stream<A, E, R>,
  listen: (answer: AIMessage) => void
): Stream.Stream<A, E, R> =>
  Stream.unwrap(Effect.map(AnswerListener, (outer) =>
    Stream.provideService(stream, AnswerListener, (answer) => {
      listen(answer)
      outer?.(answer)
    })))
