/**
 * Requests to a provider: checks of the settings, the optional SDK, and `fetch`. Called by the clients of
 * `src/providers`. The headers are built once for a model; a request then costs one `fetch` and one `JSON.stringify`.
 * Must import no provider.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { AuthenticationError, InvalidRequestError, UnsupportedError } from "../../ChatModelError.ts"
import type { Reason } from "../../ChatModelError.ts"
import { maxPageBytes } from "../http/sse.ts"
import type { Fetch, Transports, Via } from "../http/transport.ts"
import { stringifyExact } from "../json/limits.ts"
import type { Encoded } from "./encoding.ts"
import { UnexpectedResponse } from "./errors.ts"
import { secretText } from "./settings.ts"
import type { HeaderOptions } from "./settings.ts"

/** The address and the headers of requests. Built once for a model, as that costs more than the rest of a request. */
export interface Endpoint {
  readonly url: string
  readonly headers: Headers
}

/**
 * Sends a request, by the `fetch` of the model or the global one if `via` is absent. Resolves with the headers of the
 * response; `errorOf` makes an error of a rejection.
 */
export type Send<E extends Encoded> = (encoded: E, signal: AbortSignal, via: Via | undefined) => Promise<Response>

/** How to connect to a provider. */
export interface Connectable<E extends Encoded> {
  /** Checks the settings and loads the SDK, if any. Runs in the first call, and again only if it failed. */
  readonly connect: Effect.Effect<Send<E>, Reason>
  /** The same with {@link placeholderKey} in place of a missing key, for transports that need none. */
  readonly keyless: Effect.Effect<Send<E>, Reason>
}

/** The key of requests that no provider gets. */
export const placeholderKey: Redacted.Redacted<string> = Redacted.make("no-key")

/** Connects once. A connection without a key is made anew for each call, as the next call may need one. */
export class Connector<E extends Encoded> {
  /** The function that sends, once it was made with the settings of the app. */
  made: Send<E> | undefined
  readonly #spec: Connectable<E>

  constructor(spec: Connectable<E>) {
    this.#spec = spec
  }

  /** The function that sends, for a call with these transports. */
  connect(transports: Transports): Effect.Effect<Send<E>, Reason> {
    if (this.made !== undefined) return Effect.succeed(this.made)
    const connected = Effect.map(this.#spec.connect, (send) => this.made = send)
    return transports.some(({ keyless }) => keyless === true)
      ? Effect.catchTag(connected, "AuthenticationError", () => this.#spec.keyless)
      : connected
  }
}

/** The time limit for an SDK, in milliseconds: the longest there is, as the watchdog has the limits of a call. */
export const longestTimer = 2 ** 31 - 1

/** A provider's SDK, an optional peer dependency. `load` resolves with undefined if the package is not there. */
export const loadSdk = <A>(name: string, load: () => Promise<A | undefined>): Effect.Effect<A, Reason> =>
  Effect.flatMap(Effect.promise(load), (sdk) =>
    sdk === undefined
      ? Effect.fail(
        new UnsupportedError({
          message: `The package ${name} is not installed; install it with \`npm install ${name}\``
        })
      )
      : Effect.succeed(sdk))

/** Headers with their secrets in the clear. */
export const revealed = (headers: HeaderOptions | undefined): { readonly [name: string]: string } =>
  Object.fromEntries(
    Object.entries(headers ?? {}).flatMap(([name, value]) => {
      const text = secretText(value)
      return text === undefined ? [] : [[name, text]]
    })
  )

/** The error of an absent or malformed key. `variable` may hold the key, and `site` hands keys out. */
export const keyProblem = (
  key: Redacted.Redacted<string> | undefined,
  variable: string,
  site: string | undefined
): Reason | undefined => {
  const text = key === undefined ? "" : secretText(key)
  if (text === undefined) {
    return new AuthenticationError({
      message: "The API key cannot be read: give a string, or a `Redacted` string that was not wiped and that " +
        "this copy of effect has made"
    })
  }
  if (text.trim() === "") {
    const where = site === undefined ? "" : ` (${site})`
    return new AuthenticationError({ message: `There is no API key: set ${variable}, or pass \`apiKey\`${where}` })
  }
  // fetch would refuse such a header with a message that repeats it.
  return /^[\x21-\x7e]+$/.test(text) ? undefined : new AuthenticationError({
    message: `The API key has a space, a line break or another character that no key has; check ${variable}`
  })
}

/** Settings that all providers have. */
interface CommonSettings {
  readonly baseUrl: string | undefined
  /** An address for the error of a wrong one. */
  readonly exampleUrl: string
  readonly headers: HeaderOptions
  /** Other settings that become headers, by name. */
  readonly texts?: { readonly [name: string]: string | ReadonlyArray<string> | undefined }
  /** Whether a key is sent. */
  readonly keyed: boolean
  readonly dangerouslyAllowBrowser: boolean | undefined
}

/** The first error of these settings. None of the messages repeats a setting, as any may hold a secret. */
export const settingsProblem = (settings: CommonSettings): Reason | undefined =>
  baseUrlProblem(settings) ?? headersProblem(settings) ?? browserProblem(settings)

const baseUrlProblem = ({ baseUrl, exampleUrl }: CommonSettings): Reason | undefined => {
  if (baseUrl === undefined) return undefined
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    return invalidBaseUrl(`must be an http or https URL, such as ${exampleUrl}`)
  }
  // fetch would refuse it with a message that repeats it.
  return url.username === "" && url.password === "" ? undefined : invalidBaseUrl(
    "a base URL must not hold a user name or a password; pass them in `headers`, as `authorization: Basic ` and both in base64"
  )
}

const invalidBaseUrl = (message: string): Reason =>
  new InvalidRequestError({ field: "baseUrl", message: `baseUrl: ${message}` })

const headersProblem = ({ headers, texts = {} }: CommonSettings): Reason | undefined => {
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
      return new InvalidRequestError({ field: "headers", message: "headers: a name is not one of an HTTP header" })
    }
    if (value !== undefined && !isHeaderValue(secretText(value))) return notSendable(`headers.${name}`)
  }
  for (const [name, value] of Object.entries(texts)) {
    if (![value ?? []].flat().every((text) => isHeaderValue(secretText(text)))) return notSendable(name)
  }
  return undefined
}

