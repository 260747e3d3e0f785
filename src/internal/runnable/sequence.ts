/**
 * `sequence` and `andThen`: one step after the other. The run of a chain adds no stage of its own to a read, unless
 * somebody watches. Called by users and by parsers that ask a model again.
 */
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import { currentRun, placedIn } from "../events/currentRun.ts"
import { lazy } from "../lazy.ts"
import { collect, TypeId } from "../step/run.ts"
import type { AnyOpener, AnyRunnable, Opener, OutputOf, Runnable, Step, StepInfo } from "../step/types.ts"
import { isRunnable, makeStep } from "./make.ts"

/** The first step of a chain. A `pick` there takes an object whose key has the input of the second step. */
type First<A, B, E, R, K, I, Key extends string> = Runnable<A, B, E, R, K, I> | OutputOf<{ readonly key: Key }>
type Input<A, B, Key extends string> = [Key] extends [never] ? A : { readonly [P in Key]: B }

/**
 * One step after the other, for two to ten steps. Each step takes the output of the one before it. A sequence in a
 * sequence is taken apart, so longer chains are sequences of sequences, or made with {@link andThen}.
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
export function sequence<A, B, C, E1, R1, K1, I1, E2, R2, K2, Key extends string = never>(
  first: First<A, B, E1, R1, K1, I1, Key>,
  second: Runnable<B, C, E2, R2, K2, K1>
): Runnable<Input<A, B, NoInfer<Key>>, C, E1 | E2, R1 | R2, K2, I1>
export function sequence<A, B, C, D, E1, R1, K1, I1, E2, R2, K2, E3, R3, K3, Key extends string = never>(
  first: First<A, B, E1, R1, K1, I1, Key>,
  second: Runnable<B, C, E2, R2, K2, K1>,
  third: Runnable<C, D, E3, R3, K3, K2>
): Runnable<Input<A, B, NoInfer<Key>>, D, E1 | E2 | E3, R1 | R2 | R3, K3, I1>
export function sequence<A, B, C, D, F, E1, R1, K1, I1, E2, R2, K2, E3, R3, K3, E4, R4, K4, Key extends string = never>(
  first: First<A, B, E1, R1, K1, I1, Key>,
  second: Runnable<B, C, E2, R2, K2, K1>,
  third: Runnable<C, D, E3, R3, K3, K2>,
  fourth: Runnable<D, F, E4, R4, K4, K3>
): Runnable<Input<A, B, NoInfer<Key>>, F, E1 | E2 | E3 | E4, R1 | R2 | R3 | R4, K4, I1>
export function sequence<
  A,
  B,
  C,
  D,
  F,
  G,
  E1,
  R1,
  K1,
  I1,
  E2,
  R2,
  K2,
  E3,
  R3,
  K3,
  E4,
  R4,
  K4,
  E5,
  R5,
  K5,
  Key extends string = never
>(
  first: First<A, B, E1, R1, K1, I1, Key>,
  second: Runnable<B, C, E2, R2, K2, K1>,
  third: Runnable<C, D, E3, R3, K3, K2>,
  fourth: Runnable<D, F, E4, R4, K4, K3>,
  fifth: Runnable<F, G, E5, R5, K5, K4>
): Runnable<Input<A, B, NoInfer<Key>>, G, E1 | E2 | E3 | E4 | E5, R1 | R2 | R3 | R4 | R5, K5, I1>
export function sequence<
  A,
  B,
  C,
  D,
  F,
  G,
  H,
  E1,
  R1,
  K1,
  I1,
  E2,
  R2,
  K2,
  E3,
  R3,
  K3,
  E4,
  R4,
  K4,
  E5,
  R5,
  K5,
  E6,
  R6,
  K6,
  Key extends string = never
>(
  first: First<A, B, E1, R1, K1, I1, Key>,
  second: Runnable<B, C, E2, R2, K2, K1>,
  third: Runnable<C, D, E3, R3, K3, K2>,
  fourth: Runnable<D, F, E4, R4, K4, K3>,
  fifth: Runnable<F, G, E5, R5, K5, K4>,
  sixth: Runnable<G, H, E6, R6, K6, K5>
): Runnable<Input<A, B, NoInfer<Key>>, H, E1 | E2 | E3 | E4 | E5 | E6, R1 | R2 | R3 | R4 | R5 | R6, K6, I1>
export function sequence<
  A,
  B,
  C,
  D,
  F,
  G,
  H,
  J,
  E1,
  R1,
  K1,
  I1,
  E2,
  R2,
  K2,
  E3,
  R3,
  K3,
  E4,
  R4,
  K4,
  E5,
  R5,
  K5,
  E6,
  R6,
  K6,
  E7,
  R7,
  K7,
  Key extends string = never
>(
  first: First<A, B, E1, R1, K1, I1, Key>,
  second: Runnable<B, C, E2, R2, K2, K1>,
  third: Runnable<C, D, E3, R3, K3, K2>,
  fourth: Runnable<D, F, E4, R4, K4, K3>,
  fifth: Runnable<F, G, E5, R5, K5, K4>,
  sixth: Runnable<G, H, E6, R6, K6, K5>,
  seventh: Runnable<H, J, E7, R7, K7, K6>
): Runnable<Input<A, B, NoInfer<Key>>, J, E1 | E2 | E3 | E4 | E5 | E6 | E7, R1 | R2 | R3 | R4 | R5 | R6 | R7, K7, I1>
export function sequence<
  A,
  B,
  C,
  D,
  F,
  G,
  H,
  J,
  L,
  E1,
  R1,
  K1,
  I1,
  E2,
  R2,
  K2,
  E3,
  R3,
  K3,
  E4,
  R4,
  K4,
  E5,
  R5,
  K5,
  E6,
  R6,
  K6,
  E7,
  R7,
  K7,
  E8,
  R8,
  K8,
  Key extends string = never
>(
  first: First<A, B, E1, R1, K1, I1, Key>,
  second: Runnable<B, C, E2, R2, K2, K1>,
  third: Runnable<C, D, E3, R3, K3, K2>,
  fourth: Runnable<D, F, E4, R4, K4, K3>,
  fifth: Runnable<F, G, E5, R5, K5, K4>,
  sixth: Runnable<G, H, E6, R6, K6, K5>,
  seventh: Runnable<H, J, E7, R7, K7, K6>,
  eighth: Runnable<J, L, E8, R8, K8, K7>
): Runnable<
  Input<A, B, NoInfer<Key>>,
  L,
  E1 | E2 | E3 | E4 | E5 | E6 | E7 | E8,
  R1 | R2 | R3 | R4 | R5 | R6 | R7 | R8,
  K8,
  I1
>
export function sequence<
  A,
  B,
  C,
  D,
  F,
  G,
  H,
  J,
  L,
  M,
  E1,
  R1,
  K1,
  I1,
  E2,
  R2,
  K2,
  E3,
  R3,
  K3,
  E4,
  R4,
  K4,
  E5,
  R5,
  K5,
  E6,
  R6,
  K6,
  E7,
  R7,
  K7,
  E8,
  R8,
  K8,
  E9,
  R9,
  K9,
  Key extends string = never
>(
  first: First<A, B, E1, R1, K1, I1, Key>,
  second: Runnable<B, C, E2, R2, K2, K1>,
  third: Runnable<C, D, E3, R3, K3, K2>,
  fourth: Runnable<D, F, E4, R4, K4, K3>,
  fifth: Runnable<F, G, E5, R5, K5, K4>,
  sixth: Runnable<G, H, E6, R6, K6, K5>,
  seventh: Runnable<H, J, E7, R7, K7, K6>,
  eighth: Runnable<J, L, E8, R8, K8, K7>,
  ninth: Runnable<L, M, E9, R9, K9, K8>
): Runnable<
  Input<A, B, NoInfer<Key>>,
  M,
  E1 | E2 | E3 | E4 | E5 | E6 | E7 | E8 | E9,
  R1 | R2 | R3 | R4 | R5 | R6 | R7 | R8 | R9,
  K9,
  I1
>
export function sequence<
  A,
  B,
  C,
  D,
  F,
  G,
  H,
  J,
  L,
  M,
  N,
  E1,
  R1,
  K1,
  I1,
  E2,
  R2,
  K2,
  E3,
  R3,
  K3,
  E4,
  R4,
  K4,
  E5,
  R5,
  K5,
  E6,
  R6,
  K6,
  E7,
  R7,
  K7,
  E8,
  R8,
  K8,
  E9,
  R9,
  K9,
  E10,
  R10,
  K10,
  Key extends string = never
>(
  first: First<A, B, E1, R1, K1, I1, Key>,
  second: Runnable<B, C, E2, R2, K2, K1>,
  third: Runnable<C, D, E3, R3, K3, K2>,
  fourth: Runnable<D, F, E4, R4, K4, K3>,
  fifth: Runnable<F, G, E5, R5, K5, K4>,
  sixth: Runnable<G, H, E6, R6, K6, K5>,
  seventh: Runnable<H, J, E7, R7, K7, K6>,
  eighth: Runnable<J, L, E8, R8, K8, K7>,
  ninth: Runnable<L, M, E9, R9, K9, K8>,
  tenth: Runnable<M, N, E10, R10, K10, K9>
): Runnable<
  Input<A, B, NoInfer<Key>>,
  N,
  E1 | E2 | E3 | E4 | E5 | E6 | E7 | E8 | E9 | E10,
  R1 | R2 | R3 | R4 | R5 | R6 | R7 | R8 | R9 | R10,
  K10,
  I1
>
export function sequence(...steps: ReadonlyArray<unknown>): AnyRunnable {
  // A `pick` is a runnable, too; the overloads have the types of the steps.
  return sequenceOf(steps as ReadonlyArray<AnyRunnable>)
}

/**
 * Adds a step behind another. For `pipe`, and for chains with more steps than {@link sequence} takes.
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
  ): <A, E1, R1, I1, Key extends string = never>(
    self: First<A, B, E1, R1, K1, I1, Key>
  ) => Runnable<Input<A, B, NoInfer<Key>>, C, E1 | E2, R1 | R2, K2, I1>
  <A, B, C, E1, R1, K1, I1, E2, R2, K2, Key extends string = never>(
    self: First<A, B, E1, R1, K1, I1, Key>,
    next: Runnable<B, C, E2, R2, K2, K1>
  ): Runnable<Input<A, B, NoInfer<Key>>, C, E1 | E2, R1 | R2, K2, I1>
} = dual(2, (self: AnyRunnable, next: AnyRunnable) => sequenceOf([self, next]))

/**
 * One step after the other. A step that works on chunks starts with the first one; any other waits for the fold of the
 * chunks before it. Sequences inside are taken apart, so it does not matter how they were put together; only on first
 * use, so that adding a step costs the same however many there are.
 */
