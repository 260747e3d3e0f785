/**
 * Decodes the event stream of Chat Completions (https://platform.openai.com/docs/api-reference/chat-streaming) into
 * chunks, from OpenAI and from the many servers that speak it. Made by a host for each response.
 *
 * A message ends with a finish reason and then `[DONE]`. Without either the stream is truncated, unless the server is
 * known to omit it (`Quirks`). Deviations that cannot be mistaken are read from every server: ids that change, a choice
 * that is counted, several finish reasons, a missing or repeated role, content as an array, reasoning in any of its
 * fields, usage at any place or never, errors inside a 200 in any form. Unknown content becomes `unknown` parts, unknown
 * fields become metadata. A second message is one that begins after a finish reason, or by a role in mid-message.
 */
import type { AIMessageChunk, Delta } from "../../../AIMessageChunk.ts"
import { TruncatedError } from "../../../ChatModelError.ts"
import { ThinkTags } from "../../../internal/json/thinkTags.ts"
import { optional } from "../../../internal/optional.ts"
import type { DecoderOptions } from "../../../internal/provider/decoder.ts"
import { EventDecoder, serverFields } from "../../../internal/provider/decoder.ts"
import { errorIn, hasError } from "../../../internal/provider/errorBody.ts"
import { reasonOf } from "../../../internal/provider/errors.ts"
import {
  addFields,
  isObject,
  mayBeContent,
  meaningful,
  numberAt,
  objectAt,
  restOf,
  stringAt
} from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"
import { countsNothing, lastUsage, toUsage } from "../../../internal/provider/usage.ts"
import { failureKind } from "../../../internal/provider/words.ts"
import type { Metadata } from "../../../Message.ts"
import { piecesOf, reasoningIn, toCitation, toImage } from "./content.ts"
import type { Reasoning } from "./content.ts"
import { FastPath } from "./fastPath.ts"
import type { Quirks } from "./quirks.ts"
import { ToolCalls } from "./toolCalls.ts"
import { toFinish, usageFields, usageIn } from "./usage.ts"

/** The decoder of one response. */
export class ChatDecoder extends EventDecoder {
  protected started = false

  readonly #quirks: Quirks
  readonly #fast = new FastPath()
  readonly #calls = new ToolCalls()
  readonly #tags: ThinkTags | undefined
  /** The kind of the block that is open for text or reasoning, with the key of the reasoning. */
  #block = ""
  #blockIndex = -1
  readonly #cited = new Set<string>()
  /** The log probabilities of all tokens, for the last chunk, and those of the current event, for its chunk. */
  readonly #logprobs: Array<JsonObject[string]> = []
  #eventLogprobs: ReadonlyArray<JsonObject[string]> | undefined
  #refused = false
  /** Whether a chunk without a role has arrived, so that a role begins another message. */
  #roleless = false
  /** Whether the message comes in deltas, so that a whole one tells its text once more. */
  #sliced = false
  /** The id of the current event, that of the last event before the finish reason, and whether that has changed. */
  #eventId = ""
  #lastId = ""
  #changingIds = false
  /** The index of the message's choice, and the id of the last event that had it. */
  #choiceIndex: number | undefined
  #choiceId = ""
  /** Fields of the message without a name here that go back in the next request. */
  #fields: JsonObject | undefined
  #usage: JsonObject | undefined
  /** Whether the usage has been emitted. */
  #usageEmitted = true
  #finish: string | undefined
  /** The last values of other fields, as JSON, so that each is emitted only when it changes. */
  readonly #lastValues = new Map<string, string>()
  #endMetadata: Metadata | undefined
  // The deltas of the current event, and the slice of text if there is nothing else in it.
  #deltas: Array<Delta> = []
  #plain: { readonly field: string; readonly text: string } | undefined

  constructor(options: DecoderOptions, quirks: Quirks) {
    super(options)
    this.#quirks = quirks
    this.#tags = quirks.thinkTags === undefined || quirks.thinkTags === false
      ? undefined
      : new ThinkTags(quirks.thinkTags === "open")
  }

  protected get missing(): string {
    return this.#finish === undefined ? "no finish_reason" : "no [DONE]"
  }

