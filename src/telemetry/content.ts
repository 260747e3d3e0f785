/**
 * Prompts, answers, arguments and results as attributes of spans. Nothing is recorded unless the app asks for it. Every
 * text passes the app's hook and is cut to a limit. It costs a copy of the text, once for each request and answer.
 */
import * as Context from "effect/Context"
import { jsonReplacer } from "../internal/json/replacer.ts"
import type { AIMessage, InputPart, Message, PartialAIMessage } from "../Message.ts"

/** The place of a text: a request, an answer, or the arguments or the result of a tool. */
export type ContentPlace = "input" | "output" | "arguments" | "result"

/** How content is recorded. */
export interface ContentOptions {
  /**
   * Changes a text before it is recorded: it gives what is recorded in its place. It runs for each text of a message and
   * each string of arguments and results, but not for the names of their fields. If it throws, `[not recorded]` is. By default texts are recorded as they are.
   */
  readonly redact?: ((text: string, place: ContentPlace) => string) | undefined
  /**
   * The longest content of one attribute, in UTF-16 code units. The newest messages are kept, and what is too long is cut
   * off with an ellipsis. 16,384 by default.
   */
  readonly maxLength?: number | undefined
}

/**
 * Whether prompts, answers, tool arguments and tool results are recorded in spans, and how. Undefined by default: nothing
 * is recorded.
 *
 * **Example** (Only the content of one part of an app)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatModel } from "rivulet"
 * import * as Telemetry from "rivulet/Telemetry"
 *
 * const recorded = ChatModel.invoke("Why is the sky blue?").pipe(
 *   Effect.provideService(Telemetry.Content, { maxLength: 2000, redact: (text) => text.replaceAll(/\d{8,}/g, "[number]") })
 * )
 * ```
 */
export const Content = Context.Reference<ContentOptions | undefined>("rivulet/Telemetry/Content", {
  defaultValue: () => undefined
})

/** The messages of a request, as `gen_ai.input.messages` has them. */
export const inputMessages = (options: ContentOptions, messages: ReadonlyArray<Message>): string => {
  const recorder = new Recorder(options, "input")
  // The newest messages come first, as they are kept.
  return JSON.stringify(
    messages.toReversed().flatMap((message) => recorder.full ? [] : [recorded(recorder, message)]).toReversed(),
    jsonReplacer
  )
}

/** An answer, as `gen_ai.output.messages` has it. */
export const outputMessages = (
  options: ContentOptions,
  answer: Pick<AIMessage | PartialAIMessage, "content" | "parts" | "finish">
): string => {
  const recorder = new Recorder(options, "output")
  const parts = answer.parts.map((part) => recordedPart(recorder, part))
  return JSON.stringify([{ role: "assistant", parts, finish_reason: answer.finish?.reason ?? "error" }], jsonReplacer)
}

/** Arguments or a result, as JSON. */
export const recordedValue = (options: ContentOptions, place: ContentPlace, value: unknown): string | undefined => {
  const recorder = new Recorder(options, place)
  try {
    return JSON.stringify(recorder.value(JSON.parse(JSON.stringify(value, jsonReplacer) ?? "null")))
  } catch {
    return undefined
  }
}

/** A text by itself. */
export const recordedText = (options: ContentOptions, place: ContentPlace, text: string): string =>
  new Recorder(options, place).text(text)

const recorded = (recorder: Recorder, message: Message): object => {
  switch (message._tag) {
    case "SystemMessage":
      return { role: "system", parts: contentParts(recorder, message.content) }
    case "HumanMessage":
      return { role: "user", parts: contentParts(recorder, message.content) }
    case "AIMessage":
      return { role: "assistant", parts: message.parts.map((part) => recordedPart(recorder, part)) }
    case "ToolMessage": {
      const parts = contentParts(recorder, message.content)
      const [first] = parts
      const result = parts.length === 1 && first !== undefined && "content" in first ? first.content : parts
      return { role: "tool", parts: [{ type: "tool_call_response", id: message.toolCallId, result }] }
    }
  }
}

const contentParts = (recorder: Recorder, content: string | ReadonlyArray<InputPart>) =>
  typeof content === "string"
    ? [{ type: "text", content: recorder.text(content) }]
    : content.map((part) => recordedPart(recorder, part))

interface RecordedPart {
  readonly type: string
  readonly content?: string
  readonly id?: string
  readonly name?: string
  readonly arguments?: unknown
}

/** A part. Of files and unknown parts only the type is recorded. */
const recordedPart = (
  recorder: Recorder,
  part: InputPart | AIMessage["parts"][number]
): RecordedPart => {
  switch (part.type) {
    case "text":
      return { type: "text", content: recorder.text(part.text) }
    case "reasoning":
      return { type: "reasoning", content: recorder.text(part.text) }
    case "refusal":
      return { type: "refusal", content: recorder.text(part.text) }
    case "tool_call":
      return { type: "tool_call", id: part.id, name: part.name, arguments: recorder.value(part.args) }
    case "invalid_tool_call":
      return { type: "tool_call", id: part.id, name: part.name, arguments: recorder.text(part.text) }
    default:
      return { type: part.type }
  }
}

/** Records texts until the limit is reached. */
class Recorder {
  readonly #options: ContentOptions
  readonly #place: ContentPlace
  #left: number

  constructor(options: ContentOptions, place: ContentPlace) {
    this.#options = options
    this.#place = place
    this.#left = Math.max(0, options.maxLength ?? 16_384)
  }

  get full(): boolean {
    return this.#left <= 0
  }

  text(text: string): string {
    const changed = this.#redacted(text)
    const kept = changed.length <= this.#left ? changed : `${changed.slice(0, this.#left)}…`
    this.#left -= changed.length
    this.#left = Math.max(0, this.#left)
    return kept
  }

  /** A JSON value with its strings recorded. What does not fit is left out. */
  value(value: unknown): unknown {
    if (typeof value === "string") return this.text(value)
    if (typeof value !== "object" || value === null) return value
    if (Array.isArray(value)) return value.flatMap((item) => this.full ? [] : [this.value(item)])
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, item]) => {
        if (this.full) return []
        this.#left = Math.max(0, this.#left - key.length)
        return [[key, this.value(item)]]
      })
    )
  }

  #redacted(text: string): string {
    const { redact } = this.#options
    if (redact === undefined) return text
    try {
      return String(redact(text, this.#place))
    } catch {
      return "[not recorded]"
    }
  }
}
