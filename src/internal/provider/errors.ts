/**
 * Errors of providers: the reason of a status or of an error body, `retry-after`, and failed connections.
 * `provider/model.ts` calls {@link errorOf} and decoders call {@link reasonOf}. `errorBody.ts` reads the bodies. Every text
 * of a server is scrubbed here, as it may repeat a secret.
 */
import * as Duration from "effect/Duration"
import type * as Schema from "effect/Schema"
import {
  AuthenticationError,
  ChatModelError,
  ContentPolicyError,
  ContextLengthError,
  InternalProviderError,
  InvalidRequestError,
  MalformedResponseError,
  NetworkError,
  NotFoundError,
  OverloadedError,
  PermissionError,
  QuotaExhaustedError,
  RateLimitError,
  TimeoutError,
  UnknownError,
  UnsupportedError
} from "../../ChatModelError.ts"
import type { Reason } from "../../ChatModelError.ts"
import type { Metadata } from "../../Message.ts"
import { excerpt } from "../excerpt.ts"
import { optional } from "../optional.ts"
import { bodyIn, delayOf, errorIn, readError, windowOf } from "./errorBody.ts"
import type { ErrorContext, ErrorFacts } from "./errorBody.ts"
import { isObject } from "./json.ts"
import type { JsonObject } from "./json.ts"
import type { Scrub } from "./settings.ts"

/** How a provider reports errors. */
export interface ErrorDialect {
  /** The name of the response header that holds the id of the request. */
  readonly requestIdHeader: string
}

/** The reason of a failure, by its error body and its status. */
export const reasonOf = (
  facts: ErrorFacts,
  status?: number | undefined,
  headerDelay?: Duration.Duration | undefined
): Reason => {
  const byDefault = status === undefined
    ? "The provider reported an error"
    : `The provider answered with status ${status}`
  const message = excerpt(facts.message ?? byDefault, 500)
  const waiting = { message, ...optional("retryAfter", headerDelay ?? facts.retryAfter) }
  switch (facts.kind) {
    case "authentication":
      return new AuthenticationError({ message })
    case "quota":
      return new QuotaExhaustedError({ message })
    case "permission":
      return new PermissionError({ message })
    case "not_found":
      return new NotFoundError({ message })
    case "context_length":
      return new ContextLengthError({ message })
    case "content_policy":
      return new ContentPolicyError({ message })
    case "rate_limit":
      return new RateLimitError(waiting)
    case "overloaded":
      return new OverloadedError(waiting)
    case "internal":
      return new InternalProviderError(waiting)
    case "timeout":
      return new TimeoutError({ message, phase: status === undefined ? "idle" : "connect" })
    case "invalid":
      return new InvalidRequestError({ message, ...optional("field", facts.field) })
    case undefined:
      return new UnknownError({ message: facts.type === undefined ? message : `${facts.type}: ${message}` })
  }
}

/** The metadata of an error, from its body. */
export const metadataOf = ({ metadata, type }: ErrorFacts): Metadata => ({
  ...metadata,
  ...optional("type", type)
})

/**
 * The delay that the headers ask for: `retry-after-ms`, `retry-after` in seconds or as a date, or the end of a window of
 * a rate limit in which nothing is left.
 */
const retryAfterOf = (headers: Headers | undefined, now: number): Duration.Duration | undefined => {
  const millis = Number(headers?.get("retry-after-ms") ?? headers?.get("x-ms-retry-after-ms") ?? NaN)
  if (Number.isFinite(millis) && millis >= 0) return Duration.millis(millis)
  const value = headers?.get("retry-after") ?? headers?.get("x-retry-after")
  return typeof value === "string" ? delayOf(value, now) : windowOf(Object.fromEntries(headers ?? []), now)
}

/** A response that is no event stream. `send` rejects with it. `text` is the start of its body. */
export class UnexpectedResponse {
  readonly status: number
  readonly headers: Headers
  readonly text: string

  constructor(response: Response, text: string) {
    this.status = response.status
    this.headers = response.headers
    this.text = text
  }
}

interface Context {
  readonly provider: string
  readonly model: string
  readonly scrub: Scrub
  readonly errorDialect: ErrorDialect
  readonly now: number
  /** The headers of the response, if its body broke. */
  readonly headers?: Headers | undefined
}

/**
 * The error of an unexpected response, or of a value that `fetch`, the SDK or the reader of the body threw. A transport
 * refuses a request with an `UnsupportedError`.
 */
export const errorOf = (cause: unknown, context: Context): ChatModelError =>
  cause instanceof UnexpectedResponse
    ? unexpectedResponseError(cause, context)
    : cause instanceof UnsupportedError
    ? new ChatModelError({ provider: context.provider, model: context.model, reason: cause })
    : networkError(cause, context)

