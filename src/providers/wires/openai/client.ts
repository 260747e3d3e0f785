/**
 * Requests to a server that speaks one of OpenAI's wires: a URL, a bearer key and a few headers. That is all the
 * official SDK would add here, so none is needed. Hosts (OpenAI, compatible servers) call it; it knows neither.
 */
import * as Redacted from "effect/Redacted"
import { postJson, revealed } from "../../../internal/provider/client.ts"
import type { Endpoint, HeaderOptions } from "../../../internal/provider/client.ts"
import type { Encoded, Send } from "../../../internal/provider/model.ts"

/** Where to send requests. The settings have been checked. */
export interface ClientOptions {
  /** Absent: no key is sent. */
  readonly apiKey?: Redacted.Redacted<string> | undefined
  /** An http or https URL. Its query, if any, is kept. */
  readonly baseUrl: string
  readonly organization?: string | undefined
  readonly project?: string | undefined
  /** They replace the headers set here. */
  readonly headers?: HeaderOptions | undefined
  readonly fetch?: typeof globalThis.fetch | undefined
}

/** Sends to a path of the API. URL and headers are built once, by the first request. */
export const client = (options: ClientOptions, path: string): Send<Encoded> => {
  const fetch = options.fetch ?? globalThis.fetch
  let endpoint: Endpoint | undefined
  // Async, so that headers which fetch does not take reject like any other failure.
  return async ({ body }, signal) => postJson(fetch, endpoint ??= endpointOf(options, path), body, signal)
}

const endpointOf = ({ apiKey, baseUrl, headers, organization, project }: ClientOptions, path: string): Endpoint => {
  const url = new URL(baseUrl)
  url.pathname = url.pathname.replace(/\/+$/, "") + path
  const sent = new Headers({ accept: "application/json", "content-type": "application/json" })
  if (apiKey !== undefined) sent.set("authorization", `Bearer ${Redacted.value(apiKey)}`)
  if (organization !== undefined) sent.set("openai-organization", organization)
  if (project !== undefined) sent.set("openai-project", project)
  for (const [name, value] of Object.entries(revealed(headers))) sent.set(name, value)
  return { url: url.href, headers: sent }
}
