/**
 * Errors of providers: the reason of a status or of an error body, `retry-after`, and failed connections.
 * `provider/model.ts` calls {@link errorOf} and decoders call {@link reasonOf}. `errorBody.ts` reads the bodies. Every text from a server passes through `scrub` first, as it may repeat a secret.
 */
import * as Duration from "effect/Duration"
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
  UnknownError
} from "../../ChatModelError.ts"
import type { Reason } from "../../ChatModelError.ts"
import type { Metadata } from "../../Message.ts"
import { excerpt } from "../excerpt.ts"
import { optional } from "../optional.ts"
import { bodyIn, delayOf, errorIn, readError, windowOf } from "./errorBody.ts"
import type { ErrorFacts } from "./errorBody.ts"
import { isObject } from "./json.ts"
import type { JsonObject } from "./json.ts"

/** Removes secrets from a text. */
export type Scrub = (text: string) => string

/** Replaces each secret by `<redacted>`, in case a server or a library repeats one. */
export const scrubber = (secrets: ReadonlyArray<string>): Scrub => {
  const known = secrets.filter((secret) => secret.length > 0)
  return (text) => known.reduce((text, secret) => text.replaceAll(secret, "<redacted>"), text)
}

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

/** The error of an unexpected response, or of a value that `fetch`, the SDK or the reader of the body threw. */
export const errorOf = (cause: unknown, context: Context): ChatModelError =>
  cause instanceof UnexpectedResponse ? unexpectedResponseError(cause, context) : networkError(cause, context)

const unexpectedResponseError = ({ headers, status, text }: UnexpectedResponse, context: Context): ChatModelError => {
  const { errorDialect, model, now, provider, scrub } = context
  const body = bodyIn(text)
  // A successful status does not tell the kind of error.
  const failed = status < 300 ? undefined : status
  const delay = retryAfterOf(headers, now)
  const facts = readError(
    body === undefined ? { ...optional("message", plainText(scrub(text))) } : scrubbed(body, scrub),
    { status: failed, now, waits: delay !== undefined }
  )
  const requestId = headers.get(errorDialect.requestIdHeader)
  return new ChatModelError({
    provider,
    model,
    reason: status < 300 && (body === undefined || !errorIn(body))
      ? new MalformedResponseError({
        message: `${notAStream} ${headers.get("content-type")}`,
        excerpt: excerpt(scrub(text))
      })
      : reasonOf(facts, failed, delay),
    metadata: { ...metadataOf(facts), status, ...optional("requestId", requestId ?? undefined) }
  })
}

/** A body without secrets, however they are escaped in it. */
export const scrubbed = (body: JsonObject, scrub: Scrub): JsonObject => JSON.parse(scrub(JSON.stringify(body)))

const notAStream = "The server answered with no event stream but with"

/** The text of a body that is no JSON. An HTML page is left out, as the status says more. */
const plainText = (text: string): string | undefined => text === "" || /<[a-z!]/i.test(text) ? undefined : text

/**
 * The errors of a redirect in Node.js ("unexpected redirect"), Bun ("UnexpectedRedirect") and Deno ("redirect mode").
 */
const redirected = /unexpected ?redirect|redirect mode/i

const networkError = (cause: unknown, context: Context): ChatModelError => {
  const chain = causes(cause)
  const requestId = context.headers?.get(context.errorDialect.requestIdHeader)
  const code = chain.map((error) => error["code"]).find((code) => typeof code === "string")
  const messages = chain
    .map((error) => error["message"])
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
      : new NetworkError({ message, ...(typeof code === "string" ? { code } : undefined) }),
    ...(requestId === null || requestId === undefined ? undefined : { metadata: { requestId } })
  })
}

/** An error and its causes, outermost first. */
const causes = (error: unknown): ReadonlyArray<{ readonly [key: string]: unknown }> => {
  const chain: Array<{ readonly [key: string]: unknown }> = []
  let current = error
  while (isObject(current) && chain.length < 5) {
    chain.push(current)
    const inner: unknown = current["cause"] ?? firstError(current["errors"])
    current = inner
  }
  return chain
}

// Node reports a host with several addresses as an AggregateError.
const firstError = (errors: unknown): unknown => Array.isArray(errors) ? errors[0] : undefined
