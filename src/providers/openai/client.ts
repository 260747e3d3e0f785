import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { Reason } from "../../ChatModelError.ts"
import { loadSdk, longestTimer, postJson, revealed } from "../../internal/provider/client.ts"
import type { Endpoint, HeaderOptions } from "../../internal/provider/client.ts"
import type { Encoded, Send } from "../../internal/provider/model.ts"

/** How to reach a server that speaks an API of OpenAI, once the settings have been checked. */
export interface ClientOptions {
  /** Absent: no key is sent. */
  readonly apiKey?: Redacted.Redacted<string> | undefined
  readonly baseUrl: string
  readonly organization?: string | undefined
  readonly project?: string | undefined
  readonly headers?: HeaderOptions | undefined
  readonly fetch?: typeof globalThis.fetch | undefined
}

/**
 * `POST` to a path of the API. As for Anthropic, the SDK's client builds the URL and the headers, once, and the request
 * is fetch's; the SDK is loaded by the first call.
 *
 * The SDK looks into the environment for what it was not told. None of that may reach a server the app did not mean it
 * for, so every option is given, and of the headers only those with a name that is known are sent.
 */
export const connect = Effect.fnUntraced(function*(
  options: ClientOptions,
  path: string
): Effect.fn.Return<Send<Encoded>, Reason> {
  const sdk = yield* loadSdk("openai", () => import("openai"))
  const fetch = options.fetch ?? globalThis.fetch
  const key = options.apiKey === undefined ? undefined : Redacted.value(options.apiKey)
  const headers = revealed(options.headers)
  const client = new sdk.OpenAI({
    apiKey: key ?? "none",
    adminAPIKey: null,
    organization: options.organization ?? null,
    project: options.project ?? null,
    webhookSecret: null,
    baseURL: options.baseUrl,
    defaultHeaders: headers,
    timeout: longestTimer,
    logLevel: "off",
    fetch
  })
  const build = async (): Promise<Endpoint> => {
    const { req, url } = await client.buildRequest({ method: "post", path, body: {} })
    const sent = new Headers(req.headers)
    const own = new Set(Object.keys(headers).map((name) => name.toLowerCase()))
    for (const name of Array.from(sent.keys())) {
      if (!own.has(name) && !sdkHeaders.test(name)) sent.delete(name)
    }
    if (!own.has("authorization")) {
      if (key === undefined) sent.delete("authorization")
      else sent.set("authorization", `Bearer ${key}`)
    }
    return { url, headers: sent }
  }
  let endpoint: Endpoint | undefined
  return async ({ body }, signal) => postJson(fetch, endpoint ??= await build(), body, signal)
})

const sdkHeaders = /^(accept|authorization|content-type|user-agent|openai-(organization|project)|x-stainless-.*)$/
