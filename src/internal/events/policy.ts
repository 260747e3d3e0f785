/**
 * LangChain's rules for events, all in one place. Rivulet reports the runs of a chain as LangChain's `streamEvents` does,
 * which depends on more than the chain: on how a step was asked for its output, on the type of the step, and on whether
 * it is the root. `watch` asks here and decides nothing of this by itself; steps name a policy where they deviate.
 *
 * Source: recorded runs of @langchain/core 1.4.0 (test/events/langChainParity.test.ts compares with them).
 */
import type { Metadata } from "../../Message.ts"
import type { RunType } from "../../RunEvent.ts"
import type { ChunkFold } from "../step/fold.ts"

/** The facts about a step that events depend on. */
interface Described {
  readonly type: RunType
  readonly shape?: unknown
  readonly events?: EventPolicy | undefined
}

/**
 * How a step is asked for its output: chunk by chunk as a `part` of a chain, chunk by chunk for itself (`chunks`), or as
 * one value (`whole`). The output is the same; the events differ.
 */
export type Demand = "part" | "chunks" | "whole"

/** Where the events of a step deviate from those of its type. */
export interface EventPolicy {
  /** The step has events only if it is asked for this. Absent: always. */
  readonly only?: "chunks" | "whole" | undefined
  /**
   * When the step has stream events: never, as the root, as a part of a chain, or if its run gives more than one value
   * (a tool). Absent: a model always, a parser as a part of a chain, any other step unless only the whole is asked for.
   */
  readonly stream?: "never" | "asRoot" | "asPart" | "ifMany" | undefined
  /** The input as events show it, unless the step is the root. */
  readonly input?: ((input: never) => unknown) | undefined
  /** The output as the end event shows it. */
  readonly output?: ((output: never) => unknown) | undefined
  /** How the input appears in the end event when chunks were requested. Absent: as the fold of the input chunks. */
  readonly chunkInput?: (() => ChunkFold<never, unknown>) | undefined
}

/** Whether a step has events at all. */
export const hasEvents = ({ events }: Described, demand: Demand): boolean =>
  events?.only === undefined || events.only === (demand === "whole" ? "whole" : "chunks")

/** Whether a step has stream events. */
export const hasStreamEvents = ({ events, type }: Described, demand: Demand, root: boolean): boolean => {
  if (events?.stream === "never") return false
  if (type === "chat_model") return true
  if (events?.stream === "asRoot") return root
  return events?.stream === "asPart" || type === "parser" ? demand === "part" : demand !== "whole"
}

/**
 * Whether a step that reads chunks starts when all of them have come, or with the first. LangChain opens a step that has
 * stream events before its input is there, unless it is the root, a model or a tool.
 */
export const startsWithWholeInput = (type: RunType, streams: boolean, root: boolean): boolean =>
  root || !streams || type === "chat_model" || type === "tool"

/** The demand on the steps inside a step. Those of a step without a shape are asked by its function, for themselves. */
export const demandInside = ({ shape }: Described, demand: Demand): Demand =>
  shape === undefined ? "chunks" : demand === "whole" ? "whole" : "part"

/** The demand on a step that takes the place of the step which chose it. */
export const demandInPlace = (wholeOnly: boolean): Demand => wholeOnly ? "whole" : "chunks"

/** The input in an event: a root shows it as it was given. */
export const shownInput = ({ events }: Described, value: unknown, root: boolean): unknown =>
  // The policy is the step's own, for inputs of its type.
  root || events?.input === undefined ? value : events.input(value as never)

/** The output in the end event. */
export const shownOutput = ({ events }: Described, value: unknown): unknown =>
  events?.output === undefined ? value : events.output(value as never) // for outputs of the step's type

/** Whether an end event repeats the input. */
export const endShowsInput = (root: boolean): boolean => !root

/** The name, tags and metadata of a step in events. Tags and metadata also apply to all steps inside. */
export interface Config {
  /** The name of the step. */
  readonly name?: string | undefined
  /** Tags of the step and of all steps inside it. */
  readonly tags?: ReadonlyArray<string> | undefined
  /** Metadata of the step and of all steps inside it. */
  readonly metadata?: Metadata | undefined
}

/**
 * The configuration of a step inside one that is configured too. The outer one wins, unless a function runs the step.
 */
export const configured = <
  Outer extends {
    readonly tags: ReadonlyArray<string>
    readonly metadata: Metadata
    readonly stepName?: string | undefined
    readonly byFunction: boolean
  }
>(outer: Outer, config: Config): Outer => ({
  ...outer,
  tags: outer.byFunction ? distinct(outer.tags, config.tags) : distinct(config.tags, outer.tags),
  metadata: outer.byFunction ? { ...outer.metadata, ...config.metadata } : { ...config.metadata, ...outer.metadata },
  stepName: outer.stepName ?? config.name
})

const distinct = (...tags: ReadonlyArray<ReadonlyArray<string> | undefined>): ReadonlyArray<string> => [
  ...new Set(tags.flatMap((each) => each ?? []))
]
