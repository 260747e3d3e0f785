/**
 * The wire format of OpenAI's Responses API as its server streams it
 * (https://platform.openai.com/docs/api-reference/responses-streaming).
 *
 * `OpenAiScript.responses` builds answers of these events. All functions are pure. Must not import the provider, so
 * that the two implementations of the wire stay independent.
 *
 * @internal
 */
import { callId, obfuscation, slicesOf } from "./answer.ts"
import type { Block as CommonBlock, CallBlock, Event } from "./answer.ts"

/** A piece of an answer. Each becomes one item of the output. */
export type Block =
  | CommonBlock
  | {
    readonly type: "reasoning"
    /** The summary of the reasoning, one delta for each. */
    readonly tokens: ReadonlyArray<string>
    /** The encrypted reasoning. Default: none. */
    readonly encrypted?: string | undefined
  }
  | {
    readonly type: "raw"
    /** The item in `response.output_item.added`. */
    readonly item: Event
    /** The events between, without their sequence numbers. Default: none. */
    readonly events?: ReadonlyArray<Event> | undefined
    /** The item in `response.output_item.done` and in the last event. Default: `item`. */
    readonly done?: Event | undefined
  }

/** Token counts under the API's own names. */
export interface Usage {
  /** Input tokens, cached ones included. Default: 10. */
  readonly input_tokens?: number | undefined
  /** Output tokens, reasoning included. Default: one for each delta. */
  readonly output_tokens?: number | undefined
  /** All tokens. Default: the sum of the two. */
  readonly total_tokens?: number | undefined
  /** Any other field of the usage. */
  readonly [field: string]: unknown
}

/** An answer. */
export interface Answer {
  /** The items of the output, in order. */
  readonly blocks: ReadonlyArray<Block>
  /** The id of the response. Default: `resp_RivuletTestServer`. */
  readonly id?: string | undefined
  /** The model in the answer. Default: `gpt-4.1-nano-2025-04-14`. */
  readonly model?: string | undefined
  /** Token counts. */
  readonly usage?: Usage | undefined
  /** The reason of the status `incomplete`, for example `max_output_tokens`. Default: the status is `completed`. */
  readonly incomplete?: string | undefined
  /** Fields added to every snapshot of the response, for example `service_tier`. Default: none. */
  readonly response?: Event | undefined
}

export const frame = (event: Event): string => `event: ${String(event["type"])}\ndata: ${JSON.stringify(event)}\n\n`

type Head = Omit<Answer, "blocks">

/** The response object in the events that open and close a stream. */
export const snapshot = (head: Head, fields: Event): Event => ({
  id: head.id ?? "resp_RivuletTestServer",
  object: "response",
  created_at: 1770000000,
  status: "in_progress",
  background: false,
  error: null,
  incomplete_details: null,
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  model: head.model ?? "gpt-4.1-nano-2025-04-14",
  output: [],
  parallel_tool_calls: true,
  previous_response_id: null,
  prompt_cache_key: null,
  reasoning: { effort: null, summary: null },
  safety_identifier: null,
  service_tier: "default",
  store: true,
  temperature: 1,
  text: { format: { type: "text" }, verbosity: "medium" },
  tool_choice: "auto",
  tools: [],
  top_logprobs: 0,
  top_p: 1,
  truncation: "disabled",
  usage: null,
  user: null,
  metadata: {},
  ...head.response,
  ...fields
})

export const opening = (head: Head): ReadonlyArray<Event> =>
  ["response.created", "response.in_progress"].map((type) => ({ type, response: snapshot(head, {}) }))

/** One item of the output: its events, and the complete item. */
interface Item {
  readonly events: ReadonlyArray<Event>
  readonly done: Event
}

const added = (output_index: number, item: Event): Event => ({ type: "response.output_item.added", output_index, item })

const itemDone = (output_index: number, item: Event): Event => ({
  type: "response.output_item.done",
  output_index,
  item
})

const messageId = (index: number) => `msg_01Rivulet${index}`

/** The events that open a message with one text part. */
export const textOpening = (output_index: number, type: "output_text" | "refusal" = "output_text"): ReadonlyArray<
  Event
> => [
  added(output_index, {
    id: messageId(output_index),
    type: "message",
    status: "in_progress",
    content: [],
    role: "assistant"
  }),
  {
    type: "response.content_part.added",
    item_id: messageId(output_index),
    output_index,
    content_index: 0,
    part: contentPart(type, "")
  }
]

const contentPart = (type: "output_text" | "refusal", text: string): Event =>
  type === "refusal" ? { type, refusal: text } : { type, annotations: [], logprobs: [], text }

export const textDelta = (output_index: number, delta: string, type = "output_text"): Event => ({
  type: `response.${type}.delta`,
  item_id: messageId(output_index),
  output_index,
  content_index: 0,
  delta,
  ...(type === "output_text" ? { logprobs: [] } : undefined),
  obfuscation: obfuscation(delta)
})

