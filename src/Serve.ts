/**
 * Serves models, agents and chains over HTTP, to clients that exist: whatever speaks OpenAI's Chat Completions can use them.
 *
 * **When to use**
 *
 * Use it to put a chain of your own behind the `openai` packages, Open WebUI, LibreChat, the AI SDK, LangChain or curl. It is a
 * function from `Request` to `Response`, so it runs in Next, Hono, Bun, Deno and Workers; {@link toNode} serves it with
 * `node:http` and Express.
 *
 * **Details**
 *
 * The routes are `POST /v1/chat/completions`, `GET /v1/models` and `GET /v1/models/:id`. The model of a request is the name of
 * a chat.
 *
 * - A client that leaves interrupts the run, which closes the connection of its model. A slow client slows the run.
 * - A stream never ends cleanly without the frame that says that it is whole. A failure before the first frame is a status,
 *   and a failure after it an error frame.
 * - Clients are told fixed sentences: no prompt, no key, and no word of a provider leaves the server in an error.
 * - Without `auth` only requests from the machine itself are answered, under a name of the machine itself.
 * - Tool calls in a client's history are never run.
 *
 * **Gotchas**
 *
 * On Workers the platform drops a request whose client leaves: the work stops, but finalizers mostly do not run.
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import type { ChatInput, ModelSource, Service } from "./ChatModel.ts"
import { checkedDuration, checkedNumber } from "./internal/defects.ts"
import { nameOf } from "./internal/excerpt.ts"
import { isModel } from "./internal/model/wrap.ts"
import { isRunnable } from "./internal/runnable/make.ts"
import type { Chain } from "./Runnable.ts"
import { messagesOf, servedChain, servedModel } from "./serve/chats.ts"
import type { OptionsPolicy, Served, Turn } from "./serve/chats.ts"
import { sameSecret, tokenOf } from "./serve/gate.ts"
import { nodeListener } from "./serve/node.ts"
import type { FetchHandler, NodeRequest, NodeResponse } from "./serve/node.ts"
import { PublicError, stopping } from "./serve/publicError.ts"
import { find } from "./serve/routes.ts"
import { errorResponse, Server } from "./serve/server.ts"
import type { RunFailure, Settings } from "./serve/server.ts"

export type { OptionsPolicy, Turn } from "./serve/chats.ts"
export { tokenOf } from "./serve/gate.ts"
export type { FetchHandler, NodeRequest, NodeResponse } from "./serve/node.ts"
export type { RunFailure } from "./serve/server.ts"

// -----------------------------------------------------------------------------
// chats
// -----------------------------------------------------------------------------

/** A model, an agent or a chain that clients can talk to. `R` is what it requires. */
export interface Chat<out R> {
  readonly "~rivulet/Serve/Chat": Served<R>
}

/** The options of a chat. */
export interface ChatOptions {
  /**
   * Whether system messages of clients count. By default they are left out, and `system` is in the header
   * `x-rivulet-ignored`.
   */
  readonly clientSystem?: boolean | undefined
}

/** The options of a chat that is a chain or an agent. */
export interface ChainOptions extends ChatOptions {
  /**
   * The reaction to options in a request, such as a temperature: `ignore` them, and name them in the header
   * `x-rivulet-ignored`; `refuse` the request with status 400; or `pass` them on, as defaults of the `ChatModel` in the
   * context of the chain. Defaults to `ignore`.
   */
  readonly options?: OptionsPolicy | undefined
}

/** The options of a chat whose chain has an input of its own. */
export interface InputOptions<out In> extends ChainOptions {
  /** The input of the chain for a request. */
  readonly input: (turn: Turn) => In
}

/**
 * A model, or the tag of one, an agent or a chain as a chat.
 *
 * **Details**
 *
 * A model gets the options of a request, and its tool calls go to the client, who runs them. An agent or a chain runs its
 * own tools, and a request with tools is refused. The chunks of a chain decide about what is shown: texts and the text of
 * models' chunks as they are; any other value as JSON, once it is the last one.
 *
 * **Example** (A model, an agent, and a chain with an input of its own)
 *
 * ```ts
 * import { Agent, ChatModel, ChatPrompt, OutputParser, Runnable } from "rivulet"
 * import * as Serve from "rivulet/Serve"
 *
 * const poet = Runnable.sequence(ChatPrompt.make("A line about {topic}"), ChatModel.runnable, OutputParser.string)
 *
 * const app = Serve.make({
 *   chats: {
 *     fast: Serve.chat(ChatModel.ChatModel),
 *     support: Serve.chat(Agent.make({ tools: [], system: "You answer for a shop." })),
 *     poet: Serve.chat(poet, { input: ({ lastText }) => ({ topic: lastText }) })
 *   }
 * })
 * ```
 */