  fast(text: string, start: number): number {
    if (this.failure !== undefined || this.#finish !== undefined || this.complete) return -1
    const found = this.#fast.read(text, start)
    if (found === undefined) return -1
    if (found.field === "content") this.#content(found.text)
    else this.#reasoning({ text: found.text, key: found.field, metadata: { field: found.field } })
    this.#emitDeltas()
    return found.end
  }

  override frame(name: string, data: string): void {
    if (this.failure !== undefined || this.page) return
    if (data.trim() === "[DONE]") return this.#done()
    super.frame(name, data)
  }

  protected override ended(): void {
    if (this.#finish === undefined) super.ended()
    else if (failureKind(this.#finish) !== undefined) this.#failed(this.#finish)
    else if (this.#quirks.noDone === true) this.#completed()
    else super.ended()
  }

  protected event(event: JsonObject, name: string, data: string): void {
    const choices = Array.isArray(event["choices"]) ? event["choices"].filter(isObject) : undefined
    const usage = usageIn(event)
    this.#setUsage(usage)
    if (this.complete) return this.#afterEnd(event, choices ?? [], data)
    if (name === "error" || errorIn(event)) return this.errorEvent(event)
    if (choices === undefined && usage !== event && isContent(event)) {
      return this.emit([{ type: "unknown", index: this.nextIndex++, raw: event }])
    }
    if (!this.#identify(event, choices ?? [], data)) return
    this.#plain = undefined
    const own = this.#ownChoice(choices ?? [])
    for (const choice of choices ?? []) {
      if (hasError(choice)) return this.errorEvent(choice)
      if (choice === own) this.#choice(choice)
      else this.#deltas.push({ type: "unknown", index: this.nextIndex++, raw: choice })
    }
    this.#topLevelCitations(event)
    const changed = this.#changed("", meaningful(event, eventFields))
    const metadata = this.#eventLogprobs === undefined ? changed : { ...changed, logprobs: this.#eventLogprobs }
    this.#logprobs.push(...this.#eventLogprobs ?? [])
    this.#eventLogprobs = undefined
    if (usage === undefined && metadata === undefined && this.#deltas.length === 1) this.#learn(data)
    this.#emitDeltas(metadata)
  }

  #learn(data: string): void {
    if (this.#plain !== undefined) this.#fast.learn(data, this.#plain.field, this.#plain.text)
  }

  /** Reads the id. Fails and gives false if another message begins. */
  #identify(event: JsonObject, choices: ReadonlyArray<JsonObject>, data: string): boolean {
    const id = stringAt(event, "id") ?? ""
    const choice = choices[0]
    const role = (choice && stringAt(deltaOf(choice), "role")) || undefined
    const other = id !== "" && this.#lastId !== "" && id !== this.#lastId
    this.#eventId = id
    if (other && choice !== undefined && this.#isSecond(choice, role)) {
      this.malformed(secondMessage, data)
      return false
    }
    if (choice !== undefined && role === undefined) this.#roleless = true
    if (this.#finish === undefined) {
      this.#changingIds ||= other
      if (id !== "") this.#lastId = id
    }
    if (this.id === "") this.id = id
    if (!this.started && (id !== "" || choices.length > 0)) {
      this.started = true
      const model = stringAt(event, "model") ?? ""
      this.chunks.push({
        ...this.empty(),
        metadata: {
          provider: this.options.provider,
          model: model === "" ? this.options.model : model,
          ...this.options.metadata
        }
      })
    }
    return true
  }

  /** Whether a choice under another id belongs to a second message. */
  #isSecond(choice: JsonObject, role: string | undefined): boolean {
    if (this.#quirks.changingIds === false) return true
    if (this.#finish === undefined) {
      const ends = stringAt(choice, "finish_reason") !== undefined && !hasContent(deltaOf(choice))
      return role !== undefined && this.#roleless && !this.#changingIds && !ends
    }
    // Where ids change anyway, a server may still end each call by a finish reason of its own.
    const { tool_calls, ...said } = deltaOf(choice)
    return hasContent(said) || (tool_calls !== undefined && !this.#changingIds)
  }

  /**
   * The choice of an event that belongs to the message: the one that came first. Some servers count the index of their
   * only choice, together with the id. Several choices of one id stay apart.
   */
  #ownChoice(choices: ReadonlyArray<JsonObject>): JsonObject | undefined {
    const first = choices[0]
    if (first === undefined) return undefined
    const index = numberAt(first, "index") ?? 0
    const at = this.#choiceIndex ?? index
    const own = choices.find((choice) => (numberAt(choice, "index") ?? 0) === at) ??
      (index > at && this.#eventId !== this.#choiceId ? first : undefined)
    if (own === undefined) return undefined
    this.#choiceIndex = own === first ? index : at
    this.#choiceId = this.#eventId
    return own
  }

  /** Handles an event after the end: usage, metadata, or a second message. */
  #afterEnd(event: JsonObject, choices: ReadonlyArray<JsonObject>, data: string): void {
    if (choices.some((choice) => hasContent(deltaOf(choice)))) return this.malformed(secondMessage, data)
    const metadata = this.#changed("", meaningful(event, eventFields))
    if (metadata !== undefined) this.#endMetadata = addFields(this.#endMetadata, metadata)
  }

  #choice(choice: JsonObject): void {
    const told = deltaOf(choice)
    const again = this.#sliced && choice["delta"] === undefined
    this.#sliced ||= choice["delta"] !== undefined
    const delta = again ? { tool_calls: told["tool_calls"] ?? null, ...restOf(told, deltaFields) } : told
    for (const reasoning of reasoningIn(delta)) this.#reasoning(reasoning)
    const { content, function_call, refusal, tool_calls } = delta
    if (typeof content === "string") this.#content(content)
    else if (Array.isArray(content)) {
      for (const piece of piecesOf(content)) {
        if (piece.type === "text") this.#content(piece.text)
        else if (piece.type === "reasoning") this.#reasoning(piece.reasoning)
        else this.#deltas.push({ type: "unknown", index: this.nextIndex++, raw: piece.raw })
      }
    }
    for (const image of arrayAt(delta, "images")) this.#image(image)
    if (typeof refusal === "string" && refusal !== "") this.#refusal(refusal)
    const slices = Array.isArray(tool_calls)
      ? tool_calls
      : isObject(function_call)
      ? [{ index: 0, function: function_call }]
      : []
    if (slices.length > 0) this.#toolCalls(slices)
    for (const annotation of arrayAt(delta, "annotations")) this.#citation(annotation)
    const logprobs = objectAt(choice, "logprobs")
    const tokens = logprobs === undefined ? undefined : logprobs["content"] ?? logprobs["refusal"]
    const finish = stringAt(choice, "finish_reason")
    if (Array.isArray(tokens) && tokens.length > 0) this.#eventLogprobs = tokens
    this.#extras(delta, choice)
    if (finish !== undefined && finish !== "") this.#finished(finish)
  }

  #content(text: string): void {
    if (text === "") return
    if (this.#tags === undefined || this.#tags.over) this.#text(text)
    else for (const piece of this.#tags.push(text)) this.#piece(piece)
    this.#note("content", text)
  }

  #piece({ reasoning, text }: { readonly reasoning: boolean; readonly text: string }): void {
    if (reasoning) this.#reasoning({ text, key: thinkTag, metadata: { field: thinkTag } })
    else this.#text(text)
  }

  #reasoning({ key, metadata, redacted, signature, text }: Reasoning): void {
    const kind = `reasoning ${key}`
    if (text === "" && signature === undefined && redacted === undefined) return
    if (key !== thinkTag) this.#tags?.separate()
    const index = this.#indexOf(kind)
    this.#deltas.push({
      type: "reasoning",
      index: this.#blockIndex,
      text,
      ...optional("signature", signature),
      ...optional("redacted", redacted),
      ...(index === "new" ? { metadata } : undefined)
    })
    if (index === "same" && key === metadata["field"]) this.#note(key, text)
  }

  #image(raw: JsonObject[string]): void {
    const index = this.nextIndex++
    const image = toImage(raw)
    this.#block = ""
    this.#deltas.push(image === undefined ? { type: "unknown", index, raw } : { type: "file", index, ...image })
  }

  #refusal(text: string): void {
    this.#refused = true
    this.#indexOf("refusal")
    this.#deltas.push({ type: "refusal", index: this.#blockIndex, text })
  }

