import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Stream from "effect/Stream"
import { barrier, collect, TypeId } from "./core.ts"
import type { AnyRunnable, Runnable, Step } from "./core.ts"
import { CurrentRun } from "./currentRun.ts"
import type { Run } from "./currentRun.ts"
import type { Folder } from "./fold.ts"

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
): Runnable<A, C, E1 | E2, R1 | R2, K2>
export function sequence<A, B, C, D, E1, R1, K1, I1, E2, R2, K2, E3, R3, K3>(
  first: Runnable<A, B, E1, R1, K1, I1>,
  second: Runnable<B, C, E2, R2, K2, K1>,
  third: Runnable<C, D, E3, R3, K3, K2>
): Runnable<A, D, E1 | E2 | E3, R1 | R2 | R3, K3>
export function sequence<A, B, C, D, F, E1, R1, K1, I1, E2, R2, K2, E3, R3, K3, E4, R4, K4>(
  first: Runnable<A, B, E1, R1, K1, I1>,
  second: Runnable<B, C, E2, R2, K2, K1>,
  third: Runnable<C, D, E3, R3, K3, K2>,
  fourth: Runnable<D, F, E4, R4, K4, K3>
): Runnable<A, F, E1 | E2 | E3 | E4, R1 | R2 | R3 | R4, K4>
export function sequence<A, B, C, D, F, G, E1, R1, K1, I1, E2, R2, K2, E3, R3, K3, E4, R4, K4, E5, R5, K5>(
  first: Runnable<A, B, E1, R1, K1, I1>,
  second: Runnable<B, C, E2, R2, K2, K1>,
  third: Runnable<C, D, E3, R3, K3, K2>,
  fourth: Runnable<D, F, E4, R4, K4, K3>,
  fifth: Runnable<F, G, E5, R5, K5, K4>
): Runnable<A, G, E1 | E2 | E3 | E4 | E5, R1 | R2 | R3 | R4 | R5, K5>
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
  ): <A, E1, R1, I1>(self: Runnable<A, B, E1, R1, K1, I1>) => Runnable<A, C, E1 | E2, R1 | R2, K2>
  <A, B, C, E1, R1, K1, I1, E2, R2, K2>(
    self: Runnable<A, B, E1, R1, K1, I1>,
    next: Runnable<B, C, E2, R2, K2, K1>
  ): Runnable<A, C, E1 | E2, R1 | R2, K2>
} = dual(2, (self: AnyRunnable, next: AnyRunnable) => sequenceOf([self, next]))

type AnyStream = Stream.Stream<unknown, unknown, unknown>

/**
 * One step after the other. A step that works on chunks starts on the first one; any other waits for the fold of what
 * the step before it puts out. Sequences inside are taken apart, so that it does not matter how they were put together.
 */
const sequenceOf = (steps: ReadonlyArray<AnyRunnable>): AnyRunnable => {
  const flat = steps.flatMap((step) => step[TypeId].steps ?? [step])
  const folders = foldersOf(flat)
  const run = (input: unknown): AnyStream =>
    Stream.unwrap(Effect.map(CurrentRun, (run) => {
      // The types of the steps were checked where they were put together.
      let stream = inside(run, flat, folders, 0, flat[0]!.stream(input as never) as AnyStream)
      for (let i = 1; i < flat.length; i++) {
        stream = inside(run, flat, folders, i, then(stream, folders[i - 1]!, flat[i]!))
      }
      return stream
    }))
  return barrier<unknown, unknown, unknown, unknown, unknown>({
    type: "chain",
    name: "RunnableSequence",
    folder: folders[folders.length - 1] as () => Folder<unknown, unknown>, // it is given that step's own chunks
    run,
    steps: flat,
    shape: { _tag: "Sequence", steps: flat }
  }) as AnyRunnable
}

/** How the chunks fold after each step. */
const foldersOf = (steps: ReadonlyArray<AnyRunnable>): ReadonlyArray<Step["folder"]> => {
  const folders: Array<Step["folder"]> = []
  for (const step of steps) {
    const { foldOver, folder } = step[TypeId]
    const before = folders[folders.length - 1]
    folders.push(foldOver === undefined || before === undefined ? folder : foldOver(before))
  }
  return folders
}

const then = (upstream: AnyStream, folder: Step["folder"], step: AnyRunnable): AnyStream =>
  step[TypeId].streaming
    ? step.transform(upstream as never) as AnyStream // the chunks fit, as above
    : Stream.unwrap(Effect.map(
      Effect.suspend(() => collect(upstream, folder() as Folder<unknown, unknown>)),
      (whole) => step.stream(whole as never) as AnyStream
    ))

/** A step's runs lie in the sequence's, not in that of the step which reads it. */
const inside = (
  run: Run | undefined,
  steps: ReadonlyArray<AnyRunnable>,
  folders: ReadonlyArray<Step["folder"]>,
  i: number,
  stream: AnyStream
): AnyStream =>
  run === undefined ? stream : Stream.provideService(stream, CurrentRun, {
    ...run,
    stepTags: [`seq:step:${i + 1}`],
    stepFolder: steps[i]![TypeId].foldOver && folders[i],
    stepInput: folders[i - 1]
  })
