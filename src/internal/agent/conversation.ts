/**
 * The conversation of an agent as data: its schemas and types, and functions of messages. The other files of this folder
 * use it; `Agent` re-exports the schemas. It must import no module that runs effects.
 */
import * as Schema from "effect/Schema"
import { AIMessage, Message, ToolMessage } from "../../Message.ts"
import { Usage } from "../../Usage.ts"

/** One step of a run: an answer of the model and the results of its calls. */
export const Step = Schema.Struct({
  /** The answer of the model. */
  message: AIMessage,
  /** The results of the answer's calls, in the order of the calls. */
  results: Schema.Array(ToolMessage)
})

/** One step of a run: an answer of the model and the results of its calls. */
export interface Step extends Schema.Schema.Type<typeof Step> {}

/** The state of a run of an agent. */
export const Conversation = Schema.Struct({
  /** The input, and the answers and results since. The agent's `system` is not among them. */
  messages: Schema.Array(Message),
  /** The steps of this run. */
  steps: Schema.Array(Step),
  /**
   * The sum of the usage of all answers of this run, and of those that models inside its tools gave, such as those of other
   * agents. It has a cost only if each of them has one. Absent while no provider has reported any.
   */
  usage: Schema.optional(Usage)
})

/** The state of a run of an agent. */
export interface Conversation extends Schema.Schema.Type<typeof Conversation> {}
