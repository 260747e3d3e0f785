/**
 * The wire format of Anthropic's Messages API, as its server writes it: the events of one streamed answer, their SSE
 * frames, the JSON body of an error, and the checks of a request.
 *
 * `Script` builds answers of these events, and `AnthropicServer` uses the checks. All functions are pure. Must not
 * import the provider, so that the two implementations of the wire stay independent.
 *
 * @internal
 */
import * as Predicate from "effect/Predicate"
import type { Refusal } from "../server/exchange.ts"

/** One event of a stream: a JSON object that is framed under its `type`. */
export interface Event {
  /** The name of the event. */
  readonly type: string
  /** Any other field of the event. */
  readonly [field: string]: unknown
}

/** Token counts under the API's own names. */
export interface Usage {
  /** Input tokens that were not read from or written to the cache. Default: 10. */
  readonly input_tokens?: number | undefined
  /** Output tokens at the end of the answer. Default: one for each delta. */
  readonly output_tokens?: number | undefined
  /** Input tokens written to the cache. Default: 0. */
  readonly cache_creation_input_tokens?: number | undefined
  /** Input tokens read from the cache. Default: 0. */
  readonly cache_read_input_tokens?: number | undefined
  /** Any other field. It is sent in `message_delta`. */
  readonly [field: string]: unknown
}

/** One content block of an answer. Each token becomes one delta. */
export type Block =
  | {
    readonly type: "text"
    /** One delta for each. */
    readonly tokens: ReadonlyArray<string>
  }
  | {
    readonly type: "thinking"
    /** One delta for each. */
    readonly tokens: ReadonlyArray<string>
    /** Sent in a delta of its own. Default: none. */
    readonly signature?: string | undefined
  }
  | {
    readonly type: "redacted_thinking"
    /** The encrypted reasoning. */
    readonly data: string
  }
  | {
    readonly type: "tool_use"
    /** The id of the call. Default: `toolu_01Rivulet` and the index of the block. */
    readonly id?: string | undefined
    /** The name of the tool. */
    readonly name: string
    /** The arguments. A string is sent unchanged and need not be valid JSON; any other value is serialised. */
    readonly args: unknown
    /** The slices of the arguments. Default: 12 characters each. */
    readonly slices?: ReadonlyArray<string> | undefined
  }
  | {
    readonly type: "raw"
    /** The block in `content_block_start`. */
    readonly block: Event
    /** The deltas that follow. Default: none. */
    readonly deltas?: ReadonlyArray<Event> | undefined
  }

/** A complete answer. */
export interface Answer {
  /** The content, in order. */
  readonly blocks: ReadonlyArray<Block>
  /** The id of the message. Default: `msg_01RivuletTestServer`. */
  readonly id?: string | undefined
  /** The model in the answer. Default: `claude-haiku-4-5`. */
  readonly model?: string | undefined
  /** Token counts. */
  readonly usage?: Usage | undefined
  /** The stop reason. Default: `tool_use` if a tool is called, `end_turn` otherwise. */
  readonly stopReason?: string | undefined
  /** The stop sequence that ended the answer. Default: none. */
  readonly stopSequence?: string | undefined
  /** The details of the stop reason. Default: none. */
  readonly stopDetails?: Readonly<Record<string, unknown>> | undefined
}

/** The SSE frame of an event. The API writes a space after the colon of a ping. */
export const frame = (event: Event): string =>
  event.type === "ping"
    ? "event: ping\ndata: {\"type\": \"ping\"}\n\n"
    : `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`

/** The first event of an answer. Its usage has the input, and one token of the output. */
export const messageStart = (answer: Omit<Answer, "blocks">): Event => ({
  type: "message_start",
  message: {
    model: answer.model ?? "claude-haiku-4-5",
    id: answer.id ?? "msg_01RivuletTestServer",
    type: "message",
    role: "assistant",
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: {
      input_tokens: answer.usage?.input_tokens ?? 10,
      cache_creation_input_tokens: answer.usage?.cache_creation_input_tokens ?? 0,
      cache_read_input_tokens: answer.usage?.cache_read_input_tokens ?? 0,
      output_tokens: 1,
      service_tier: "standard"
    }
  }
})

export const ping: Event = { type: "ping" }

export const blockStart = (index: number, block: Event): Event => ({
  type: "content_block_start",
  index,
  content_block: block
})

export const blockDelta = (index: number, delta: Event): Event => ({ type: "content_block_delta", index, delta })

export const textDelta = (index: number, text: string): Event => blockDelta(index, { type: "text_delta", text })

export const blockStop = (index: number): Event => ({ type: "content_block_stop", index })

/** The event with the stop reason and the final usage, which counts from the start of the answer. */
export const messageDelta = (answer: Answer, outputTokens: number): Event => {
  const { cache_creation_input_tokens, cache_read_input_tokens, input_tokens, output_tokens, ...rest } = answer.usage ??
    {}
  const calls = answer.blocks.some((block) => block.type === "tool_use")
  return {
    type: "message_delta",
    delta: {
      stop_reason: answer.stopReason ?? (calls ? "tool_use" : "end_turn"),
      stop_sequence: answer.stopSequence ?? null,
      stop_details: answer.stopDetails ?? null
    },
    usage: {
      input_tokens: input_tokens ?? 10,
      cache_creation_input_tokens: cache_creation_input_tokens ?? 0,
      cache_read_input_tokens: cache_read_input_tokens ?? 0,
      output_tokens: output_tokens ?? outputTokens,
      ...rest
    }
  }
}

