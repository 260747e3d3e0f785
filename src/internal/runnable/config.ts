import type { Metadata } from "../../Message.ts"
import { withRun } from "../events/currentRun.ts"
import { TypeId } from "../step/types.ts"
import type { Runnable } from "../step/types.ts"
import { wrapStep } from "./make.ts"

/** How a step is told in events. Tags and metadata are also those of all steps inside it; the name is its own. */
export interface Config {
  readonly name?: string | undefined
  readonly tags?: ReadonlyArray<string> | undefined
  readonly metadata?: Metadata | undefined
}

/**
 * Names, tags and labels a step in the events. What it does stays the same.
 *
 * Where two say something else, the outer one is right: a chain's metadata goes before that of its steps, and the name
 * given last before the one given first. Only a step that a function asks goes by its own, as LangChain's does.
 *
 * **Example** (A name to filter by)
 *
 * ```ts
 * import { ChatModel, Runnable } from "rivulet"
 *
 * const writer = ChatModel.runnable.pipe(
 *   Runnable.withConfig({ name: "Writer", tags: ["draft"], metadata: { version: 2 } })
 * )
 * const events = Runnable.streamEvents(writer, "Hi", { includeNames: ["Writer"] })
 * ```
 */
export const withConfig = (config: Config) =>
<In, Out, E, R, Chunk, InChunk>(
  self: Runnable<In, Out, E, R, Chunk, InChunk>
): Runnable<In, Out, E, R, Chunk, InChunk> => {
  const named = config.name === undefined ? self : {
    ...self,
    [TypeId]: { ...self[TypeId], name: config.name }
  }
  return wrapStep(named, (open) =>
    withRun((context) => ({
      ...context,
      tags: context.byFunction ? joined(context.tags, config.tags) : joined(config.tags, context.tags),
      metadata: context.byFunction
        ? { ...context.metadata, ...config.metadata }
        : { ...config.metadata, ...context.metadata },
      stepName: context.stepName ?? config.name
    }), open))
}

const joined = (...tags: ReadonlyArray<ReadonlyArray<string> | undefined>): ReadonlyArray<string> => [
  ...new Set(tags.flatMap((each) => each ?? []))
]
