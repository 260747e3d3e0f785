import type { Anthropic } from "@anthropic-ai/sdk"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { AuthenticationError, InvalidRequestError, UnsupportedError } from "../ChatModelError.ts"
import type { Reason } from "../ChatModelError.ts"
import type { Options } from "./options.ts"

/** The most bytes of an error response that are read; what is said in one is short. */
const maxErrorBytes = 64 * 1024

/**
 * The SDK's client, for what it is good at: credentials, headers, the URL. It retries nothing, logs nothing, and takes
 * nothing from the environment that the options do not already hold. The SDK is loaded here, by the first call, so
 * that importing `rivulet/Anthropic` costs little.
 */
export const makeClient = Effect.fnUntraced(function*(options: Options): Effect.fn.Return<Anthropic, Reason> {
  const problem = settingsProblem(options)
  if (problem !== undefined) return yield* problem
  const sdk = yield* Effect.tryPromise({
    try: () => import("@anthropic-ai/sdk"),
    catch: () =>
      new UnsupportedError({
        message: "The package @anthropic-ai/sdk is not installed; install it with `npm install @anthropic-ai/sdk`"
      })
  })
  return new sdk.Anthropic({
    apiKey: options.apiKey === undefined ? null : Redacted.value(options.apiKey),
    authToken: options.apiKey === undefined && options.authToken !== undefined
      ? Redacted.value(options.authToken)
      : null,
    baseURL: options.baseUrl ?? defaultBaseUrl,
    defaultHeaders: Object.fromEntries(
      Object.entries(options.headers ?? {}).map(([name, value]) => [
        name,
        typeof value === "string" ? value : Redacted.value(value)
      ])
    ),
    maxRetries: 0,
    timeout: longestTimer,
    logLevel: "off",
    openTelemetry: false,
    fetch: boundedFetch(options.fetch ?? globalThis.fetch)
  })
})

const defaultBaseUrl = "https://api.anthropic.com"

/** The SDK always sets a timer. Ours is the watchdog's, so its own is the longest there is. */
const longestTimer = 2 ** 31 - 1

const settingsProblem = (options: Options): Reason | undefined => {
  const secret = options.apiKey ?? options.authToken
  if (secret === undefined || Redacted.value(secret).trim() === "") {
    return new AuthenticationError({
      message:
        "There is no API key: set ANTHROPIC_API_KEY, or pass `apiKey` (https://console.anthropic.com/settings/keys)"
    })
  }
  // fetch would refuse such a header with a message that repeats it.
  if (!/^[\x21-\x7e]+$/.test(Redacted.value(secret))) {
    return new AuthenticationError({
      message: "The API key has a space, a line break or another character that no key has; check ANTHROPIC_API_KEY"
    })
  }
  if (options.baseUrl !== undefined) {
    const url = URL.canParse(options.baseUrl) ? new URL(options.baseUrl) : undefined
    if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
      return new InvalidRequestError({
        field: "baseUrl",
        message: "baseUrl: must be an http or https URL, such as https://api.anthropic.com"
      })
    }
  }
  return undefined
}

/**
 * A fetch that follows no redirect, since a redirect could carry the key to another host, and reads only the start of
 * an error response, since the SDK reads all of it.
 */
const boundedFetch = (fetch: typeof globalThis.fetch): typeof globalThis.fetch => async (input, init) => {
  const response = await fetch(input, { ...init, redirect: "manual" })
  if (response.ok || response.body === null) return response
  const reader = response.body.getReader()
  const pieces: Array<Uint8Array<ArrayBuffer>> = []
  let length = 0
  while (length < maxErrorBytes) {
    const { done, value } = await reader.read()
    if (done) break
    pieces.push(new Uint8Array(value))
    length += value.length
  }
  // What is left is not wanted, and a body that broke meanwhile has nothing left.
  reader.cancel().catch(() => {})
  const { headers, status, statusText } = response
  return new Response(new Blob(pieces), { headers, status, statusText })
}
