/**
 * What an answer of OpenAI's consists of, the same for its two wires, and the errors that both word alike.
 *
 * @internal
 */
import type * as Duration from "effect/Duration"
import * as Predicate from "effect/Predicate"
import type { Refusal } from "../server/exchange.ts"
import { delay, make, write } from "../server/steps.ts"
import type { Script, Step } from "../server/steps.ts"
import { words } from "../server/words.ts"

/** One frame's JSON. */
export interface Event {
  readonly [field: string]: unknown
}

/**
 * A piece of an answer. Each of `tokens` becomes one delta. The `args` of a call are serialised and cut into `slices`
 * (default: 12 characters each); a string is sent as it stands, so that it need not be valid JSON.
 */
export type Block =
  | { readonly type: "text"; readonly tokens: ReadonlyArray<string> }
  | { readonly type: "refusal"; readonly tokens: ReadonlyArray<string> }
  | CallBlock

/** A call of a function. */
export interface CallBlock {
  readonly type: "tool_call"
  readonly id?: string | undefined
  readonly name: string
  readonly args: unknown
  readonly slices?: ReadonlyArray<string> | undefined
}

/** How an answer is told. */
export interface Timing {
  /** The time between two deltas; none by default. */
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

/** The blocks of a call, after `text` if there is any. */
export const callBlocks = (
  call: Omit<CallBlock, "type">,
  text: string | undefined
): ReadonlyArray<Block> => [
  ...(text === undefined ? [] : [{ type: "text", tokens: words(text) } as const]),
  { type: "tool_call", ...call }
]

/** What hides the length of a delta from who can only see the size of packets: together they are of one length. */
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

/** What an error says of itself. */
export interface ErrorFields {
  readonly type?: string | undefined
  readonly code?: string | null | undefined
  readonly message?: string | undefined
  readonly param?: string | null | undefined
}

/** An error as the API words it. */
export const errorBody = ({ code, message, param, type }: ErrorFields): Event => ({
  message: message ?? "The server had an error while processing your request. Sorry about that!",
  type: type ?? "server_error",
  param: param ?? null,
  code: code ?? null
})

// OpenAI itself answers an empty account with 429; 402 and 529 are those of servers that speak as it does.
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

/** How a response that is an error is made. */
export interface StatusOptions extends ErrorFields {
  readonly requestId?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Replaces the body, a string as it stands. */
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
// what is let in
// -----------------------------------------------------------------------------

/** The routes there are. */
export const routes = { chat: "/v1/chat/completions", responses: "/v1/responses" } as const

export const routeRefusal = (method: string, path: string): Refusal | undefined =>
  method === "POST" && (path === routes.chat || path === routes.responses)
    ? undefined
    : { status: 404, message: `Invalid URL (${method} ${path})` }

/** A request needs a bearer token, or a key in `api-key` as Azure takes it: any, or the one given. */
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

/** A body needs a model that is known and something to answer, and must ask for a stream. */
export const bodyRefusal = (body: unknown, path: string): Refusal | undefined => {
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
