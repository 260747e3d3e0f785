/**
 * `branch`: one of several steps, chosen by conditions when the run opens.
 */
import * as Effect from "effect/Effect"
import { asSoleStep, demandingWhole, tagged } from "../events/currentRun.ts"
import type { FailureOf, NeedsOf, Returned } from "../returned.ts"
import { collect } from "../step/run.ts"
import type { AnyRunnable, ChunkOf, ErrorOf, OutOf, Runnable, ServicesOf } from "../step/types.ts"
import { fn } from "./functions.ts"
import { makeStep, open } from "./make.ts"

/** Whether a case applies: a boolean, or an effect or a promise of one. */
export type Condition<In> = (input: In, signal: AbortSignal) => Returned<boolean>

/** A condition, and the step for inputs that meet it. */
export type Case<In, Tested = In> = readonly [
  condition: Condition<Tested>,
  step: Runnable<In, unknown, unknown, unknown, unknown, never>
]

type TestOf<C> = C extends readonly [(input: never, signal: AbortSignal) => infer A, unknown] ? A : never
type StepOf<C> = C extends readonly [unknown, infer S] ? S : never

/**
 * Runs the step of the first condition that holds, or the default step if none does.
 *
 * **Details**
 *
 * The conditions are checked in order, one after the other. The chosen step gets the same input, and streams. A condition
 * that fails fails the run; a condition that throws is a defect.
 *
 * **Example** (Two experts)
 *
 * ```ts
 * import { ChatModel, ChatPrompt, Runnable } from "rivulet"
 *
 * const expert = (field: "physics" | "history") =>
 *   Runnable.sequence(ChatPrompt.make([["system", `You know ${field}.`], ["human", "{question}"]]), ChatModel.runnable)
 * const answer = Runnable.branch(
 *   [[(input: { readonly question: string }) => input.question.includes("quark"), expert("physics")]],
 *   expert("history")
 * )
 * ```
 */
export const branch = <
  In,
  const C extends ReadonlyArray<Case<In, never>>,
  D extends Runnable<In, unknown, unknown, unknown, unknown, never>,
  Tested = In
>(
  cases: C & ReadonlyArray<Case<In, Tested>>,
  otherwise: D & Runnable<In, unknown, unknown, unknown, unknown, never>
): Runnable<
  NoInfer<In> & Tested,
  OutOf<StepOf<C[number]> | D>,
  ErrorOf<StepOf<C[number]> | D> | FailureOf<TestOf<C[number]>>,
  ServicesOf<StepOf<C[number]> | D> | NeedsOf<TestOf<C[number]>>,
  ChunkOf<StepOf<C[number]> | D>
> =>
  // The result of `branchOf` has the types of its steps, but `branchOf` does not track them.
  branchOf(cases, otherwise) as Runnable<NoInfer<In> & Tested, never, never, never, never>

const branchOf = (cases: ReadonlyArray<Case<never>>, otherwise: AnyRunnable): AnyRunnable => {
  const branches = [
    ...cases.map(([, step], i) => [`branch:${i + 1}`, step] as const),
    ["branch:default", otherwise] as const
  ]
  const conditions = cases.map(([condition]) => fn(condition))
  const choose = Effect.fnUntraced(function*(input: never) {
    for (const [i, condition] of conditions.entries()) {
      const holds = collect(tagged(`condition:${i + 1}`, open(condition, input)))
      if (yield* demandingWhole(holds)) return branches[i]!
    }
    return branches[branches.length - 1]!
  })
  return makeStep<never, unknown, unknown, unknown, unknown>(
    { type: "chain", name: "RunnableBranch", events: { stream: "asRoot" }, shape: { _tag: "Branches", branches } },
    (input) => (scope) =>
      Effect.flatMap(choose(input), ([tag, step]) => tagged(tag, asSoleStep(open(step, input)))(scope))
  )
}
