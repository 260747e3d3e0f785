/**
 * The function that sends requests: an option of the model, a transport of the context, or the global `fetch`. Called by
 * `provider/model.ts` and whatever else sends, once a request: two look-ups in the context of the fiber if no transport is
 * set. Must know no provider.
 */
import * as Context from "effect/Context"
import { UnsupportedError } from "../../ChatModelError.ts"

/** The type of the global `fetch`. */
export type Fetch = typeof globalThis.fetch

/** One way in which requests leave the process. All fields are optional, and several transports work together. */
export interface Transport {
  /**
   * Makes a function that sends in place of the global `fetch`. It gets the context of the fiber that makes the call. The
   * option `fetch` of a model takes precedence. Absent: the global `fetch` or that of an outer transport.
   */
  readonly fetch?: ((services: Context.Context<never>) => Fetch) | undefined
  /**
   * Wraps the function that sends, whichever it is, also the option `fetch` of a model. It gets the context of the fiber
   * that makes the call. Absent: the function stays as it is.
   */
  readonly wrap?: ((next: Fetch, services: Context.Context<never>) => Fetch) | undefined
  /** Whether it answers without the provider, so that models without a key work. Defaults to `false`. */
  readonly keyless?: boolean | undefined
  /** Whether it sends to providers even if live calls are forbidden. Defaults to `false`. */
  readonly live?: boolean | undefined
}

/** The transports, from the outermost layer to the innermost one. */
export type Transports = ReadonlyArray<Transport>

const none: Transports = []

/** The transports of the context. None by default. */
export const HttpTransport: Context.Reference<Transports> = Context.Reference<Transports>("rivulet/HttpTransport", {
  defaultValue: () => none
})

/** The switch of `rivulet/VitestSetup`. A property of the global object, which copies of this package share. */
export const forbiddenByDefault: unique symbol = Symbol.for("rivulet/forbidLiveCalls")

/**
 * Whether calls to providers fail with `UnsupportedError` before anything is sent. `undefined`, the default: only after
 * `rivulet/VitestSetup` was imported. In tests of `layer` of `rivulet/Vitest` they do.
 *
 * **Details**
 *
 * It holds for every request, also for one that goes through the option `fetch` of a model. Calls to this machine
 * (`localhost`, `127.0.0.1`, `[::1]`) are no live calls, and neither are those that a cassette answers. A cassette that
 * records is allowed to make live calls.
 *
 * **Example** (A test that may call a model)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatModel } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 * import { forbidLiveCalls } from "rivulet/Testing"
 *
 * const test = ChatModel.invoke("Hi").pipe(
 *   Effect.provide(Anthropic.layer({ model: "claude-haiku-4-5" })),
 *   Effect.provideService(forbidLiveCalls, false)
 * )
 * ```
 */
export const forbidLiveCalls: Context.Reference<boolean | undefined> = Context.Reference<boolean | undefined>(
  "rivulet/forbidLiveCalls",
  { defaultValue: () => undefined }
)

/** The function that sends, by the one of the model. */
export type Via = (own: Fetch | undefined) => Fetch

/**
 * The transports of a call: those of its context, and those that the model had when it was made. The context of the call
 * is the more special one if it has all of them.
 */
export const transportsOf = (services: Context.Context<never>, made: Transports = none): Transports => {
  const called = Context.get(services, HttpTransport)
  if (made.every((each) => called.includes(each))) return called
  return [...called.filter((each) => !made.includes(each)), ...made]
}

/** How the requests of a call are sent. `undefined`: by the model's own `fetch` or the global one. */
export const viaOf = (services: Context.Context<never>, transports: Transports): Via | undefined => {
  const forbidden = Context.get(services, forbidLiveCalls) ?? Reflect.get(globalThis, forbiddenByDefault) === true
  if (transports.length === 0 && !forbidden) return undefined
  const guarded = forbidden && !transports.some(({ live }) => live === true)
  const made = transports.findLast(({ fetch }) => fetch !== undefined)?.fetch
  return (own) => {
    const fetch = own ?? made?.(services) ?? globalThis.fetch
    return transports.reduce<Fetch>(
      (next, { wrap }) => wrap === undefined ? next : wrap(next, services),
      guarded ? refusingLive(fetch) : fetch
    )
  }
}

/** A `fetch` that sends to this machine only. */
const refusingLive = (fetch: Fetch): Fetch => (input, init) => {
  const url = addressOf(input)
  return isLoopback(url) ? fetch(input, init) : Promise.reject(
    new UnsupportedError({
      message:
        `A live call to ${url.host} is forbidden in tests. Use a cassette (Cassette.layer of rivulet/Testing), a ` +
        "model that needs no network, or allow the call with Effect.provideService(forbidLiveCalls, false)"
    })
  )
}

/** The address of a request. */
export const addressOf = (input: Parameters<Fetch>[0]): URL =>
  new URL(input instanceof Request ? input.url : input, "http://localhost")

/** Whether an address is one of this machine. */
export const isLoopback = ({ hostname }: URL): boolean =>
  /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)