/** The events that close a message, and the complete message. */
export const textClosing = (output_index: number, text: string, type: "output_text" | "refusal" = "output_text") => {
  const at = { item_id: messageId(output_index), output_index, content_index: 0 }
  const part = contentPart(type, text)
  const done: Event = {
    id: messageId(output_index),
    type: "message",
    status: "completed",
    content: [part],
    role: "assistant"
  }
  const whole = type === "refusal" ? { refusal: text } : { text, logprobs: [] }
  return {
    events: [
      { type: `response.${type}.done`, ...at, ...whole },
      { type: "response.content_part.done", ...at, part },
      itemDone(output_index, done)
    ],
    done
  }
}

const message = (output_index: number, tokens: ReadonlyArray<string>, type: "output_text" | "refusal"): Item => {
  const { done, events } = textClosing(output_index, tokens.join(""), type)
  const deltas = tokens.map((token) => textDelta(output_index, token, type))
  return { events: [...textOpening(output_index, type), ...deltas, ...events], done }
}

const reasoning = (output_index: number, block: Extract<Block, { readonly type: "reasoning" }>): Item => {
  const id = `rs_01Rivulet${output_index}`
  const secret = block.encrypted === undefined ? undefined : { encrypted_content: block.encrypted }
  const text = block.tokens.join("")
  const at = { item_id: id, output_index, summary_index: 0 }
  const part = { type: "summary_text", text }
  const done = { id, type: "reasoning", ...secret, summary: text === "" ? [] : [part] }
  const summary = text === "" ? [] : [
    { type: "response.reasoning_summary_part.added", ...at, part: { type: "summary_text", text: "" } },
    ...block.tokens.map((delta) => ({
      type: "response.reasoning_summary_text.delta",
      ...at,
      delta,
      obfuscation: obfuscation(delta)
    })),
    { type: "response.reasoning_summary_text.done", ...at, text },
    { type: "response.reasoning_summary_part.done", ...at, part }
  ]
  return {
    events: [
      added(output_index, { id, type: "reasoning", ...secret, summary: [] }),
      ...summary,
      itemDone(output_index, done)
    ],
    done
  }
}

const functionCall = (output_index: number, block: CallBlock): Item => {
  const id = `fc_01Rivulet${output_index}`
  const slices = slicesOf(block)
  const call = { call_id: callId(block, output_index), name: block.name }
  const done = { id, type: "function_call", status: "completed", arguments: slices.join(""), ...call }
  return {
    events: [
      added(output_index, { id, type: "function_call", status: "in_progress", arguments: "", ...call }),
      ...slices.map((delta) => ({
        type: "response.function_call_arguments.delta",
        item_id: id,
        output_index,
        delta,
        obfuscation: obfuscation(delta)
      })),
      { type: "response.function_call_arguments.done", item_id: id, output_index, arguments: slices.join("") },
      itemDone(output_index, done)
    ],
    done
  }
}

const itemOf = (block: Block, output_index: number): Item => {
  switch (block.type) {
    case "text":
      return message(output_index, block.tokens, "output_text")
    case "refusal":
      return message(output_index, block.tokens, "refusal")
    case "reasoning":
      return reasoning(output_index, block)
    case "tool_call":
      return functionCall(output_index, block)
    case "raw": {
      const done = block.done ?? block.item
      const events = (block.events ?? []).map((event) => ({ output_index, ...event }))
      return { events: [added(output_index, block.item), ...events, itemDone(output_index, done)], done }
    }
  }
}

/** The event that ends a stream, with the complete response and its usage. */
export const ending = (answer: Head, output: ReadonlyArray<Event>, outputTokens: number): Event => {
  const { input_tokens = 10, output_tokens = outputTokens, ...rest } = answer.usage ?? {}
  const status = answer.incomplete === undefined ? "completed" : "incomplete"
  return {
    type: `response.${status}`,
    response: snapshot(answer, {
      status,
      incomplete_details: answer.incomplete === undefined ? null : { reason: answer.incomplete },
      output,
      usage: {
        input_tokens,
        input_tokens_details: { cached_tokens: 0 },
        output_tokens,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: input_tokens + output_tokens,
        ...rest
      }
    })
  }
}

/** Adds the sequence numbers of one stream. */
export const numbered = (events: ReadonlyArray<Event>): ReadonlyArray<Event> =>
  events.map(({ type, ...event }, sequence_number) => ({ type, sequence_number, ...event }))

export const isDelta = (event: Event): boolean => String(event["type"]).endsWith(".delta")

/** All events of a complete answer, in order. */
export const answerEvents = (answer: Answer): ReadonlyArray<Event> => {
  const items = answer.blocks.map(itemOf)
  const itemEvents = items.flatMap((item) => item.events)
  const output = items.map((item) => item.done)
  return numbered([...opening(answer), ...itemEvents, ending(answer, output, itemEvents.filter(isDelta).length)])
}
