/**
 * The parts of an answer and the errors that both of OpenAI's wires share, and the checks of a request.
 *
 * The events of each wire build on the parts, and `OpenAiServer` uses the checks. Must not import the provider or the
 * events of a wire.
 *
 * @internal
 */
import type * as Duration from "effect/Duration"
import * as Predicate from "effect/Predicate"
import type { Refusal } from "../server/exchange.ts"
import { delay, make, write } from "../server/steps.ts"
import type { Script, Step } from "../server/steps.ts"
import { words } from "../server/words.ts"

/** The JSON of one frame. */
export interface Event {
  /** Any field. */
  readonly [field: string]: unknown
}

/** A piece of an answer that both wires have. Each token becomes one delta. */
export type Block =
  | {
    readonly type: "text"
    /** One delta for each. */
    readonly tokens: ReadonlyArray<string>
  }
  | {
    readonly type: "refusal"
    /** One delta for each. */
    readonly tokens: ReadonlyArray<string>
  }
  | CallBlock

/** A tool call. */
export interface CallBlock {
  readonly type: "tool_call"
  /** The id of the call. Default: `call_01Rivulet` and its position. */
  readonly id?: string | undefined
  /** The name of the tool. */
  readonly name: string
  /** The arguments. A string is sent unchanged and need not be valid JSON; any other value is serialised. */
  readonly args: unknown
  /** The slices of the arguments. Default: 12 characters each. */
  readonly slices?: ReadonlyArray<string> | undefined
}

/** The pace of an answer. */
export interface Timing {
  /** The time between two deltas. A number is in milliseconds. Default: none. */
  readonly delay?: Duration.Input | undefined
}

/** The arguments of a call as they are streamed. */
export const slicesOf = (call: CallBlock): ReadonlyArray<string> => {
  if (call.slices !== undefined) return call.slices
  const text = typeof call.args === "string" ? call.args : JSON.stringify(call.args ?? {})
  return text.match(/[^]{1,12}/gu) ?? []
}

/** The id of the call that is this block of the answer. */
export const callId = (call: CallBlock, index: number): string => call.id ?? `call_01Rivulet${index}`

/** The block of a call, after one of `text` if it is given. */
export const callBlocks = (
  call: Omit<CallBlock, "type">,
  text: string | undefined
): ReadonlyArray<Block> => [
  ...(text === undefined ? [] : [{ type: "text", tokens: words(text) } as const]),
  { type: "tool_call", ...call }
]

/** Padding that gives short deltas one length, so that the size of a packet does not reveal the text. */
export const obfuscation = (delta: string): string => "r1vu1etr1vu1etr1".slice(0, Math.max(0, 16 - delta.length))

/** Steps of events, with the time between the deltas. */
export const stepsOf = (
  events: ReadonlyArray<Event>,
  frame: (event: Event) => string,
  isDelta: (event: Event) => boolean,
  duration: Duration.Input | undefined
): ReadonlyArray<Step> => {
  let deltas = 0
  return events.flatMap((event): ReadonlyArray<Step> =>
    duration !== undefined && isDelta(event) && deltas++ > 0
      ? [delay(duration), write(frame(event))]
      : [write(frame(event))]
  )
}

// -----------------------------------------------------------------------------
// errors
// -----------------------------------------------------------------------------

/** The fields of an error. */
export interface ErrorFields {
  /** The error type. Default: `server_error`, or the API's own for a status. */
  readonly type?: string | undefined
  /** The error code. Default: null, or the API's own for a status. */
  readonly code?: string | null | undefined
  /** The error message. Default: a usual one. */
  readonly message?: string | undefined
  /** The name of the rejected parameter. Default: null. */
  readonly param?: string | null | undefined
}

/** An error as the API writes it. */
export const errorBody = ({ code, message, param, type }: ErrorFields): Event => ({
  message: message ?? "The server had an error while processing your request. Sorry about that!",
  type: type ?? "server_error",
  param: param ?? null,
  code: code ?? null
})