  #text(text: string): void {
    this.#indexOf("text")
    this.#deltas.push({ type: "text", index: this.#blockIndex, text })
  }

  #indexOf(kind: string): "new" | "same" {
    if (kind === this.#block) return "same"
    this.#deltas.push(...this.#calls.flush())
    this.#block = kind
    this.#blockIndex = this.nextIndex++
    return "new"
  }

  /** Records that the event's only delta so far is this slice. */
  #note(field: string, text: string): void {
    this.#plain = this.#deltas.length === 1 ? { field, text } : undefined
  }

  #toolCalls(slices: ReadonlyArray<unknown>): void {
    this.#block = ""
    this.#deltas.push(...this.#calls.push(slices, () => this.nextIndex++, this.id))
  }

  /** Adds a citation to the open text block. */
  #citation(raw: JsonObject[string]): void {
    if (this.#indexOf("text") === "new") this.#deltas.push({ type: "text", index: this.#blockIndex, text: "" })
    this.#deltas.push({ type: "citation", index: this.#blockIndex, citation: toCitation(raw) })
  }

  /** Adds sources that are listed beside the choices. Perplexity and xAI repeat them in every chunk. */
  #topLevelCitations(event: JsonObject): void {
    for (const citation of arrayAt(event, "citations")) {
      const key = JSON.stringify(citation)
      if (this.#cited.has(key)) continue
      this.#cited.add(key)
      this.#citation(citation)
    }
  }

  /**
   * Adds the unknown fields of a delta and its choice. Objects and arrays become `unknown` parts; other values go into
   * the metadata of the delta if they have changed.
   */
  #extras(delta: JsonObject, choice: JsonObject): void {
    const scalars: Array<[string, JsonObject[string]]> = []
    for (const [name, value] of Object.entries(meaningful(delta, deltaFields) ?? {})) {
      if (goesBack(name, value)) this.#fields = addFields(this.#fields, { [name]: value })
      else if (typeof value !== "object") scalars.push([name, value])
      else this.#deltas.push({ type: "unknown", index: this.nextIndex++, raw: { [name]: value } })
    }
    const changed = this.#changed("delta ", { ...Object.fromEntries(scalars), ...meaningful(choice, choiceFields) })
    if (changed === undefined) return
    this.#plain = undefined
    const at = this.#deltas.findIndex(({ type }) => type === "text" || type === "reasoning" || type === "tool_call")
    const first = this.#deltas[at]
    if (first?.type === "text" || first?.type === "reasoning" || first?.type === "tool_call") {
      this.#deltas[at] = { ...first, metadata: { ...first.metadata, delta: changed } }
    } else this.#endMetadata = addFields(this.#endMetadata, changed)
  }

  /** The fields that have changed. */
  #changed(prefix: string, fields: JsonObject | undefined): JsonObject | undefined {
    const changed: Array<readonly [name: string, value: JsonObject[string]]> = []
    for (const [name, value] of Object.entries(fields ?? {})) {
      const text = JSON.stringify(value)
      if (this.#lastValues.get(prefix + name) === text) continue
      this.#lastValues.set(prefix + name, text)
      changed.push([name, value])
    }
    if (changed.length === 0) return undefined
    // A pattern with the old values would hide that they return.
    this.#fast.forget()
    return serverFields(Object.fromEntries(changed))
  }

  #setUsage(usage: JsonObject | undefined): void {
    if (usage === undefined || (this.#usage !== undefined && countsNothing(usage))) return
    this.#usage = usage
    this.#usageEmitted = false
  }

  #finished(raw: string): void {
    this.#finish = raw
    if (failureKind(raw) !== undefined) return
    for (const piece of this.#tags?.end() ?? []) this.#piece(piece)
  }

  /** The message is complete, and so are its calls, which may have come after the first finish reason. */
  #completed(): void {
    this.complete = true
    this.#deltas.push(...this.#calls.end())
    this.#emitDeltas()
  }

  #done(): void {
    if (this.complete) return
    if (this.#finish !== undefined && failureKind(this.#finish) !== undefined) return this.#failed(this.#finish)
    if (this.#finish === undefined) {
      if (!this.started || this.#quirks.noFinishReason !== true) {
        return this.fail(new TruncatedError({ message: "The message ended without a finish_reason" }))
      }
      this.#finished("")
    }
    this.#completed()
  }

  #failed(finish: string): void {
    const message = `The provider ended the answer (finish_reason ${finish})`
    this.fail(reasonOf({ kind: failureKind(finish), message }))
  }

  /** Emits the deltas of an event as a chunk, with the usage and the metadata that came with them. */
  #emitDeltas(metadata?: Metadata): void {
    const parts = this.#deltas
    const usage = this.#usageEmitted ? undefined : this.#usage
    if (parts.length === 0 && usage === undefined && metadata === undefined) return
    this.#deltas = []
    this.#usageEmitted = true
    if (usage === undefined && metadata === undefined) return this.emit(parts)
    this.chunks.push({
      ...this.chunkOf(parts),
      ...optional("usage", usage && toUsage(usage)),
      ...optional("metadata", metadata)
    })
  }

  protected last(): AIMessageChunk {
    return {
      ...this.#endOf([]),
      ...optional("usage", this.#usage && lastUsage(this.#usage, this.options.provider)),
      finish: toFinish(this.#finish ?? "", { calls: this.#calls.any, refused: this.#refused })
    }
  }

  /** A chunk with the metadata that was held for the end. */
  #endOf(parts: ReadonlyArray<Delta>): AIMessageChunk {
    const logprobs = this.#logprobs.length === 0 ? undefined : { logprobs: this.#logprobs }
    const metadata = { ...this.#endMetadata, ...logprobs, ...optional("fields", this.#fields) }
    return { ...this.chunkOf(parts), ...(Object.keys(metadata).length === 0 ? undefined : { metadata }) }
  }

  protected trailing(): ReadonlyArray<AIMessageChunk> {
    const usage = this.#usageEmitted ? undefined : this.#usage
    this.#usageEmitted = true
    const held = this.#tags?.end() ?? []
    for (const piece of held) this.#piece(piece)
    const calls = this.#finish === undefined ? this.#calls.flush() : this.#calls.end()
    const end = {
      ...this.#endOf([...this.#deltas, ...calls]),
      ...optional("usage", usage && lastUsage(usage, this.options.provider))
    }
    this.#deltas = []
    return end.parts.length === 0 && end.usage === undefined && end.metadata === undefined ? [] : [end]
  }
}

/** The key of reasoning that stood in the text. */
const thinkTag = "think"

const arrayAt = (object: JsonObject, key: string): ReadonlyArray<JsonObject[string]> => {
  const value = object[key]
  return Array.isArray(value) ? value : []
}

const secondMessage = "A second message began on the connection"

const deltaOf = (choice: JsonObject): JsonObject => objectAt(choice, "delta") ?? objectAt(choice, "message") ?? {}

/** Whether a delta has anything beside a role. */
const hasContent = (delta: JsonObject): boolean => meaningful(delta, ["role"]) !== undefined

/** Whether an event without choices is a part: it has a type of its own, or fields that may be content. */
const isContent = (event: JsonObject): boolean => {
  const { type, ...fields } = meaningful(event, [...eventFields, ...usageFields]) ?? {}
  if (String(event["object"]).startsWith("chat.completion")) return false
  return mayBeContent(fields) ||
    (type !== undefined && (Object.keys(fields).length > 0 || usageIn(event) === undefined))
}

/**
 * Whether a field of a delta goes back in the next request because only the server can read it, such as the signature
 * of a thought (Gemini's `extra_content`).
 */
const goesBack = (name: string, value: JsonObject[string]): boolean =>
  name === "extra_content" || name === "provider_specific_fields" || opaque.test(name) ||
  (typeof value === "object" && opaqueKey.test(JSON.stringify(value)))

const opaque = /signature|encrypted|opaque/i
const opaqueKey = /"[^"\\]*(signature|encrypted|opaque)[^"\\]*":/i

const eventFields = ["id", "object", "created", "model", "choices", "usage", "obfuscation", "citations"]
const choiceFields = ["index", "delta", "message", "finish_reason", "logprobs", "text", "usage"]
const deltaFields = [
  "role",
  "content",
  "reasoning",
  "reasoning_content",
  "reasoning_details",
  "refusal",
  "tool_calls",
  "function_call",
  "annotations",
  "images"
]