/** Whether `fetch` takes a text as the value of a header. */
const isHeaderValue = (text: string | undefined): boolean =>
  text !== undefined && /^[\t\x20-\x7e\x80-\xff]*$/.test(text)

const notSendable = (field: string): Reason =>
  new InvalidRequestError({
    field,
    message:
      `${field}: must be a text, plain or \`Redacted\`, without line breaks and other characters that no header has`
  })

const isWebPage = (): boolean => "window" in globalThis && "document" in globalThis

const browserProblem = ({ dangerouslyAllowBrowser, keyed }: CommonSettings): Reason | undefined =>
  keyed && dangerouslyAllowBrowser !== true && isWebPage()
    ? new UnsupportedError({
      field: "apiKey",
      message:
        "apiKey: a web page shows its key to every visitor. Call a server of your own that adds the key, or set " +
        "`dangerouslyAllowBrowser: true` if the key may be seen"
    })
    : undefined

/**
 * The mode in which `fetch` follows no redirect, which could carry the key to another host. With "error" it also need not
 * keep a copy of the request and its body, which is a fifth of the cost of a short call. But a browser's error then does
 * not say that it is about a redirect, and Cloudflare's workers refuse "error"; with "manual" both answer with the
 * redirect itself. Node.js, Bun and Deno have a `process`.
 */
const redirectMode = (): "error" | "manual" => {
  if (isWebPage() || !("process" in globalThis)) return "manual"
  try {
    // The constructor checks the mode as `fetch` does.
    return new Request("http://localhost", { redirect: "error" }).redirect === "error" ? "error" : "manual"
  } catch {
    return "manual"
  }
}

/** Whether a response is a redirect, as the mode "manual" gives it. Browsers hide even its status. */
const isRedirect = ({ status, type }: Response): boolean =>
  type === "opaqueredirect" || [301, 302, 303, 307, 308].includes(status)

/**
 * Sends a body, or asks for a page without one. Resolves with a response of success; rejects with {@link UnexpectedResponse} or the error of `fetch`.
 */
export type Post = (
  endpoint: Endpoint,
  body: object | undefined,
  signal: AbortSignal,
  via: Via | undefined
) => Promise<Response>

/** A function that sends with the `fetch` of a model, if it has one. Made once for a model. */
export const poster = (own: Fetch | undefined): Post => {
  const redirect = redirectMode()
  return async ({ headers, url }, body, signal, via) =>
    checked(
      await fetchOf(own, via)(
        url,
        body === undefined
          ? { headers, signal, redirect }
          : { method: "POST", headers, body: stringifyExact(body), signal, redirect }
      )
    )
}

const fetchOf = (own: Fetch | undefined, via: Via | undefined): Fetch =>
  via === undefined ? own ?? globalThis.fetch : via(own)

const checked = async (response: Response): Promise<Response> => {
  // The content type is not asked, as proxies change it: the first bytes tell the decoder whether it is a stream.
  if (response.ok) return response
  if (isRedirect(response)) {
    // A body that broke rejects its cancellation, which says nothing new.
    response.body?.cancel().catch(() => {})
    throw new Error("unexpected redirect")
  }
  throw new UnexpectedResponse(response, await textOf(response))
}

/**
 * Reads a document, with POST if there is a body. Resolves with its text up to so many characters; rejects like {@link Post}.
 */
export const documentReader = (own: Fetch | undefined, most: number, via: Via | undefined) => {
  const redirect = redirectMode()
  const fetch = fetchOf(own, via)
  return async ({ headers, url }: Endpoint, body: object | undefined, signal: AbortSignal): Promise<string> => {
    const content = body === undefined ? undefined : { method: "POST", body: stringifyExact(body) }
    return textOf(await checked(await fetch(url, { headers, signal, redirect, ...content })), most)
  }
}

/** The text of a body, or the start of a long one. */
export const textOf = async (response: Response, most = maxPageBytes): Promise<string> => {
  if (response.body === null) return ""
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let text = ""
  while (text.length < most) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    text += decoder.decode(value, { stream: true })
  }
  // The rest is not needed. If the body broke meanwhile, cancel rejects with that error, which says nothing new.
  reader.cancel().catch(() => {})
  return text
}
