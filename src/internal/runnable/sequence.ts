import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { barrier, collect, TypeId } from "./core.ts"
import type { AnyRunnable } from "./core.ts"
import { CurrentRun } from "./currentRun.ts"
import type { Run } from "./currentRun.ts"
import type { Folder } from "./fold.ts"

type AnyStream = Stream.Stream<unknown, unknown, unknown>

/**
 * One step after the other. A step that works on chunks starts on the first one; any other waits for the fold of what
 * the step before it puts out. Sequences inside are taken apart, so that it does not matter how they were put together.
 */
export const sequenceOf = (steps: ReadonlyArray<AnyRunnable>): AnyRunnable => {
  const flat = steps.flatMap((step) => step[TypeId].steps ?? [step])
  const last = flat[flat.length - 1]!
  const run = (input: unknown): AnyStream =>
    Stream.unwrap(Effect.map(CurrentRun, (run) =>
      flat.slice(1).reduce(
        (upstream, step, i) => inside(run, i + 2, then(upstream, flat[i]!, step)),
        // The types of the steps were checked where they were put together.
        inside(run, 1, flat[0]!.stream(input as never))
      )))
  return barrier<unknown, unknown, unknown, unknown, unknown>({
    type: "chain",
    name: "RunnableSequence",
    folder: last[TypeId].folder as () => Folder<unknown, unknown>, // it is given that step's own chunks
    run,
    steps: flat
  }) as AnyRunnable
}

const then = (upstream: AnyStream, before: AnyRunnable, step: AnyRunnable): AnyStream =>
  step[TypeId].streaming
    ? step.transform(upstream as never) as AnyStream // the chunks fit, as above
    : Stream.unwrap(Effect.map(
      Effect.suspend(() => collect(upstream, before[TypeId].folder() as Folder<unknown, unknown>)),
      (whole) => step.stream(whole as never) as AnyStream
    ))

/** A step's runs lie in the sequence's, not in that of the step which reads it. */
const inside = (run: Run | undefined, place: number, stream: AnyStream): AnyStream =>
  run === undefined
    ? stream
    : Stream.provideService(stream, CurrentRun, { ...run, stepTags: [`seq:step:${place}`] })