const unexpectedResponseError = ({ headers, status, text }: UnexpectedResponse, context: Context): ChatModelError => {
  const { model, now, provider, scrub } = context
  const body = bodyIn(text)
  // A successful status does not tell the kind of error.
  const failed = status < 300 ? undefined : status
  const delay = retryAfterOf(headers, now)
  const facts = factsOf(
    body ?? { ...optional("message", plainText(text)) },
    { status: failed, now, waits: delay !== undefined },
    scrub
  )
  return new ChatModelError({
    provider,
    model,
    reason: status < 300 && (body === undefined || !errorIn(body))
      ? new MalformedResponseError({
        message: `${notAStream} ${excerpt(scrub(headers.get("content-type") ?? "no type"))}`,
        excerpt: excerpt(scrub(text))
      })
      : reasonOf(facts, failed, delay),
    metadata: { ...metadataOf(facts), status, ...optional("requestId", requestIdOf(headers, context)) }
  })
}

/** The most characters of one field in the metadata of an error. */
const maxField = 4096

/**
 * The facts in an error body, without secrets. The texts are scrubbed after they are read, because a short secret may
 * be a word of the protocol, and one by one, because it may be part of the syntax of JSON.
 */
export const factsOf = (body: JsonObject, context: ErrorContext, scrub: Scrub): ErrorFacts => {
  const facts = readError(body, context)
  const word = (text: string | undefined) => text === undefined ? undefined : excerpt(scrub(text))
  return {
    ...facts,
    message: facts.message === undefined ? undefined : scrub(facts.message),
    type: word(facts.type),
    field: word(facts.field),
    metadata: facts.metadata &&
      Object.fromEntries(
        Object.entries(scrubbedObject(facts.metadata, scrub)).map(([name, value]) => [name, bounded(value)])
      )
  }
}

const bounded = (value: Schema.Json): Schema.Json => {
  const text = JSON.stringify(value)
  return text.length <= maxField ? value : excerpt(text, maxField)
}

const scrubbedObject = (object: JsonObject, scrub: Scrub): JsonObject =>
  // The names of the protocols are shorter.
  Object.fromEntries(
    Object.entries(object).map(([name, value]) => [name.length < 8 ? name : scrub(name), scrubbedValue(value, scrub)])
  )

const scrubbedValue = (value: Schema.Json, scrub: Scrub): Schema.Json => {
  if (typeof value === "string") return scrub(value)
  if (typeof value === "number") return scrub(String(value)) === String(value) ? value : scrub(String(value))
  if (Array.isArray(value)) return value.map((item: Schema.Json) => scrubbedValue(item, scrub))
  return isObject(value) ? scrubbedObject(value, scrub) : value
}

/** The id of the request in the headers of a response. */
export const requestIdOf = (
  headers: Headers | undefined,
  { errorDialect, scrub }: Pick<Context, "errorDialect" | "scrub">
): string | undefined => {
  const requestId = headers?.get(errorDialect.requestIdHeader)
  return requestId === null || requestId === undefined ? undefined : excerpt(scrub(requestId))
}

const notAStream = "The server answered with no event stream but with"

/** The text of a body that is no JSON. An HTML page is left out, as the status says more. */
const plainText = (text: string): string | undefined => text === "" || /<[a-z!]/i.test(text) ? undefined : text

/**
 * The errors of a redirect in Node.js ("unexpected redirect", as `client.ts` says it too), Bun ("UnexpectedRedirect") and
 * Deno ("redirect mode").
 */
const redirected = /unexpected ?redirect|redirect mode/i

const networkError = (cause: unknown, context: Context): ChatModelError => {
  const chain = causes(cause)
  const requestId = requestIdOf(context.headers, context)
  const code = chain.map((error) => fieldOf(error, "code")).find((code) => typeof code === "string")
  const messages = chain
    .map((error) => fieldOf(error, "message"))
    .filter((text) => typeof text === "string")
    .map((text) => text.replace(/\.$/, ""))
    .filter((text) => text !== "")
  const message = excerpt(context.scrub([...new Set(messages)].join(": ") || "The connection was lost"), 500)
  return new ChatModelError({
    provider: context.provider,
    model: context.model,
    reason: messages.some((message) => redirected.test(message))
      ? new UnknownError({
        message: `The server redirects elsewhere, which is not followed; check the base URL (${message})`
      })
      : new NetworkError({
        message,
        ...(typeof code === "string" ? { code: excerpt(context.scrub(code)) } : undefined)
      }),
    ...(requestId === undefined ? undefined : { metadata: { requestId } })
  })
}

/** An error and its causes, outermost first. */
const causes = (error: unknown): ReadonlyArray<object> => {
  const chain: Array<object> = []
  let current = error
  while (typeof current === "object" && current !== null && chain.length < 5) {
    chain.push(current)
    current = fieldOf(current, "cause") ?? firstError(fieldOf(current, "errors"))
  }
  return chain
}

/** A field of an error that came from anywhere. A getter of it may throw, which says nothing of the failure. */
const fieldOf = (error: object, name: string): unknown => {
  try {
    return Reflect.get(error, name)
  } catch {
    return undefined
  }
}

// Node reports a host with several addresses as an AggregateError.
const firstError = (errors: unknown): unknown => Array.isArray(errors) ? errors[0] : undefined