// OpenAI answers an empty account with 429; only other servers of these wires send 402 and 529.
const statuses: Readonly<Record<number, readonly [type: string, code: string | null, message: string]>> = {
  400: ["invalid_request_error", null, "The request is invalid"],
  401: ["invalid_request_error", "invalid_api_key", "Incorrect API key provided"],
  402: ["insufficient_quota", "insufficient_quota", "Insufficient balance"],
  403: ["invalid_request_error", "unsupported_country_region_territory", "Country, region, or territory not supported"],
  404: ["invalid_request_error", null, "Not found"],
  408: ["timeout", null, "The request timed out"],
  409: ["conflict_error", null, "The request conflicts with another one"],
  413: ["invalid_request_error", null, "The request is too large"],
  422: ["invalid_request_error", null, "The request cannot be processed"],
  429: ["requests", "rate_limit_exceeded", "Rate limit reached"],
  500: ["server_error", null, "The server had an error while processing your request. Sorry about that!"],
  502: ["server_error", null, "Bad gateway"],
  503: ["service_unavailable_error", "server_is_overloaded", "Our servers are currently overloaded"],
  504: ["server_error", null, "Gateway timeout"],
  529: ["service_unavailable_error", null, "Overloaded"]
}

/** The contents of an error response. */
export interface StatusOptions extends ErrorFields {
  /** The id of the request. Default: `req_01RivuletTestServer`. */
  readonly requestId?: string | undefined
  /** Headers added to `content-type` and `x-request-id`. Default: none. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Replaces the JSON. A string is sent unchanged. Default: the API's error. */
  readonly body?: unknown
}

/** An error response with the API's JSON body. */
export const errorResponse = (status: number, options: StatusOptions | undefined): Script => {
  const [type, code, message] = statuses[status] ??
    [status < 500 ? "invalid_request_error" : "server_error", null, `HTTP ${status}`]
  const content = options?.body ?? {
    error: errorBody({
      type: options?.type ?? type,
      code: options?.code === undefined ? code : options.code,
      message: options?.message ?? message,
      param: options?.param
    })
  }
  return make([write(typeof content === "string" ? content : JSON.stringify(content))], {
    status,
    headers: {
      "content-type": "application/json",
      "x-request-id": options?.requestId ?? "req_01RivuletTestServer",
      ...options?.headers
    }
  })
}

// -----------------------------------------------------------------------------
// checks of a request
// -----------------------------------------------------------------------------

/** The path of each API. */
export const routes = { chat: "/v1/chat/completions", responses: "/v1/responses" } as const

/** Whether a path is that of a response which the API keeps. */
const isKept = (path: string): boolean => path.startsWith(`${routes.responses}/`)

/** Rejects every route except those of the two APIs, and that of a response which the API keeps. */
export const routeRefusal = (method: string, path: string): Refusal | undefined =>
  (method === "POST" && (path === routes.chat || path === routes.responses)) || (method === "GET" && isKept(path))
    ? undefined
    : { status: 404, message: `Invalid URL (${method} ${path})` }

/** Rejects a request without a bearer token or Azure's `api-key`, or with another key than `apiKey`. */
export const keyRefusal = (
  headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>,
  apiKey: string | undefined
): Refusal | undefined => {
  const key = headers["api-key"] ?? headers["authorization"]?.toString().replace(/^bearer /i, "")
  if (key === undefined || key === "") {
    return { status: 401, message: "You didn't provide an API key" }
  }
  return apiKey === undefined || key === apiKey ? undefined : { status: 401 }
}

/** Rejects a body without a known model and an input, and one that does not ask for a stream. */
export const bodyRefusal = (body: unknown, path: string): Refusal | undefined => {
  if (isKept(path)) return undefined
  if (!Predicate.isObject(body)) {
    return { status: 400, message: "We could not parse the JSON body of your request" }
  }
  const missing = ["model", path === routes.chat ? "messages" : "input"].find((field) => body[field] === undefined)
  if (missing !== undefined) {
    return {
      status: 400,
      message: `Missing required parameter: '${missing}'.`,
      param: missing,
      code: "missing_required_parameter"
    }
  }
  if (String(body["model"]).startsWith("unknown")) {
    return {
      status: 404,
      message: `The model \`${String(body["model"])}\` does not exist or you do not have access to it.`,
      code: "model_not_found"
    }
  }
  return body["stream"] === true
    ? undefined
    : { status: 400, message: "This server only streams: set stream to true", param: "stream" }
}
