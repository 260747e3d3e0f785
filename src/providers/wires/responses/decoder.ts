/**
 * Decodes the event stream of OpenAI's Responses API
 * (https://platform.openai.com/docs/api-reference/responses-streaming) into chunks. Made by a host for each response.
 * Text deltas, which are most events, are read without JSON.parse.
 *
 * `response.completed` and `response.incomplete` end a message; they and `response.failed` carry usage and the complete
 * output once more. Streamed content counts: from this snapshot only content that was not streamed is added. If it
 * differs, it is in the metadata of the message as `output`, as the provider wrote it. Progress events
 * (`...in_progress`, `...searching`) make no chunks. Events, items and parts with unknown names become `unknown` parts.
 */
import type { AIMessageChunk, Delta } from "../../../AIMessageChunk.ts"
import type { Position } from "../../../internal/http/httpStream.ts"
import { optional } from "../../../internal/optional.ts"
import { EventDecoder, serverFields } from "../../../internal/provider/decoder.ts"
import type { DecoderOptions } from "../../../internal/provider/decoder.ts"
import { errorIn } from "../../../internal/provider/errorBody.ts"
import type { FramePattern } from "../../../internal/provider/framePattern.ts"
import { numberAt, objectAt, restOf, stringAt } from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"
import { toUsage, usageOf } from "../../../internal/provider/usage.ts"
import type { Metadata } from "../../../Message.ts"
import { patternOf } from "./fastPath.ts"
import { toFinish } from "./finish.ts"
import { extrasOf } from "./itemFields.ts"
import { Output } from "./output.ts"
import type { PartBlock } from "./state.ts"

/** An event with the whole response, and the status that it stands for. */
interface Whole {
  readonly event: JsonObject
  readonly status: string
}

/** The decoder of one response. */
export class ResponseDecoder extends EventDecoder {
  protected readonly missing = "no response.completed"
  protected started = false

  readonly #output = new Output()
  #begun = false
  /** The response in the last event, and the status in the name of that event. */
  #end: { readonly response: JsonObject; readonly status: string } | undefined
  /** The last event whose response has a final status. */
  #whole: Whole | undefined
  #usage: JsonObject | undefined
  #endMetadata: Metadata | undefined
  // The open text block and the pattern of its frames, so that the commonest frames need no JSON.parse.
  #pattern: FramePattern | undefined
  #text: PartBlock | undefined
  /** How many more times a frame of another form may replace the pattern. */
  #attemptsLeft = 16
  readonly #kept: boolean
  /** The number of the last event. Undefined if it has none. */
  #sequence: number | undefined
  /** The number of the last event before the connection broke. Events up to it are known. */
  #known = -1

  /** @param kept whether the provider keeps the response, so that it can be read on after the connection broke */
  constructor(options: DecoderOptions, kept = false) {
    super(options)
    this.#kept = kept
  }

