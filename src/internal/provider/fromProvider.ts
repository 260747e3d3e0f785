/**
 * Reads a provider's own list of models as rules. `ModelFacts.fromProvider` loads this file when it is called, so that
 * nobody else carries the schemas of the lists. The list is not trusted: its length, its form and its time are limited.
 */
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import { MalformedResponseError, TimeoutError } from "../../ChatModelError.ts"
import type { Reason } from "../../ChatModelError.ts"
import { excerpt } from "../excerpt.ts"
import { allRules } from "../facts/all.ts"
import { ModelFactsError } from "../facts/error.ts"
import { anthropicList } from "../facts/lists/anthropic.ts"
import { googleList } from "../facts/lists/google.ts"
import type { Ask, ModelList } from "../facts/lists/list.ts"
import { mistralList } from "../facts/lists/mistral.ts"
import { ollamaList } from "../facts/lists/ollama.ts"
import { openRouterList } from "../facts/lists/openrouter.ts"
import { lookUp } from "../facts/lookup.ts"
import type { Rule } from "../facts/types.ts"
import { transportsOf, viaOf } from "../http/transport.ts"
import { parseJson } from "../json/limits.ts"
import { documentReader, keyProblem, settingsProblem } from "./client.ts"
import { errorOf } from "./errors.ts"
import { scrubber, secretsOf, secretText, withEnvironment } from "./settings.ts"
import type { Scrub } from "./settings.ts"

/** The lists that can be read, by the name of the provider. */
const lists = {
  anthropic: anthropicList,
  google: googleList,
  mistral: mistralList,
  ollama: ollamaList,
  openrouter: openRouterList
}

/** The name of a provider whose list of models can be read. */
export type ListingProvider = keyof typeof lists

/** Options of `ModelFacts.fromProvider`. */
export interface ListOptions {
  /** The API key. Defaults to the variable of the provider, such as `ANTHROPIC_API_KEY`. Ollama and OpenRouter need none. */
  readonly apiKey?: Redacted.Redacted<string> | undefined
  /** The address of the API. Defaults to the variable of the provider, such as `OLLAMA_BASE_URL`, or to its own. */
  readonly baseUrl?: string | undefined
  /** The `fetch` to use. Defaults to the global one. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** The time limit for the whole list. Defaults to 30 seconds. */
  readonly timeout?: Duration.Input | undefined
}

/** The most characters of one document. The longest list has about a million. */
const maxLength = 16 * 1024 * 1024

/** Reads a list as rules. */
export const fromProvider = Effect.fnUntraced(function*(
  provider: ListingProvider,
  options: ListOptions
): Effect.fn.Return<ReadonlyArray<Rule>, ModelFactsError | Config.ConfigError> {
  const list: ModelList = lists[provider]
  const { apiKey, baseUrl = list.baseUrl } = yield* withEnvironment(options, {
    secrets: { apiKey: yield* keyVariable(list) },
    texts: { baseUrl: list.baseUrlVariable }
  })
  const key = secretText(apiKey)
  const headers = list.headers(key)
  const services = yield* Effect.context<never>()
  const transports = transportsOf(services)
  const open = list.open || transports.some(({ keyless }) => keyless === true)
  const problem = settingsProblem({
    baseUrl,
    exampleUrl: list.baseUrl,
    headers: {},
    keyed: apiKey !== undefined,
    dangerouslyAllowBrowser: undefined
  }) ??
    (open && apiKey === undefined ? undefined : keyProblem(apiKey, list.keyVariables[0] ?? "`apiKey`", undefined))
  const scrub = scrubber(secretsOf([apiKey], {}, baseUrl))
  const { fetch, timeout = "30 seconds" } = options
  const read = documentReader(fetch, maxLength, viaOf(services, transports))
  const rules: Effect.Effect<ReadonlyArray<Rule>, Reason> = problem === undefined
    ? list.read(
      asking({ provider, baseUrl, headers, read, scrub }),
      (model) => lookUp(allRules, { provider, model }).facts
    )
    : Effect.fail(problem)
  return yield* rules.pipe(
    Effect.timeoutOrElse({
      duration: timeout,
      orElse: () => {
        const limit = Duration.format(Duration.fromInputUnsafe(timeout))
        return Effect.fail<Reason>(new TimeoutError({ phase: "total", message: `The list took longer than ${limit}` }))
      }
    }),
    Effect.mapError((reason) => new ModelFactsError({ provider, reason: scrubbed(reason, scrub) }))
  )
})

/** The first of the variables that holds a key. */
const keyVariable = ({ keyVariables }: ModelList): Effect.Effect<string | undefined, Config.ConfigError> =>
  Effect.gen(function*() {
    for (const name of keyVariables) {
      if (Option.isSome(yield* Config.option(Config.Redacted(name)))) return name
    }
    return keyVariables[0]
  })

interface Asking {
  readonly provider: ListingProvider
  readonly baseUrl: string
  readonly headers: { readonly [name: string]: string }
  readonly read: ReturnType<typeof documentReader>
  readonly scrub: Scrub
}

const asking = ({ baseUrl, headers, provider, read, scrub }: Asking): Ask =>
  Effect.fnUntraced(function*(path, { body, query = {} } = {}): Effect.fn.Return<unknown, Reason> {
    const url = new URL(baseUrl)
    url.pathname = url.pathname.replace(/\/+$/, "") + path
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    const sent = new Headers({ accept: "application/json", "content-type": "application/json", ...headers })
    const now = yield* Clock.currentTimeMillis
    const text = yield* Effect.tryPromise({
      try: (signal) => read({ url: url.href, headers: sent }, body, signal),
      catch: (cause) =>
        errorOf(cause, { provider, model: "", scrub, now, errorDialect: { requestIdHeader: "request-id" } }).reason
    })
    if (text.length >= maxLength) return yield* malformed("is too long", text)
    return yield* Effect.try({ try: () => parseJson(text), catch: () => malformed("is no JSON", text) })
  })

const malformed = (problem: string, text: string): Reason =>
  new MalformedResponseError({ message: `The list ${problem}`, excerpt: excerpt(text) })

/** A reason without the secrets that a list may repeat. */
const scrubbed = (reason: Reason, scrub: Scrub): Reason =>
  reason._tag !== "MalformedResponseError" ? reason : new MalformedResponseError({
    message: scrub(reason.message),
    excerpt: reason.excerpt === undefined ? undefined : scrub(reason.excerpt)
  })
