/**
 * Requests to a provider: checks of the settings, the optional SDK, and `fetch`. Called by the clients of
 * `src/providers`. The headers are built once for a model; a request then costs one `fetch` and one `JSON.stringify`.
 * Must import no provider.
 */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import { AuthenticationError, InvalidRequestError, UnsupportedError } from "../../ChatModelError.ts"
import type { Reason } from "../../ChatModelError.ts"
import { maxPageBytes } from "../http/sse.ts"
import { UnexpectedResponse } from "./errors.ts"
import { secretText } from "./settings.ts"

/** Headers by name. Redacted values are secrets, and appear in no error. */
export type HeaderOptions = { readonly [name: string]: string | Redacted.Redacted<string> }

/** The address and the headers of requests. Built once for a model, as that costs more than the rest of a request. */
export interface Endpoint {
  readonly url: string
  readonly headers: Headers
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

/** The error of an address that is no http or https URL. */
export const baseUrlProblem = (baseUrl: string | undefined, example: string): Reason | undefined => {
  if (baseUrl === undefined) return undefined
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined
  return url !== undefined && (url.protocol === "http:" || url.protocol === "https:") ?
    undefined :
    new InvalidRequestError({
      field: "baseUrl",
      message: `baseUrl: must be an http or https URL, such as ${example}`
    })
}

/**
 * Sends a body. Resolves with a response of success; rejects with {@link UnexpectedResponse} or the error of `fetch`.
 */
export const postJson = async (
  fetch: typeof globalThis.fetch,
  { headers, url }: Endpoint,
  body: object,
  signal: AbortSignal
): Promise<Response> => {
  // A redirect could carry the key to another host. Refusing redirects also spares fetch a copy of the request and its
  // body, which is a fifth of the cost of a short call.
  const init: RequestInit = { method: "POST", headers, body: JSON.stringify(body), signal, redirect: "error" }
  const response = await fetch(url, init)
  // The content type is not asked, as proxies change it: the first bytes tell the decoder whether it is a stream.
  if (response.ok) return response
  throw new UnexpectedResponse(response, await startOf(response))
}

const startOf = async (response: Response): Promise<string> => {
  if (response.body === null) return ""
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let text = ""
  while (text.length < maxPageBytes) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    text += decoder.decode(value, { stream: true })
  }
  // The rest is not needed. If the body broke meanwhile, cancel rejects with that error, which says nothing new.
  reader.cancel().catch(() => {})
  return text
}