export const chat: {
  (model: Service, options?: ChatOptions): Chat<never>
  <I>(model: Context.Key<I, Service>, options?: ChatOptions): Chat<I>
  <E, R>(chain: Chain<ChatInput, unknown, E, R>, options?: ChainOptions): Chat<R>
  <In, E, R>(chain: Chain<In, unknown, E, R>, options: InputOptions<In>): Chat<R>
} = <In>(
  subject: ModelSource<unknown> | Chain<In, unknown, unknown, unknown>,
  options: ChatOptions & Partial<InputOptions<In>> = {}
): Chat<never> => {
  const clientSystem = options.clientSystem ?? false
  if (Context.isKey(subject) || isModel(subject)) {
    return served(servedModel(subject, clientSystem))
  }
  if (!isRunnable(subject)) {
    throw new TypeError(`Serve.chat takes a model, a tag of one, an agent or a chain, not ${nameOf(subject)}`)
  }
  // Without `input` the overloads only take chains whose input is that of a model.
  const input = options.input ?? (messagesOf as (turn: Turn) => In)
  return served(servedChain(subject, input, { clientSystem, options: options.options ?? "ignore" }))
}

/** The overloads say what it requires. */
const served = (chat: Served<unknown>): Chat<never> => ({ "~rivulet/Serve/Chat": chat as Served<never> })

// -----------------------------------------------------------------------------
// apps
// -----------------------------------------------------------------------------

/** Who asks. */
export interface Caller {
  /** The name of the user, as the app knows it. */
  readonly user: string
}

/** The limits of a server. */
export interface Limits {
  /** The most bytes of a request's body. Defaults to 1 MiB. */
  readonly bodyBytes?: number | undefined
  /** The deepest nesting of a request's JSON. Defaults to 64. */
  readonly depth?: number | undefined
  /** The most messages of a request. Defaults to 1000. */
  readonly messages?: number | undefined
  /** The most parts, and the most tool calls, of a message. Defaults to 100. */
  readonly parts?: number | undefined
  /** How long a response waits for the first frame, so that a failure is a status. Defaults to 5 seconds. */
  readonly headWait?: Duration.Input | undefined
  /** The silence after which a comment keeps a stream open. Defaults to 5 seconds. */
  readonly heartbeat?: Duration.Input | undefined
  /** How long a client may take no byte before its run is cut. Defaults to 60 seconds. */
  readonly stalled?: Duration.Input | undefined
  /** How long `close` waits for clients to take the end of their streams. Defaults to 5 seconds. */
  readonly drain?: Duration.Input | undefined
}

/** An error that an app shows to clients. */
export interface ShownError {
  /** The status, from 400 to 599. */
  readonly status: number
  /** A sentence for the client. */
  readonly message: string
  /** A code for the client's program. Defaults to none. */
  readonly code?: string | undefined
}

/** The options of an app. */
export interface Options<Chats, RA, RF> {
  /** The chats by the names under which clients ask for them. */
  readonly chats: Chats
  /**
   * Who asks; `undefined` refuses the request with status 401. Without it only requests from the machine itself are
   * answered. {@link bearer} compares with one key, and {@link tokenOf} reads the key of a request.
   */
  readonly auth?: ((request: Request) => Effect.Effect<Caller | undefined, never, RA>) | undefined
  /**
   * The names of the server, with or without a port, besides those of loopback. A request with another `Host` is refused.
   * Needs `auth`. By default any name with `auth`, and none without it.
   */
  readonly hosts?: ReadonlyArray<string> | undefined
  /** Pages of other sites that may ask. None by default. */
  readonly cors?: {
    /** Their origins, such as `https://app.example.com`. */
    readonly origins: ReadonlyArray<string>
  } | undefined
  /** The path before `/v1`, such as `/api`. Defaults to none. */
  readonly basePath?: string | undefined
  /** The limits. Each has its own default. */
  readonly limits?: Limits | undefined
  /** The errors of the app's own that clients are shown. Any other one is an internal error for them. */
  readonly errors?: ((error: unknown) => ShownError | undefined) | undefined
  /**
   * Runs for each run that fails with a status of 500 and above, whatever status the client got. It gets all of the error.
   * By default the id and the class of the error are logged, and nothing of its text.
   */
  readonly onFailure?: ((failure: RunFailure) => Effect.Effect<unknown, never, RF>) | undefined
}

