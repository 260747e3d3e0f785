/**
 * The mutable state of one run of an agent: messages, steps and usage. loop.ts owns one for each run; calls.ts records
 * results in its open step. It must import no effect.
 */
import type { AIMessage, Message, ToolMessage } from "../../Message.ts"
import { sum } from "../../Usage.ts"
import type { Usage } from "../../Usage.ts"
import type { Call } from "../model/messages.ts"
import { optional } from "../optional.ts"
import type { AgentFinish, AgentResult } from "./chunks.ts"
import type { Conversation, Step } from "./conversation.ts"

/** A step whose calls are being run. */
export interface OpenStep {
  /** The answer of the step. */
  readonly message: AIMessage
  /** The calls of the answer that have to be run. A resumed run only has those without a result. */
  readonly calls: ReadonlyArray<Call>
  /** The results so far, at the positions of their calls. */
  readonly results: Array<ToolMessage | undefined>
  /** The calls that wait for approval. */
  readonly suspended: Set<Call>
}

/** The state of one run of an agent. */
export class Progress {
  #messages: ReadonlyArray<Message>
  readonly #steps: Array<Step> = []
  #usage: Usage | undefined
  /** Whether any answer was counted. */
  #counted = false
  #open: OpenStep | undefined

  constructor(messages: ReadonlyArray<Message>) {
    this.#messages = messages
  }

  /** Adds an answer of the model. */
  answered(message: AIMessage): void {
    this.#messages = [...this.#messages, message]
    this.spent(message.usage)
  }

  /** Adds the usage of an answer, of this agent's model or of one inside a tool. */
  spent(usage: Usage | undefined): void {
    this.#usage = sum(this.#counted ? [this.#usage, usage] : [usage])
    this.#counted = true
  }

  /** Opens a step for an answer that is already among the messages. */
  open(message: AIMessage, calls: ReadonlyArray<Call>): OpenStep {
    return this.#open = { message, calls, results: calls.map(() => undefined), suspended: new Set() }
  }

  /** Closes the step that was opened last and adds its results to the messages. */
  close({ message, results }: OpenStep): Step {
    const step = { message, results: present(results) }
    this.#messages = [...this.#messages, ...step.results]
    this.#steps.push(step)
    this.#open = undefined
    return step
  }

  /** A snapshot of the conversation, with the results of the open step. */
  readonly conversation = (): Conversation => {
    const open = this.#open
    const results = open === undefined ? [] : present(open.results)
    return {
      messages: [...this.#messages, ...results],
      steps: open === undefined ? this.#steps.slice() : [...this.#steps, { message: open.message, results }],
      ...optional("usage", this.#usage)
    }
  }

  /** The result of the run. */
  result(message: AIMessage, finish: AgentFinish, pending: ReadonlyArray<Call>): AgentResult {
    return { ...this.conversation(), message, content: message.content, finish, pending }
  }
}

const present = (results: ReadonlyArray<ToolMessage | undefined>): ReadonlyArray<ToolMessage> =>
  results.filter((result) => result !== undefined)
