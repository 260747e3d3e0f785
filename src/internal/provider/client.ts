/** Requests to a provider: the settings that are checked first, the package that builds them, and fetch. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { AuthenticationError, InvalidRequestError, UnsupportedError } from "../../ChatModelError.ts"
import type { Reason } from "../../ChatModelError.ts"
import { UnexpectedResponse } from "./errors.ts"

/** Headers as an option; they may hold secrets. */
export type HeaderOptions = { readonly [name: string]: string | Redacted.Redacted<string> }

/** Where requests go. An SDK builds it once for a model, as that costs more than all the rest of a request. */
export interface Endpoint {
  readonly url: string
  readonly headers: Headers
}

/** An SDK tells the server its own time limit. Ours is the watchdog's. */
export const longestTimer = 2 ** 31 - 1

/** The most bytes of an answer that is no stream that are read; what is said in one is short. */
const maxErrorBytes = 64 * 1024

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

/** The headers' names and values in the clear, for an SDK. */
export const revealed = (headers: HeaderOptions | undefined): { readonly [name: string]: string } =>
  Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, value]) => [
      name,
      typeof value === "string" ? value : Redacted.value(value)
    ])
  )

/** What is wrong with a key; `variable` is where it is looked for, `site` where one gets it. */
export const keyProblem = (
  key: Redacted.Redacted<string> | undefined,
  variable: string,
  site: string | undefined
): Reason | undefined => {
  if (key === undefined || Redacted.value(key).trim() === "") {
    const where = site === undefined ? "" : ` (${site})`
    return new AuthenticationError({ message: `There is no API key: set ${variable}, or pass \`apiKey\`${where}` })
  }
  // fetch would refuse such a header with a message that repeats it.
  return /^[\x21-\x7e]+$/.test(Redacted.value(key)) ? undefined : new AuthenticationError({
    message: `The API key has a space, a line break or another character that no key has; check ${variable}`
  })
}

/** What is wrong with the address of a server. */
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

/** Sends a body; resolves with the headers of a stream, rejects with {@link UnexpectedResponse} or what fetch rejects with. */
export const postJson = async (
  fetch: typeof globalThis.fetch,
  { headers, url }: Endpoint,
  body: object,
  signal: AbortSignal
): Promise<Response> => {
  // A redirect could carry the key to another host. (That it is an error also spares fetch a copy of the request and
  // its body, which is a fifth of all that a short call costs.)
  const init: RequestInit = { method: "POST", headers, body: JSON.stringify(body), signal, redirect: "error" }
  const response = await fetch(url, init)
  if (response.ok && !/^(text\/html|application\/json)/i.test(response.headers.get("content-type") ?? "")) {
    return response
  }
  throw new UnexpectedResponse(response, await startOf(response))
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