/** The chats of a server, and its rules. `R` is the union of the services that the chats and the functions require. */
export interface App<out R> {
  readonly "~rivulet/Serve/App": Settings<R>
}

const count = (name: string, value: number | undefined, byDefault: number) =>
  checkedNumber(`Serve.make: limits.${name}`, value ?? byDefault, 1)

const time = (name: string, value: Duration.Input | undefined, byDefault: Duration.Input) =>
  checkedDuration(`Serve.make: limits.${name}`, value ?? byDefault)

type ServicesOf<C> = C extends Chat<infer R> ? R : never

/**
 * An app that can be served. It throws if an option has no meaning, and if `hosts` are given without `auth`.
 *
 * **Example** (Behind a key)
 *
 * ```ts
 * import { Redacted } from "effect"
 * import { ChatModel } from "rivulet"
 * import * as Serve from "rivulet/Serve"
 *
 * const app = Serve.make({
 *   chats: { fast: Serve.chat(ChatModel.ChatModel) },
 *   auth: Serve.bearer(Redacted.make(process.env["APP_KEY"] ?? "")),
 *   hosts: ["chat.example.com"]
 * })
 * ```
 */
export const make = <const Chats extends { readonly [name: string]: Chat<unknown> }, RA = never, RF = never>(
  options: Options<Chats, RA, RF>
): App<ServicesOf<Chats[keyof Chats]> | RA | RF> => {
  const { auth, basePath = "", cors, errors, hosts, limits = {} } = options
  if (hosts !== undefined && auth === undefined) {
    throw new TypeError(
      "Serve.make: an app with `hosts` is reached from elsewhere, so it needs `auth`, as Serve.bearer"
    )
  }
  if (basePath !== "" && !/^(\/[\w.~-]+)+$/.test(basePath)) {
    throw new TypeError(`Serve.make: basePath must be a path such as "/api", not ${nameOf(basePath)}`)
  }
  const chats = Object.entries(options.chats)
  for (const [name] of chats) {
    if (!/^[\w.:/@-]{1,200}$/.test(name)) {
      throw new TypeError(`Serve.make: a chat needs a name of letters, digits and - _ . : / @, not ${nameOf(name)}`)
    }
  }
  const settings: Settings<unknown> = {
    chats: new Map(chats.map(([name, chat]) => [name, chat["~rivulet/Serve/Chat"]])),
    auth,
    gate: {
      hosts: hosts && new Set(hosts.map((host) => host.toLowerCase())),
      origins: new Set(cors?.origins),
      open: auth === undefined
    },
    basePath,
    body: { bytes: count("bodyBytes", limits.bodyBytes, 1024 * 1024), depth: count("depth", limits.depth, 64) },
    counts: { messages: count("messages", limits.messages, 1000), parts: count("parts", limits.parts, 100) },
    times: {
      headWait: time("headWait", limits.headWait, "5 seconds"),
      heartbeat: time("heartbeat", limits.heartbeat, "5 seconds"),
      stalled: time("stalled", limits.stalled, "60 seconds")
    },
    drain: time("drain", limits.drain, "5 seconds"),
    errors: errors && ((error) => {
      const shown = errors(error)
      return shown && new PublicError({ ...shown, kind: "other" })
    }),
    onFailure: options.onFailure
  }
  // The settings require what the chats and the functions in them do.
  return { "~rivulet/Serve/App": settings as Settings<never> }
}

