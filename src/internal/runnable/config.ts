import type { Metadata } from "../../Message.ts"
import { derived, TypeId } from "./core.ts"
import type { Runnable } from "./core.ts"
import { inRun } from "./currentRun.ts"

/** How a step is told in events. Tags and metadata are also those of all steps inside it; the name is its own. */
export interface Config {
  readonly name?: string | undefined
  readonly tags?: ReadonlyArray<string> | undefined
  readonly metadata?: Metadata | undefined
}

/**
 * Names, tags and labels a step in the events. What it does stays the same.
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
  return derived(named, ({ stream }) =>
    inRun(stream, (run) => ({
      ...run,
      tags: [...run.tags, ...config.tags ?? []],
      metadata: { ...run.metadata, ...config.metadata },
      stepName: config.name ?? run.stepName
    })))
}
