/** What Anthropic's errors mean (https://docs.anthropic.com/en/api/errors). */
import * as Duration from "effect/Duration"
import {
  AuthenticationError,
  ChatModelError,
  ContentPolicyError,
  ContextLengthError,
  InternalProviderError,
  InvalidRequestError,
  NetworkError,
  NotFoundError,
  OverloadedError,
  PermissionError,
  QuotaExhaustedError,
  RateLimitError,
  TimeoutError,
  UnknownError
} from "../ChatModelError.ts"
import type { Reason } from "../ChatModelError.ts"
import type { Metadata } from "../Message.ts"
import { isObject, objectAt, stringAt } from "./json.ts"

/** The start of a text that came from outside. */
export const excerpt = (text: string, length = 200): string =>
  text.length <= length ? text : `${text.slice(0, length - 1)}…`

/**
 * The reason an error body gives by its `error.type`; failing that, the one its status stands for. Bodies are the same
 * in an error response and in an `error` event inside a 200.
 */
export const reasonOfBody = (
  body: unknown,
  status: number | undefined,
  retryAfter?: Duration.Duration | undefined
): Reason => {
  const error = isObject(body) ? objectAt(body, "error") ?? body : {}
  const type = stringAt(error, "type")
  const text = stringAt(error, "message")
  const message = excerpt(
    text ?? (status === undefined ? "The provider reported an error" : `The provider answered with status ${status}`),
    500
  )
  const waiting = { message, ...(retryAfter === undefined ? undefined : { retryAfter }) }
  switch (reasonNames.get(type ?? "") ?? statusNames(status)) {
    case "authentication":
      return new AuthenticationError({ message })
    case "quota":
      return new QuotaExhaustedError({ message })
    case "permission":
      return new PermissionError({ message })
    case "not_found":
      return new NotFoundError({ message })
    case "too_large":
      return new ContextLengthError({ message })
    case "rate_limit":
      return new RateLimitError(waiting)
    case "overloaded":
      return new OverloadedError(waiting)
    case "internal":
      return new InternalProviderError(waiting)
    case "timeout":
      return new TimeoutError({ message, phase: status === undefined ? "idle" : "connect" })
    case "invalid":
      return invalidRequest(message)
    default:
      return new UnknownError({ message: type === undefined ? message : `${type}: ${message}` })
  }
}

const reasonNames = new Map([
  ["invalid_request_error", "invalid"],
  ["conflict_error", "invalid"],
  ["authentication_error", "authentication"],
  ["billing_error", "quota"],
  ["permission_error", "permission"],
  ["not_found_error", "not_found"],
  ["request_too_large", "too_large"],
  ["rate_limit_error", "rate_limit"],
  ["api_error", "internal"],
  ["overloaded_error", "overloaded"],
  ["timeout_error", "timeout"]
])

const statusNames = (status: number | undefined): string | undefined => {
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
      return "too_large"
    case 429:
      return "rate_limit"
    case 503:
    case 529:
      return "overloaded"
  }
  return status >= 500 ? "internal" : status >= 400 ? "invalid" : undefined
}

/** Anthropic has one type for most that is wrong with a request; these few are worth telling apart. */
const invalidRequest = (message: string): Reason => {
  if (
    /prompt is too long|exceeds? (the )?(model'?s? )?(maximum )?context|context (window|length|limit)/i.test(message)
  ) {
    return new ContextLengthError({ message })
  }
  if (/credit balance is too low|usage limits?/i.test(message)) return new QuotaExhaustedError({ message })
  if (/content filtering policy|blocked by .*policy/i.test(message)) return new ContentPolicyError({ message })
  const field = /^([a-z_]+(?:\.[a-z0-9_]+)*): /i.exec(message)?.[1]
  return new InvalidRequestError({ message, ...(field === undefined ? undefined : { field }) })
}

/** How long the headers ask to wait: `retry-after-ms`, or `retry-after` in seconds or as a date. */
export const retryAfterOf = (headers: Headers | undefined, now: number): Duration.Duration | undefined => {
  const millis = Number(headers?.get("retry-after-ms") ?? NaN)
  if (Number.isFinite(millis) && millis >= 0) return Duration.millis(millis)
  const value = headers?.get("retry-after")
  if (value === null || value === undefined || value.trim() === "") return undefined
  const seconds = Number(value)
  if (Number.isFinite(seconds)) return seconds >= 0 ? Duration.seconds(seconds) : undefined
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : Duration.millis(Math.max(0, date - now))
}

/** Takes secrets out of a text. */
export type Scrub = (text: string) => string

/** Replaces each secret by `<redacted>`, in case a server or a library repeats it. */
export const scrubber = (secrets: ReadonlyArray<string>): Scrub => {
  const known = secrets.filter((secret) => secret.length > 0)
  return (text) => known.reduce((text, secret) => text.replaceAll(secret, "<redacted>"), text)
}

/**
 * What the SDK, fetch or the body's reader threw. An API error is told by its fields: it has a status and a body, and
 * the class may come from another copy of the SDK.
 */
export const errorOf = (cause: unknown, options: {
  readonly provider: string
  readonly model: string
  readonly scrub: Scrub
  readonly now: number
  /** Those of the response, when its body broke. */
  readonly headers?: Headers | undefined
}): ChatModelError => {
  const status = isObject(cause) && typeof cause["status"] === "number" ? cause["status"] : undefined
  return status === undefined
    ? networkError(cause, options)
    : apiError(cause as ApiError, status, options) // its status is a number, and the rest is looked at as unknown
}

interface ApiError {
  readonly error?: unknown
  readonly headers?: Headers
  readonly message?: unknown
}

const apiError = (cause: ApiError, status: number, options: Parameters<typeof errorOf>[1]): ChatModelError => {
  const { model, now, provider, scrub } = options
  const body: unknown = isObject(cause.error)
    ? JSON.parse(scrub(JSON.stringify(cause.error)))
    : { message: plainText(scrub(String(cause.message ?? "")), status) }
  const requestId = cause.headers?.get("request-id") ?? (isObject(body) ? stringAt(body, "request_id") : undefined)
  const error = isObject(body) ? objectAt(body, "error") : undefined
  const type = error === undefined ? undefined : stringAt(error, "type")
  const metadata: Metadata = {
    status,
    ...(requestId === undefined || requestId === null ? undefined : { requestId }),
    ...(type === undefined ? undefined : { type })
  }
  return new ChatModelError({
    provider,
    model,
    reason: reasonOfBody(body, status, retryAfterOf(cause.headers, now)),
    metadata
  })
}

/** A body that is no JSON: its status says more than an error page or the SDK's words for an empty one. */
const plainText = (text: string, status: number): string =>
  status >= 300 && status < 400
    ? `The server redirects elsewhere (status ${status}), which is not followed; check the base URL`
    : text === "" || /<[a-z!]|\(no body\)/i.test(text)
    ? `The provider answered with status ${status}`
    : text

const networkError = (cause: unknown, options: Parameters<typeof errorOf>[1]): ChatModelError => {
  const chain = causes(cause)
  const requestId = options.headers?.get("request-id")
  const code = chain.map((error) => error["code"]).find((code) => typeof code === "string")
  const messages = chain
    .map((error) => error["message"])
    .filter((text) => typeof text === "string")
    .map((text) => text.replace(/\.$/, ""))
    .filter((text) => text !== "")
  const message = excerpt(options.scrub([...new Set(messages)].join(": ") || "The connection was lost"), 500)
  return new ChatModelError({
    provider: options.provider,
    model: options.model,
    reason: new NetworkError({ message, ...(typeof code === "string" ? { code } : undefined) }),
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
