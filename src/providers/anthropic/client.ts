/**
 * Requests to Anthropic. Called by `model.ts`, when a model is first used. The SDK builds credentials, headers and URL
 * once for a model, as that costs more than the rest of a request; `fetch` sends the requests. The SDK is imported here
 * and nowhere else. Nothing is read from the environment that the options do not hold already.
 */
import * as Effect from "effect/Effect"
import type { Reason } from "../../ChatModelError.ts"
import { keyProblem, loadSdk, longestTimer, poster, revealed, settingsProblem } from "../../internal/provider/client.ts"
import type { Endpoint, Send } from "../../internal/provider/client.ts"
import { secretText } from "../../internal/provider/settings.ts"
import type { EncodedRequest } from "../wires/messages/request.ts"
import type { Options } from "./options.ts"

/** Checks the settings, loads the SDK, and gives a function that posts to a path of the API. */
export const connect = Effect.fnUntraced(function*(
  options: Options,
  path: "/v1/messages" | "/v1/messages/count_tokens"
): Effect.fn.Return<Send<EncodedRequest>, Reason> {
  const problem = keyProblem(options.apiKey ?? options.authToken, "ANTHROPIC_API_KEY", keySite) ??
    settingsProblem({
      baseUrl: options.baseUrl,
      exampleUrl: defaultBaseUrl,
      headers: options.headers ?? {},
      texts: { betas: options.betas },
      keyed: true,
      dangerouslyAllowBrowser: options.dangerouslyAllowBrowser
    })
  if (problem !== undefined) return yield* problem
  const sdk = yield* loadSdk("@anthropic-ai/sdk", importSdk)
  const post = poster(options.fetch)
  // The SDK appends the path to the query of a base URL.
  const baseUrl = new URL(options.baseUrl ?? defaultBaseUrl)
  const query = Object.fromEntries(baseUrl.searchParams)
  baseUrl.search = ""
  const client = new sdk.Anthropic({
    apiKey: secretText(options.apiKey) ?? null,
    authToken: options.apiKey === undefined ? secretText(options.authToken) ?? null : null,
    baseURL: baseUrl.href,
    defaultHeaders: revealed(options.headers),
    timeout: longestTimer,
    logLevel: "off",
    openTelemetry: false,
    dangerouslyAllowBrowser: options.dangerouslyAllowBrowser === true,
    // Only its headers and its URL are used.
    fetch: options.fetch ?? globalThis.fetch
  })
  const build = async (beta: boolean): Promise<Endpoint> => {
    const { req, url } = await client.buildRequest({
      method: "post",
      path,
      body: {},
      query: beta ? { ...query, beta: true } : query
    })
    return { url, headers: req.headers }
  }
  let plain: Endpoint | undefined
  let beta: Endpoint | undefined
  return async ({ betas, body }, signal, via) => {
    if (betas.length === 0) return post(plain ??= await build(false), body, signal, via)
    const { headers, url } = beta ??= await build(true)
    const withBetas = new Headers(headers)
    withBetas.set("anthropic-beta", betas.join(","))
    return post({ url, headers: withBetas }, body, signal, via)
  }
})

/**
 * The import is inside a `try` because only there do esbuild, webpack and Vite all let a package be absent; esbuild
 * alone also accepts `import().catch()`. So a bundle can be built without the SDK, and its first call says what is
 * missing.
 */
const importSdk = async () => {
  try {
    return await import("@anthropic-ai/sdk")
  } catch {
    return undefined
  }
}

/** Whether an address is one of Anthropic's own. A gateway at another one may ask Anthropic or any other server. */
export const isOfficial = (baseUrl: string = defaultBaseUrl): boolean =>
  URL.canParse(baseUrl) && /(^|\.)anthropic\.com$/.test(new URL(baseUrl).hostname)

/** The address of Anthropic. */
export const defaultBaseUrl = "https://api.anthropic.com"

const keySite = "https://console.anthropic.com/settings/keys"