export const messageStop: Event = { type: "message_stop" }

/** A text in slices of `length` characters. Surrogate pairs stay together. */
const slice = (text: string, length: number): ReadonlyArray<string> => {
  const characters = Array.from(text)
  const slices: Array<string> = []
  for (let i = 0; i < characters.length; i += length) {
    slices.push(characters.slice(i, i + length).join(""))
  }
  return slices
}

/** The slices of the arguments of a call. The API sends an empty object as one empty slice. */
const argumentSlices = (block: Extract<Block, { readonly type: "tool_use" }>): ReadonlyArray<string> => {
  if (block.slices !== undefined) return block.slices
  const text = typeof block.args === "string" ? block.args : JSON.stringify(block.args ?? {})
  return text === "{}" ? [""] : ["", ...slice(text, 12)]
}

/** The start of a block, and its deltas. */
const blockParts = (block: Block, index: number): { readonly start: Event; readonly deltas: ReadonlyArray<Event> } => {
  switch (block.type) {
    case "text":
      return {
        start: { type: "text", text: "" },
        deltas: block.tokens.map((text) => ({ type: "text_delta", text }))
      }
    case "thinking": {
      const deltas: Array<Event> = block.tokens.map((thinking) => ({ type: "thinking_delta", thinking }))
      if (block.signature !== undefined) {
        deltas.push({ type: "signature_delta", signature: block.signature })
      }
      return { start: { type: "thinking", thinking: "", signature: "" }, deltas }
    }
    case "redacted_thinking":
      return { start: { type: "redacted_thinking", data: block.data }, deltas: [] }
    case "tool_use":
      return {
        start: { type: "tool_use", id: block.id ?? `toolu_01Rivulet${index}`, name: block.name, input: {} },
        deltas: argumentSlices(block).map((partial_json) => ({ type: "input_json_delta", partial_json }))
      }
    case "raw":
      return { start: block.block, deltas: block.deltas ?? [] }
  }
}

/** All events of a complete answer, in order, with one ping after the start of the first block. */
export const answerEvents = (answer: Answer): ReadonlyArray<Event> => {
  const events: Array<Event> = [messageStart(answer)]
  let deltaCount = 0
  answer.blocks.forEach((block, index) => {
    const { deltas, start } = blockParts(block, index)
    deltaCount += deltas.length
    events.push(blockStart(index, start))
    if (index === 0) {
      events.push(ping)
    }
    for (const delta of deltas) {
      events.push(blockDelta(index, delta))
    }
    events.push(blockStop(index))
  })
  events.push(messageDelta(answer, deltaCount), messageStop)
  return events
}

/** An error as the API writes it, in the body of a response and in an `error` event. */
export const error = (type: string, message: string, requestId?: string): Event => ({
  type: "error",
  error: { type, message },
  ...(requestId === undefined ? undefined : { request_id: requestId })
})

const statuses: Readonly<Record<number, readonly [type: string, message: string]>> = {
  400: ["invalid_request_error", "The request is invalid"],
  401: ["authentication_error", "invalid x-api-key"],
  402: ["billing_error", "There is an issue with your billing or payment information"],
  403: ["permission_error", "Your API key does not have permission to use the specified resource"],
  404: ["not_found_error", "Not Found"],
  408: ["timeout_error", "Request timed out"],
  409: ["conflict_error", "The request conflicts with another one"],
  413: ["request_too_large", "Request exceeds the maximum size"],
  422: ["invalid_request_error", "The request cannot be processed"],
  429: ["rate_limit_error", "This request would exceed your rate limit"],
  500: ["api_error", "Internal server error"],
  502: ["api_error", "Bad gateway"],
  503: ["api_error", "Service unavailable"],
  504: ["timeout_error", "Gateway timeout"],
  529: ["overloaded_error", "Overloaded"]
}

/** The API's error type and a usual message for a status. */
export const statusError = (status: number): { readonly type: string; readonly message: string } => {
  const [type, message] = statuses[status] ?? [status < 500 ? "invalid_request_error" : "api_error", `HTTP ${status}`]
  return { type, message }
}

/** Rejects every route except `POST /v1/messages`. */
export const routeRefusal = (method: string, path: string): Refusal | undefined =>
  method === "POST" && path === "/v1/messages" ? undefined : { status: 404 }

/** Rejects a request without a key in `x-api-key` or a bearer token, or with another key than `apiKey`. */
export const keyRefusal = (
  headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>,
  apiKey: string | undefined
): Refusal | undefined => {
  const key = headers["x-api-key"] ?? headers.authorization?.toString().replace(/^bearer /i, "")
  if (key === undefined) return { status: 401, message: "x-api-key header is required" }
  return apiKey === undefined || key === apiKey ? undefined : { status: 401 }
}

/** Rejects a body without a known model, messages and a limit, and one that does not ask for a stream. */
export const bodyRefusal = (body: unknown): Refusal | undefined => {
  if (!Predicate.isObject(body)) {
    return { status: 400, message: "The request body is not valid JSON" }
  }
  const missing = ["model", "messages", "max_tokens"].find((field) => body[field] === undefined)
  if (missing !== undefined) {
    return { status: 400, message: `${missing}: Field required` }
  }
  if (String(body.model).startsWith("unknown")) {
    return { status: 404, message: `model: ${String(body.model)}` }
  }
  return body.stream === true
    ? undefined
    : { status: 400, message: "stream: this server only streams, set it to true" }
}
