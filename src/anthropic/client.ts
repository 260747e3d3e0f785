import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { AuthenticationError, InvalidRequestError, UnsupportedError } from "../ChatModelError.ts"
import type { Reason } from "../ChatModelError.ts"
import type { Options } from "./options.ts"

/** The most bytes of an error response that are read; what is said in one is short. */
const maxErrorBytes = 64 * 1024

/** Sends a body to `POST /v1/messages`; resolves with the headers of an answer, rejects with what `errorOf` takes. */
export type Post = (body: object, betas: ReadonlyArray<string>, signal: AbortSignal) => Promise<Response>

/**
 * The SDK's client, for what it is good at: credentials, headers, the URL. They are the same for every request of a
 * model, and to build them costs more than all the rest of a request, so it is done once; then the request is fetch's.
 * Nothing is taken from the environment that the options do not already hold. The SDK is loaded here, by the first
 * call, so that importing `rivulet/Anthropic` costs little.
 */
export const makePost = Effect.fnUntraced(function*(options: Options): Effect.fn.Return<Post, Reason> {
  const problem = settingsProblem(options)
  if (problem !== undefined) return yield* problem
  const sdk = yield* Effect.tryPromise({
    try: () => import("@anthropic-ai/sdk"),
    catch: () =>
      new UnsupportedError({
        message: "The package @anthropic-ai/sdk is not installed; install it with `npm install @anthropic-ai/sdk`"
      })
  })
  const fetch = options.fetch ?? globalThis.fetch
  const client = new sdk.Anthropic({
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
    timeout: longestTimer,
    logLevel: "off",
    openTelemetry: false,
    fetch
  })
  const build = async (beta: boolean): Promise<Built> => {
    const { req, url } = await client.buildRequest({
      method: "post",
      path: "/v1/messages",
      body: {},
      ...(beta ? { query: { beta: true } } : undefined)
    })
    return { url, headers: req.headers }
  }
  let plain: Built | undefined
  let beta: Built | undefined
  return async (body, betas, signal) => {
    const built = betas.length > 0 ? beta ??= await build(true) : plain ??= await build(false)
    const headers = betas.length > 0 ? new Headers(built.headers) : built.headers
    if (betas.length > 0) headers.set("anthropic-beta", betas.join(","))
    // A redirect could carry the key to another host.
    const init: RequestInit = { method: "POST", headers, body: JSON.stringify(body), signal, redirect: "manual" }
    const response = await fetch(built.url, init)
    if (response.ok) return response
    throw await statusError(response)
  }
})

interface Built {
  readonly url: string
  readonly headers: Headers
}

const defaultBaseUrl = "https://api.anthropic.com"

/** The SDK tells the server its own time limit. Ours is the watchdog's. */
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

/** An answer that is an error; only the start of its body is read. */
const statusError = async (response: Response) => {
  const text = await startOf(response)
  const { headers, status } = response
  try {
    return { status, headers, error: JSON.parse(text) as unknown }
  } catch {
    return { status, headers, message: text }
  }
}

const startOf = async (response: Response): Promise<string> => {
  if (response.body === null) return ""
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let text = ""
  while (text.length < maxErrorBytes) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    text += decoder.decode(value, { stream: true })
  }
  // What is left is not wanted, and a body that broke meanwhile has nothing left.
  reader.cancel().catch(() => {})
  return text
}
