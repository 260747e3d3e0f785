/**
 * Requests to a server that speaks one of OpenAI's wires: a URL, a bearer key and a few headers, so no SDK is needed.
 * Called by the hosts `openai` and `compatible`; must import neither. URL and headers are built once for a model.
 */
import type * as Redacted from "effect/Redacted"
import type { Position } from "../../../internal/http/httpStream.ts"
import { optional } from "../../../internal/optional.ts"
import { poster, revealed } from "../../../internal/provider/client.ts"
import type { Endpoint, Send } from "../../../internal/provider/client.ts"
import type { Encoded } from "../../../internal/provider/encoding.ts"
import { secretText } from "../../../internal/provider/settings.ts"
import type { HeaderOptions } from "../../../internal/provider/settings.ts"

/** Settings that have been checked. */
export interface ClientOptions {
  /** The bearer key. If absent, no key is sent. */
  readonly apiKey?: Redacted.Redacted<string> | undefined
  /** An http or https URL. Its query is kept. */
  readonly baseUrl: string
  /** The organization to bill. */
  readonly organization?: string | undefined
  /** The project to bill. */
  readonly project?: string | undefined
  /** Headers to add. They replace those set here. */
  readonly headers?: HeaderOptions | undefined
  /** The `fetch` to use. Defaults to the global one. */
  readonly fetch?: typeof globalThis.fetch | undefined
}

/** Gives a function that sends to a path of the API. */
export const client = (options: ClientOptions, path: string): Send<Encoded> => {
  const post = poster(options.fetch)
  let endpoint: Endpoint | undefined
  // Async, so that headers which `fetch` refuses reject like any other failure.
  return async ({ body, rest }, signal, via) => {
    endpoint ??= endpointOf(options, path)
    return rest === undefined ? post(endpoint, body, signal, via) : post(restOf(endpoint, rest), undefined, signal, via)
  }
}

/** The address of the rest of a response that the server keeps. */
const restOf = ({ headers, url }: Endpoint, { after, id }: Position): Endpoint => {
  const address = new URL(url)
  address.pathname += `/${encodeURIComponent(id)}`
  address.searchParams.set("stream", "true")
  address.searchParams.set("starting_after", String(after))
  return { url: address.href, headers }
}

const endpointOf = ({ apiKey, baseUrl, headers, organization, project }: ClientOptions, path: string): Endpoint => {
  const url = new URL(baseUrl)
  url.pathname = url.pathname.replace(/\/+$/, "") + path
  const sent = new Headers({ accept: "application/json", "content-type": "application/json" })
  const key = secretText(apiKey)
  if (key !== undefined) sent.set("authorization", `Bearer ${key}`)
  const account = {
    ...optional("openai-organization", organization),
    ...optional("openai-project", project)
  }
  for (const [name, value] of Object.entries(revealed({ ...account, ...headers }))) sent.set(name, value)
  return { url: url.href, headers: sent }
}