/**
 * Asks for a key, in the header `Authorization: Bearer`, `x-api-key` or `api-key`. The time of the comparison says nothing
 * of the key. `user` is the caller's name, by default `bearer`. An empty key lets nobody in.
 *
 * **Example** (A key)
 *
 * ```ts
 * import { Redacted } from "effect"
 * import * as Serve from "rivulet/Serve"
 *
 * const auth = Serve.bearer(Redacted.make("a long random text"))
 * ```
 */
export const bearer = (
  key: Redacted.Redacted,
  user = "bearer"
): (request: Request) => Effect.Effect<Caller | undefined> =>
(request) =>
  Effect.sync(() => {
    const given = tokenOf(request)
    const expected = Redacted.value(key)
    return given !== undefined && expected !== "" && sameSecret(Redacted.value(given), expected) ? { user } : undefined
  })

// -----------------------------------------------------------------------------
// servers
// -----------------------------------------------------------------------------

/** A server of an app. */
export interface FetchServer {
  /** Answers a request. It needs no `this`, and never rejects. */
  readonly fetch: FetchHandler
  /**
   * Ends the server: streams end with an error frame that says so, new requests are refused with status 503, and the
   * layer is closed.
   */
  readonly close: () => Promise<void>
}

/**
 * A function from `Request` to `Response`, for Next, Hono, Bun, Deno and Workers.
 *
 * **Details**
 *
 * The layer is built by the first request, and closed by `close`. A run is interrupted when the response's body is
 * cancelled, or the request's signal aborted.
 *
 * **Example** (Hono, Bun, Deno and Workers)
 *
 * ```ts
 * import { ChatModel } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 * import * as Serve from "rivulet/Serve"
 *
 * const app = Serve.make({ chats: { claude: Serve.chat(ChatModel.ChatModel) } })
 * const { fetch } = Serve.toFetch(app, Anthropic.layer({ model: "claude-haiku-4-5" }))
 *
 * export default { fetch }
 * ```
 */
export const toFetch: {
  (app: App<never>): FetchServer
  <R, E>(app: App<NoInfer<R>>, layer: Layer.Layer<R, E>): FetchServer
} = <R>(app: App<R>, layer?: Layer.Layer<R, unknown>): FetchServer => {
  // Without a layer the app requires nothing.
  const runtime = ManagedRuntime.make(layer ?? (Layer.empty as Layer.Layer<unknown> as Layer.Layer<R>))
  const settings = app["~rivulet/Serve/App"]
  const server = new Server(settings, Effect.runSync(Clock.currentTimeMillis))
  let closing: Promise<void> | undefined
  return {
    fetch: (request) => {
      const { wire } = find(request.method, "")
      if (closing !== undefined) return Promise.resolve(errorResponse(wire, stopping))
      return runtime.runPromiseExit(server.handle(request), { signal: request.signal }).then((exit) => {
        if (Exit.isSuccess(exit)) return exit.value
        // The client has left: nobody reads this.
        if (Cause.hasInterruptsOnly(exit.cause)) return new Response(null, { status: 499 })
        return Effect.runPromise(server.internalError(exit.cause, wire))
      })
    },
    close: () => closing ??= Effect.runPromise(server.runs.stop(settings.drain)).then(() => runtime.dispose())
  }
}

/**
 * The listener of a fetch handler for `node:http`, and for what is built on it, such as Express.
 *
 * **Details**
 *
 * When the socket closes, the run is interrupted. The response is written as fast as the client reads it. Pipes do not do
 * the first: `Readable.fromWeb(response.body).pipe(res)` leaves runs open.
 *
 * **Example** (A server of Node.js)
 *
 * ```ts
 * import * as Http from "node:http"
 * import { ChatModel } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 * import * as Serve from "rivulet/Serve"
 *
 * const app = Serve.make({ chats: { claude: Serve.chat(ChatModel.ChatModel) } })
 * const { close, fetch } = Serve.toFetch(app, Anthropic.layer({ model: "claude-haiku-4-5" }))
 * const server = Http.createServer(Serve.toNode(fetch)).listen(8787, "127.0.0.1")
 *
 * process.once("SIGTERM", () => {
 *   server.close()
 *   void close()
 * })
 * ```
 */
export const toNode: (fetch: FetchHandler) => (request: NodeRequest, response: NodeResponse) => void = nodeListener
