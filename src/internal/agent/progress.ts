import type { AIMessage, Message, ToolMessage } from "../../Message.ts"
import type { Usage } from "../../Usage.ts"
import { given } from "../optional.ts"
import { addUsage } from "./conversation.ts"
import type { Call, Conversation, Step } from "./conversation.ts"
import type { AgentFinish, AgentResult } from "./types.ts"

/** A step under way: an answer, and what has come of the calls that it, or what is left of it, asks for. */
export interface OpenStep {
  readonly message: AIMessage
  readonly calls: ReadonlyArray<Call>
  /** By the place of the call. */
  readonly results: Array<ToolMessage | undefined>
  /** The calls that wait to be approved. */
  readonly suspended: Set<Call>
}

/** How far one run of an agent has come. */
export class Progress {
  #messages: ReadonlyArray<Message>
  readonly #steps: Array<Step> = []
  #usage: Usage | undefined
  #open: OpenStep | undefined

  constructor(messages: ReadonlyArray<Message>) {
    this.#messages = messages
  }

  /** The model has answered. */
  answered(message: AIMessage): void {
    this.#messages = [...this.#messages, message]
    this.#usage = addUsage(this.#usage, message.usage)
  }

  /** A step begins, with an answer that the messages have already. */
  open(message: AIMessage, calls: ReadonlyArray<Call>): OpenStep {
    return this.#open = { message, calls, results: calls.map(() => undefined), suspended: new Set() }
  }

  /** The step that was opened last has all it is to have. */
  close({ message, results }: OpenStep): Step {
    const step = { message, results: present(results) }
    this.#messages = [...this.#messages, ...step.results]
    this.#steps.push(step)
    this.#open = undefined
    return step
  }

  readonly conversation = (): Conversation => {
    const open = this.#open
    const results = open === undefined ? [] : present(open.results)
    return {
      messages: [...this.#messages, ...results],
      steps: open === undefined ? this.#steps.slice() : [...this.#steps, { message: open.message, results }],
      ...given("usage", this.#usage)
    }
  }

  result(message: AIMessage, finish: AgentFinish, pending: ReadonlyArray<Call>): AgentResult {
    return { ...this.conversation(), message, content: message.content, finish, pending }
  }
}

const present = (results: ReadonlyArray<ToolMessage | undefined>): ReadonlyArray<ToolMessage> =>
  results.filter((result) => result !== undefined)
