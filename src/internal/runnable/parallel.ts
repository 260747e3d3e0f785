import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { barrier, TypeId } from "./core.ts"
import type { AnyRunnable } from "./core.ts"
import { CurrentRun } from "./currentRun.ts"
import { byKey, byShape } from "./fold.ts"
import type { Folder } from "./fold.ts"

/** The most chunks that wait for a reader, over all branches. A branch that is further ahead waits. */
const bufferSize = 4

/** The same input to all branches at once. */
export const parallelOf = (branches: Readonly<Record<string, AnyRunnable>>): AnyRunnable =>
  barrier<unknown, unknown, unknown, unknown, unknown>({
    type: "chain",
    name: "RunnableMap",
    folder: () =>
      byKey((key) => (branches[key]?.[TypeId].folder() as Folder<unknown, unknown> | undefined) ?? byShape()) as Folder<
        unknown,
        unknown
      >,
    run: (input) =>
      Stream.unwrap(Effect.map(CurrentRun, (run) =>
        Stream.mergeAll(
          Object.entries(branches).map(([key, branch]) => {
            const stream = Stream.map(branch.stream(input as never), (chunk) => ({ [key]: chunk }))
            return run === undefined
              ? stream
              : Stream.provideService(stream, CurrentRun, { ...run, stepTags: [`map:key:${key}`] })
          }),
          { concurrency: "unbounded", bufferSize }
        )))
  }) as AnyRunnable
