/**
 * `withConfig`: names, tags and metadata of a step in events. Costs nothing when nobody watches.
 */
import { withRun } from "../events/currentRun.ts"
import { configured } from "../events/policy.ts"
import type { Config } from "../events/policy.ts"
import { TypeId } from "../step/run.ts"
import type { Runnable } from "../step/types.ts"
import { wrapStep } from "./make.ts"

/**
 * Sets the name, tags and metadata of a step in events. The step itself stays the same.
 *
 * **Details**
 *
 * On conflict the outer configuration wins: the metadata of a chain over the metadata of its steps, and the last name
 * given over earlier ones. As in LangChain, a step that a function invokes keeps its own configuration instead.
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
  return wrapStep(named, (open) => withRun((context) => configured(context, config), open))
}