const sequenceOf = (parts: ReadonlyArray<AnyRunnable>): AnyRunnable => {
  for (const [i, part] of parts.entries()) {
    if (!isRunnable(part)) {
      throw new TypeError(`Step ${i + 1} of a sequence is not a runnable: put a function into Runnable.fn`)
    }
  }
  const flat = lazy(() => stepsOf(parts))
  const steps = lazy(() => flat().map((step) => step[TypeId]) as [Step, ...Array<Step>]) // a sequence has steps
  const info: StepInfo = {
    type: "chain",
    name: "RunnableSequence",
    events: { stream: "asRoot" },
    steps: parts,
    shape: {
      _tag: "Sequence",
      get steps() {
        return flat()
      }
    }
  }
  const behind = (startOf: (first: Step) => AnyOpener): Opener<unknown, unknown, never, never> => (scope) =>
    Effect.withFiber((fiber) => {
      const context = currentRun(fiber)
      // The runs of the steps lie in that of the sequence, not in that of the step which reads them.
      const placed = (open: AnyOpener, i: number) =>
        context === undefined ? open : placedIn({ ...context, stepTags: [`seq:step:${i + 1}`] }, fiber, typed(open))
      const [first, ...rest] = steps()
      let open = placed(startOf(first), 0)
      for (const [i, step] of rest.entries()) open = placed(after(open, step), i + 1)
      return typed(open)(scope)
    })
  return makeStep<never, unknown, never, never, unknown, unknown>(
    info,
    (input) => behind((first) => first.open(input)),
    parts[0]?.[TypeId].over && ((before) => behind((first) => first.over?.(before) ?? before))
  )
}

/** The steps of some steps and sequences. */
const stepsOf = (parts: ReadonlyArray<AnyRunnable>): ReadonlyArray<AnyRunnable> => {
  const steps: Array<AnyRunnable> = []
  // Not by recursion: sequences may lie in each other thousands of levels deep.
  const open = parts.toReversed()
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    const inner = part[TypeId].steps
    if (inner === undefined) steps.push(part)
    else open.push(...inner.toReversed())
  }
  return steps
}

const after = (before: AnyOpener, step: Step): AnyOpener =>
  step.over === undefined
    // The types of the steps were checked where they were put together.
    ? (scope) => Effect.flatMap(collect(typed(before)), (whole) => step.open(whole as never)(scope))
    : step.over(before)

/** An opener for whoever reads its own chunks: the fold of a run takes the chunks of that run. */
const typed = (open: AnyOpener) => open as Opener<unknown, unknown, never, never>
