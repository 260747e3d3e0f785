/** What a provider's errors mean, as far as all providers agree. */
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
import { given } from "../optional.ts"
import { isObject } from "./json.ts"
import type { JsonObject } from "./json.ts"
import type { Scrub } from "./text.ts"

/** The reasons a provider can name. */
export type Kind =
  | "authentication"
  | "quota"
  | "permission"
  | "not_found"
  | "context_length"
  | "content_policy"
  | "rate_limit"
  | "overloaded"
  | "internal"
  | "timeout"
  | "invalid"

/** What the body of an error says. */
export interface ErrorFacts {
  /** Absent: the one its status stands for. */
  readonly kind?: Kind | undefined
  readonly message?: string | undefined
  /** The provider's own word for the error. */
  readonly type?: string | undefined
  /** What in the request is wrong. */
  readonly field?: string | undefined
  /** What else is to be told: `requestId`, `code`. */
  readonly metadata?: Metadata | undefined
}

/** How a provider tells of errors. */
export interface ErrorDialect {
  /** The response header that holds the id of the request. */
  readonly requestIdHeader: string
  /** Reads an error body, of a response with this status or from inside a 200. */
  readonly read: (body: JsonObject, status: number | undefined) => ErrorFacts
}

/** The reason an HTTP status stands for by itself. */
export const kindOfStatus = (status: number | undefined): Kind | undefined => {
  switch (status) {
    case undefined:
      return undefined
    case 401:
      return "authentication"
    case 402:
      return "quota"
    case 403:
      return "permission"
    case 404:
      return "not_found"
    case 408:
    case 504:
      return "timeout"
    case 413:
      return "context_length"
    case 429:
      return "rate_limit"
    case 503:
    case 529:
      return "overloaded"
  }
  return status >= 500 ? "internal" : status >= 400 ? "invalid" : undefined
}

/** The reason for which a call failed, from what the error's body and its status say. */
export const reasonOf = (
  facts: ErrorFacts,
  status: number | undefined,
  retryAfter?: Duration.Duration | undefined
): Reason => {
  const byDefault = status === undefined
    ? "The provider reported an error"
    : `The provider answered with status ${status}`
  const message = excerpt(facts.message ?? byDefault, 500)
  const waiting = { message, ...given("retryAfter", retryAfter) }
  switch (facts.kind ?? kindOfStatus(status)) {
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
      return new InvalidRequestError({ message, ...given("field", facts.field) })
    case undefined:
      return new UnknownError({ message: facts.type === undefined ? message : `${facts.type}: ${message}` })
  }
}

/** What of an error's body goes into the error's metadata. */
export const metadataOf = ({ metadata, type }: ErrorFacts): Metadata => ({
  ...metadata,
  ...given("type", type)
})

/** How long the headers ask to wait: `retry-after-ms`, or `retry-after` in seconds or as a date. */
const retryAfterOf = (headers: Headers | undefined, now: number): Duration.Duration | undefined => {
  const millis = Number(headers?.get("retry-after-ms") ?? NaN)
  if (Number.isFinite(millis) && millis >= 0) return Duration.millis(millis)
  const value = headers?.get("retry-after")
  if (value === null || value === undefined || value.trim() === "") return undefined
  const seconds = Number(value)
  if (Number.isFinite(seconds)) return seconds >= 0 ? Duration.seconds(seconds) : undefined
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : Duration.millis(Math.max(0, date - now))
}

/** An answer that is no stream, as `send` rejects with it; `text` is the start of its body. */
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
  /** Those of the response, when its body broke. */
  readonly headers?: Headers | undefined
}

/** The error for an answer that is no stream, or for what fetch, the SDK or the body's reader threw. */
export const errorOf = (cause: unknown, context: Context): ChatModelError =>
  cause instanceof UnexpectedResponse ? unexpectedResponseError(cause, context) : networkError(cause, context)

const unexpectedResponseError = ({ headers, status, text }: UnexpectedResponse, context: Context): ChatModelError => {
  const { errorDialect, model, now, provider, scrub } = context
  const body = parsed(text)
  // A status of success says nothing of an error.
  const failed = status < 300 ? undefined : status
  const facts = body === undefined
    ? { message: plainText(scrub(text)) }
    : errorDialect.read(scrubbed(body, scrub), failed)
  const requestId = headers.get(errorDialect.requestIdHeader)
  return new ChatModelError({
    provider,
    model,
    reason: status < 300 && (body === undefined || !("error" in body))
      ? new MalformedResponseError({
        message: `${notAStream} ${headers.get("content-type")}`,
        excerpt: excerpt(scrub(text))
      })
      : reasonOf(facts, failed, retryAfterOf(headers, now)),
    metadata: { status, ...metadataOf(facts), ...given("requestId", requestId ?? undefined) }
  })
}

/** A body without secrets, however they were escaped in it. */
export const scrubbed = (body: JsonObject, scrub: Scrub): JsonObject => JSON.parse(scrub(JSON.stringify(body)))

const notAStream = "The server answered with no event stream but with"

const parsed = (text: string): JsonObject | undefined => {
  try {
    const body: unknown = JSON.parse(text)
    return isObject(body) ? body : undefined
  } catch {
    return undefined
  }
}

/** A body that is no JSON: its status says more than an error page. */
const plainText = (text: string): string | undefined => text === "" || /<[a-z!]/i.test(text) ? undefined : text

/** How Node.js ("unexpected redirect"), Bun ("UnexpectedRedirect") and Deno ("redirect mode") tell of a redirect. */
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

/** An error and what caused it, outermost first. */
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