  position(): Position | undefined {
    return this.#kept && !this.complete && this.id !== "" && this.#sequence !== undefined
      ? { id: this.id, after: this.#sequence }
      : undefined
  }

  override readOn(): void {
    super.readOn()
    this.#known = this.#sequence ?? -1
  }

  /** Notes the number of an event of a response that is kept. Returns whether the event came before. */
  #cameBefore(sequence: number | undefined): boolean {
    if (sequence !== undefined && sequence <= this.#known) return true
    this.#sequence = sequence
    return false
  }

  override frame(name: string, data: string): void {
    // Some servers end the stream as Chat Completions does.
    if (data.trim() !== "[DONE]") super.frame(name, data)
    else if (this.failure === undefined && !this.complete && this.#whole !== undefined) this.#terminal(this.#whole)
  }

  protected override ended(): void {
    if (this.#whole === undefined) super.ended()
    else this.#terminal(this.#whole)
  }

  fast(text: string, start: number): number {
    const pattern = this.#pattern
    const block = this.#text
    if (pattern === undefined || block === undefined || this.failure !== undefined) return -1
    const after = pattern.read(text, start)
    if (after === -1) return -1
    if (this.#kept) {
      const { numberFrom, numberTo } = pattern
      if (this.#cameBefore(numberTo === 0 ? undefined : Number(text.slice(numberFrom, numberTo)))) return after
    }
    const content = pattern.text
    block.text += content
    this.chunks.push({
      _tag: "AIMessageChunk",
      id: this.id,
      content,
      parts: [{ type: "text", index: block.index, text: content }]
    })
    return after
  }

  protected event(event: JsonObject, name: string, data: string): void {
    const type = stringAt(event, "type") ?? name
    if (this.#kept && this.#cameBefore(numberAt(event, "sequence_number"))) return
    if (this.complete) return this.#afterEnd(event, type, data)
    this.started = true
    switch (type) {
      case "response.output_text.delta":
        return this.#textDelta(event, name, data)
      case "response.created":
        if (this.#begun && (this.#output.any || stringAt(objectAt(event, "response") ?? {}, "id") !== this.id)) {
          return this.malformed(secondResponse, data)
        }
        return this.#lifecycle(event, data)
      case "response.queued":
      case "response.in_progress":
        return this.#lifecycle(event, data)
      case "response.completed":
      case "response.incomplete":
      case "response.failed":
      case "response.cancelled":
      case "response.done":
        this.#lifecycle(event, data)
        return this.#terminal({ event, status: type.slice("response.".length) })
      case "error":
        return this.errorEvent(
          objectAt(event, "error") === undefined ? { error: restOf(event, ["type"]) ?? {} } : event
        )
    }
    // Compatible servers send errors without a type, or with one of their own.
    if ((!type.startsWith("response.") || type === "response.error") && errorIn(event)) return this.errorEvent(event)
    const deltas = this.#deltas(type, event)
    if (deltas === "malformed") return this.malformed(`A ${type} has no content`, data)
    // Any other event may have ended the text block.
    this.#pattern = undefined
    if (deltas !== undefined) return deltas.length > 0 ? this.emit(deltas) : undefined
    if (progress.test(type) || completeInItem.has(type)) return
    this.#setUsage(event)
    if (this.isPart(event)) this.emit(this.#output.unknown(type, event))
  }

  /** The deltas of an event; undefined if its type is unknown or carries no content. */
  #deltas(type: string, event: JsonObject): ReadonlyArray<Delta> | "malformed" | undefined {
    const output = this.#output
    const delta = stringAt(event, "delta")
    const sliced = (show: (slice: string) => ReadonlyArray<Delta> | undefined) =>
      delta === undefined ? "malformed" : delta === "" ? [] : show(delta)
    switch (type) {
      case "response.output_item.added":
      case "response.output_item.done": {
        const item = objectAt(event, "item")
        if (item === undefined) return "malformed"
        return type === "response.output_item.added" ? output.added(event, item) : output.done(event, item)
      }
      case "response.content_part.added":
      case "response.content_part.done":
      case "response.reasoning_summary_part.added":
      case "response.reasoning_summary_part.done": {
        const part = objectAt(event, "part")
        if (part === undefined) return "malformed"
        return type.endsWith(".added") && stringAt(part, "text") === "" ? [] : output.part(event, part)
      }
      case "response.output_text.done":
        return output.part(event, { type: "output_text", text: event["text"] ?? "" })
      case "response.output_text.annotation.added": {
        const annotation = objectAt(event, "annotation")
        return annotation === undefined ? [] : output.citation(event, annotation)
      }
      case "response.refusal.delta":
        return sliced((slice) => output.slice(event, "refusal", slice, undefined))
      case "response.refusal.done":
        return output.part(event, { type: "refusal", refusal: event["refusal"] ?? "" })
      case "response.reasoning_summary_text.delta":
        return sliced((slice) => output.reasoning(event, "summary_text", slice))
      case "response.reasoning_summary_text.done":
        return output.part(event, { type: "summary_text", text: event["text"] ?? "" })
      case "response.reasoning_text.delta":
        return sliced((slice) => output.reasoning(event, "reasoning_text", slice))
      case "response.reasoning_text.done":
        return output.part(event, { type: "reasoning_text", text: event["text"] ?? "" })
      case "response.function_call_arguments.delta":
        return sliced((slice) => output.args(event, "function_call", slice, false))
      case "response.function_call_arguments.done":
        return output.completeArgs(event, "function_call")
      case "response.mcp_call_arguments.delta":
        return sliced((slice) => output.args(event, "mcp_call", slice, false))
      case "response.mcp_call_arguments.done":
        return output.completeArgs(event, "mcp_call")
      case "response.custom_tool_call_input.delta":
        return sliced((slice) => output.args(event, "custom_tool_call", slice, true))
      case "response.custom_tool_call_input.done":
        return output.completeArgs(event, "custom_tool_call")
      case "response.code_interpreter_call_code.delta":
        return sliced((slice) => output.args(event, "code_interpreter_call", slice, true))
      case "response.code_interpreter_call_code.done":
        return output.completeArgs(event, "code_interpreter_call")
      case "response.apply_patch_call_operation_diff.delta":
        return sliced((slice) => output.args(event, "apply_patch_call", slice, true))
      case "response.shell_call_command.added":
        return output.command(event)
      case "response.shell_call_command.delta":
        return sliced((slice) => output.args(event, "shell_call", slice, true))
      case "response.image_generation_call.partial_image": {
        const image = stringAt(event, "partial_image_b64")
        return image === undefined ? "malformed" : output.preview(event, image)
      }
    }
    return undefined
  }

  #textDelta(event: JsonObject, name: string, data: string): void {
    const delta = stringAt(event, "delta")
    if (delta === undefined) return this.malformed("A response.output_text.delta has no content", data)
    const extras = extrasOf(event, textDeltaFields)
    const deltas = delta === "" && extras === undefined ? [] : this.#output.slice(event, "text", delta, extras)
    const block = this.#output.textBlock(event)
    // A delta with an escape does not mean that the form has changed. One that the pattern should have read does, but
    // only so many times.
    if (this.#pattern === undefined || block !== this.#text || (!needsEscape.test(delta) && this.#attemptsLeft-- > 0)) {
      this.#pattern = block?.type === "text" ? patternOf(name, data, event) : undefined
    }
    this.#text = block
    if (deltas === undefined) return this.emit(this.#output.unknown("response.output_text.delta", event))
    if (deltas.length > 0) this.emit(deltas)
  }

  /** Nothing but a second response is an error after the end. Usage still counts. */
  #afterEnd(event: JsonObject, type: string, data: string): void {
    if (type === "response.created") return this.malformed(secondResponse, data)
    this.#setUsage(objectAt(event, "response") ?? event)
  }

  #setUsage(owner: JsonObject): void {
    this.#usage = usageOf(objectAt(owner, "usage")) ?? this.#usage
  }

  /**
   * Reads the id and the metadata of the message from the first event that has the response. A server that does not
   * stream sends the whole response in it.
   */
  #lifecycle(event: JsonObject, data: string): void {
    const response = objectAt(event, "response")
    if (response === undefined) return this.malformed(`A ${String(event["type"])} has no response`, data)
    const status = stringAt(response, "status") ?? ""
    if (finalStatuses.has(status)) this.#whole = { event, status }
    if (this.#begun) return
    this.#begun = true
    this.id = stringAt(response, "id") ?? ""
    this.chunks.push({
      ...this.empty(),
      metadata: {
        provider: this.options.provider,
        model: stringAt(response, "model") ?? this.options.model,
        ...this.options.metadata,
        ...serverFields(restOf(response, ownFields))
      }
    })
  }

  #terminal({ event, status }: Whole): void {
    const response = objectAt(event, "response")
    if (response === undefined) return
    this.#pattern = undefined
    const { output } = response
    const deltas = Array.isArray(output) ? this.#output.snapshot(output) : []
    if (deltas.length > 0) this.emit(deltas)
    this.#setUsage(response)
    this.#endMetadata = {
      ...serverFields(restOf(response, ownFields)),
      ...(this.#output.disagrees && output !== undefined ? { output } : undefined)
    }
    if (status === "failed" || response["status"] === "failed") {
      return this.errorEvent({ error: objectAt(response, "error") ?? { message: "The response failed" } })
    }
    this.#end = { response, status }
    this.complete = true
  }

  protected last(): AIMessageChunk {
    const { response = {}, status = "" } = this.#end ?? {}
    return {
      ...this.empty(),
      ...optional("usage", this.#usage && toUsage(this.#usage)),
      finish: toFinish(response, status, this.#output.outcome),
      ...optional("metadata", this.#endMetadata)
    }
  }

  protected trailing(): ReadonlyArray<AIMessageChunk> {
    const metadata = this.#endMetadata
    if (metadata === undefined) return []
    this.#endMetadata = undefined
    return [{
      ...this.empty(),
      ...optional("usage", this.#usage && toUsage(this.#usage)),
      metadata
    }]
  }
}

const finalStatuses = new Set(["completed", "incomplete", "failed", "cancelled"])

const secondResponse = "A second response began on the connection"

const progress =
  /^response\.\w+\.(queued|in_progress|searching|generating|interpreting|calling|compacting|completed|failed)$/

/** Events whose content comes again, complete, with the end of their item. */
const completeInItem = new Set([
  "response.shell_call_command.done",
  "response.shell_call_output_content.delta",
  "response.shell_call_output_content.done",
  "response.apply_patch_call_operation_diff.done"
])

/** Characters that are escaped in JSON. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const needsEscape = /["\\\u0000-\u001f]/

const textDeltaFields = [
  "type",
  "delta",
  "item_id",
  "output_index",
  "content_index",
  "sequence_number",
  "obfuscation"
]

/** Fields of a response that are read elsewhere, or only repeat the request. */
const ownFields = [
  "id",
  "object",
  "model",
  "status",
  "output",
  "output_text",
  "usage",
  "error",
  "background",
  "frequency_penalty",
  "image",
  "instructions",
  "max_output_tokens",
  "max_tool_calls",
  "metadata",
  "parallel_tool_calls",
  "presence_penalty",
  "prompt",
  "prompt_cache_key",
  "prompt_cache_options",
  "prompt_cache_retention",
  "reasoning",
  "safety_identifier",
  "temperature",
  "text",
  "tool_choice",
  "tools",
  "top_logprobs",
  "top_p",
  "truncation",
  "user"
]
