import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Stream from "effect/Stream"
import { CurrentRun } from "../events/currentRun.ts"
import type { Run } from "../events/currentRun.ts"
import { collect, deferred, opening, TypeId } from "./core.ts"
import type { AnyOpened, AnyRunnable, Opened, Runnable, Step } from "./core.ts"

/**
 * One step after the other. Each step takes what the one before it gives.
 *
 * **Example** (A chain)
 *
 * ```ts
 * import { ChatModel, ChatPrompt, OutputParser, Runnable } from "rivulet"
 *
 * const chain = Runnable.sequence(
 *   ChatPrompt.make("Tell me about {topic}"),
 *   ChatModel.runnable,
 *   OutputParser.string
 * )
 * ```
 */
export function sequence<A, B, C, E1, R1, K1, I1, E2, R2, K2>(
  first: Runnable<A, B, E1, R1, K1, I1>,
  second: Runnable<B, C, E2, R2, K2, K1>
): Runnable<A, C, E1 | E2, R1 | R2, K2, I1>
export function sequence<A, B, C, D, E1, R1, K1, I1, E2, R2, K2, E3, R3, K3>(
  first: Runnable<A, B, E1, R1, K1, I1>,
  second: Runnable<B, C, E2, R2, K2, K1>,
  third: Runnable<C, D, E3, R3, K3, K2>
): Runnable<A, D, E1 | E2 | E3, R1 | R2 | R3, K3, I1>
export function sequence<A, B, C, D, F, E1, R1, K1, I1, E2, R2, K2, E3, R3, K3, E4, R4, K4>(
  first: Runnable<A, B, E1, R1, K1, I1>,
  second: Runnable<B, C, E2, R2, K2, K1>,
  third: Runnable<C, D, E3, R3, K3, K2>,
  fourth: Runnable<D, F, E4, R4, K4, K3>
): Runnable<A, F, E1 | E2 | E3 | E4, R1 | R2 | R3 | R4, K4, I1>
export function sequence<A, B, C, D, F, G, E1, R1, K1, I1, E2, R2, K2, E3, R3, K3, E4, R4, K4, E5, R5, K5>(
  first: Runnable<A, B, E1, R1, K1, I1>,
  second: Runnable<B, C, E2, R2, K2, K1>,
  third: Runnable<C, D, E3, R3, K3, K2>,
  fourth: Runnable<D, F, E4, R4, K4, K3>,
  fifth: Runnable<F, G, E5, R5, K5, K4>
): Runnable<A, G, E1 | E2 | E3 | E4 | E5, R1 | R2 | R3 | R4 | R5, K5, I1>
export function sequence(...steps: ReadonlyArray<AnyRunnable>): AnyRunnable {
  return sequenceOf(steps)
}

/**
 * Puts one more step behind; for chains longer than the five steps {@link sequence} takes, and for `pipe`.
 *
 * **Example** (A chain with pipe)
 *
 * ```ts
 * import { ChatModel, ChatPrompt, OutputParser, Runnable } from "rivulet"
 *
 * const chain = ChatPrompt.make("Tell me about {topic}").pipe(
 *   Runnable.andThen(ChatModel.runnable),
 *   Runnable.andThen(OutputParser.string)
 * )
 * ```
 */
export const andThen: {
  <B, C, E2, R2, K2, K1>(
    next: Runnable<B, C, E2, R2, K2, K1>
  ): <A, E1, R1, I1>(self: Runnable<A, B, E1, R1, K1, I1>) => Runnable<A, C, E1 | E2, R1 | R2, K2, I1>
  <A, B, C, E1, R1, K1, I1, E2, R2, K2>(
    self: Runnable<A, B, E1, R1, K1, I1>,
    next: Runnable<B, C, E2, R2, K2, K1>
  ): Runnable<A, C, E1 | E2, R1 | R2, K2, I1>
} = dual(2, (self: AnyRunnable, next: AnyRunnable) => sequenceOf([self, next]))

/**
 * One step after the other. A step that works on chunks starts on the first one; any other waits for the fold of what
 * the step before it puts out. Sequences inside are taken apart, so that it does not matter how they were put together.
 */
const sequenceOf = (steps: ReadonlyArray<AnyRunnable>): AnyRunnable => {
  const flat = steps.flatMap((step) => step[TypeId].steps ?? [step])
  const about = {
    type: "chain",
    name: "RunnableSequence",
    tells: "root",
    steps: flat,
    shape: { _tag: "Sequence", steps: flat }
  } as const
  const first = flat[0]![TypeId]
  const behind = (start: () => AnyOpened, watched: boolean) => {
    const compose = (run: Run | undefined) => {
      let opened = inside(run, 0, start())
      for (let i = 1; i < flat.length; i++) opened = inside(run, i, then(opened, flat[i]![TypeId], watched))
      return opened as Opened<unknown, unknown, never, never> // its folder is one for its own chunks
    }
    return watched ? deferred(Effect.map(CurrentRun, compose), watched) : compose(undefined)
  }
  const { over } = first
  return opening<never, unknown, never, never, unknown, unknown>(
    about,
    (input, watched) => behind(() => first.open(input, watched), watched),
    over && ((before, watched) => behind(() => over(before, watched), watched))
  )
}

const then = (before: AnyOpened, step: Step, watched: boolean): AnyOpened =>
  step.over === undefined
    // The types of the steps were checked where they were put together.
    ? deferred(
      Effect.map(collect(before as Opened<unknown, unknown, unknown, unknown>), (whole) =>
        step.open(whole as never, watched) as Opened<unknown, unknown, unknown, unknown>),
      watched
    )
    : step.over(before, watched)

/** A step's runs lie in the sequence's, not in that of the step which reads it. */
const inside = (run: Run | undefined, i: number, opened: AnyOpened): AnyOpened =>
  run === undefined
    ? opened
    : {
      ...opened,
      stream: Stream.provideService(opened.stream, CurrentRun, { ...run, stepTags: [`seq:step:${i + 1}`] })
    }
