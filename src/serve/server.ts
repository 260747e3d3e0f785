/**
 * The path of a request: Host and Origin, route, authentication, body, decoding, run, response. `Serve.toFetch` makes a
 * server. It knows no wire but by routes.ts, and nothing of the chats but that they run.
 */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Served } from "./chats.ts"
import { itemsOf, turnOf } from "./chats.ts"
import { corsHeaders, pass, preflight } from "./gate.ts"
import type { GateSettings } from "./gate.ts"
import { describe, errorHeaders, internal, isPublicError, PublicError, publicErrorOf, stopping } from "./publicError.ts"
import { readJson } from "./requestBody.ts"
import type { BodyLimits } from "./requestBody.ts"
import { find, noChat } from "./routes.ts"
import type { About, Found } from "./routes.ts"
import { folded, Runs, streamed } from "./run.ts"
import type { Running, Times } from "./run.ts"
import type { Asked, Counts, RunInfo, Wire } from "./wire.ts"

/** A failed run, for the operator of the server. */
export interface RunFailure {
  /** The id of the run. The client has it as `x-request-id`. */
  readonly id: string
  /** The name of the chat. */
  readonly chat: string
  /** The status of the error that the client was told. */
  readonly status: number
  /** The cause of the failure. It may hold prompts and the words of providers. */
  readonly cause: Cause.Cause<unknown>
}

/** The settings of a server, with all defaults filled in. */
export interface Settings<R> {
  readonly chats: ReadonlyMap<string, Served<R>>
  readonly auth: ((request: Request) => Effect.Effect<{ readonly user: string } | undefined, never, R>) | undefined
  readonly gate: GateSettings
  readonly basePath: string
  readonly body: BodyLimits
  readonly counts: Counts
  readonly times: Times
  readonly drain: Duration.Duration
  readonly errors: ((error: unknown) => PublicError | undefined) | undefined
  readonly onFailure: ((failure: RunFailure) => Effect.Effect<unknown, never, R>) | undefined
}

const unauthorized = new PublicError({ kind: "unauthorized", status: 401, message: "The key is missing or wrong." })

/** A random id of 128 bits. */
const randomId = Effect.sync(() =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("")
)

/** One server. */
export class Server<R> {
  readonly runs = new Runs()
  readonly #settings: Settings<R>
  readonly #about: About

  constructor(settings: Settings<R>, createdAt: number) {
    this.#settings = settings
    this.#about = { names: [...settings.chats.keys()], createdAt }
  }

  /** Answers a request. */
  handle(request: Request): Effect.Effect<Response, never, R> {
    return Effect.suspend(() => {
      const passed = pass(request, this.#settings.gate)
      const found = this.#route(request)
      if (isPublicError(passed)) return Effect.succeed(errorResponse(found.wire, passed))
      const { allowedOrigin } = passed
      if (allowedOrigin === undefined) return this.#answer(request, found)
      return request.method === "OPTIONS"
        ? Effect.succeed(preflight(request, allowedOrigin))
        : Effect.map(this.#answer(request, found), (response) => withHeaders(response, corsHeaders(allowedOrigin)))
    })
  }

  /** The response to a failure outside of a run: of the app's `auth`, or of its layer. */
  internalError(cause: Cause.Cause<unknown>, wire: Wire): Effect.Effect<Response> {
    return Effect.flatMap(randomId, (id) =>
      Effect.as(
        logFailure({ id, chat: "", status: 500, cause }),
        errorResponse(wire, internal(id), { "x-request-id": id })
      ))
  }

  #route(request: Request): Found {
    const { pathname } = new URL(request.url)
    const { basePath } = this.#settings
    return find(request.method, pathname.startsWith(`${basePath}/`) ? pathname.slice(basePath.length) : "")
  }

  readonly #answer = (request: Request, found: Found): Effect.Effect<Response, never, R> =>
    this.#routed(request, found).pipe(
      Effect.catch((error) => Effect.succeed(errorResponse(found.wire, error))),
      Effect.catchCause((cause) => this.internalError(cause, found.wire))
    )

  #routed(request: Request, found: Found): Effect.Effect<Response, PublicError, R> {
    const { auth } = this.#settings
    return Effect.flatMap(
      auth === undefined ? Effect.succeed({ user: "" }) : auth(request),
      (caller): Effect.Effect<Response, PublicError, R> => {
        if (caller === undefined) return Effect.fail(unauthorized)
        if (this.runs.isStopping) return Effect.fail(stopping)
        if ("error" in found) return Effect.fail(found.error)
        const { id, route } = found
        if (route.method === "POST") return this.#asked(request, route.wire, caller.user)
        const body = route.body(this.#about, id)
        return isPublicError(body) ? Effect.fail(body) : Effect.succeed(jsonResponse(body))
      }
    )
  }

  readonly #asked = Effect.fnUntraced(
    function*(
      this: Server<R>,
      request: Request,
      wire: Wire,
      user: string
    ): Effect.fn.Return<Response, PublicError, R> {
      const { body, chats, counts } = this.#settings
      const asked = wire.decode(yield* readJson(request, body), counts)
      if (isPublicError(asked)) return yield* Effect.fail(asked)
      const chat = chats.get(asked.chat)
      if (chat === undefined) return yield* Effect.fail(noChat)
      const turned = turnOf(asked, chat, user)
      if (isPublicError(turned)) return yield* Effect.fail(turned)
      const run: RunInfo = {
        id: yield* randomId,
        chat: asked.chat,
        createdAt: yield* Clock.currentTimeMillis,
        isModel: chat.isModel
      }
      const running: Running<R> = {
        ...itemsOf(chat.stream(turned.turn)),
        failed: (cause) => this.#failed(run, cause),
        runs: this.runs
      }
      const headers = {
        "x-request-id": run.id,
        ...(turned.ignored.length === 0 ? undefined : { "x-rivulet-ignored": turned.ignored.join(",") })
      }
      return yield* this.#run(request, wire, { asked, run, running }).pipe(
        Effect.map((response) => withHeaders(response, headers)),
        Effect.catch((error) =>
          Effect.succeed(errorResponse(wire, error, { ...headers, ...errorHeaders(error, error !== stopping) }))
        )
      )
    }.bind(this)
  )

  #run(
    request: Request,
    wire: Wire,
    { asked, run, running }: { readonly asked: Asked; readonly run: RunInfo; readonly running: Running<R> }
  ): Effect.Effect<Response, PublicError, R> {
    if (!asked.stream) return Effect.map(folded(running, wire.folder(run)), jsonResponse)
    const { times } = this.#settings
    const options = { times, heartbeat: wire.heartbeat, signal: request.signal }
    return Effect.map(
      streamed(running, wire.encoder(run, asked), options),
      (body) => new Response(body, { headers: streamHeaders })
    )
  }

  /** The error that a client is told, after the operator was. */
  #failed({ chat, id }: RunInfo, cause: Cause.Cause<unknown>): Effect.Effect<PublicError, never, R> {
    return Effect.suspend(() => {
      const { errors, onFailure } = this.#settings
      const error = publicErrorOf(cause, id, errors)
      if (error.status < 500 || error === stopping) return Effect.succeed(error)
      const failure: RunFailure = { id, chat, status: error.status, cause }
      return Effect.as(onFailure === undefined ? logFailure(failure) : onFailure(failure), error)
    })
  }
}

/** The log has no text of an error, which may hold a prompt or a secret. `onFailure` gets all of it. */
const logFailure = ({ cause, chat, id, status }: RunFailure): Effect.Effect<void> =>
  Effect.logError("A request failed").pipe(
    Effect.annotateLogs({ "rivulet.request_id": id, "rivulet.chat": chat, status, failure: describe(cause) })
  )

// -----------------------------------------------------------------------------
// responses
// -----------------------------------------------------------------------------

/** Proxies and browsers must neither keep nor collect what is streamed. */
const streamHeaders = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
  "x-content-type-options": "nosniff"
}

const jsonHeaders = {
  "content-type": "application/json; charset=utf-8",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff"
}

const jsonResponse = (body: string): Response => new Response(body, { headers: jsonHeaders })

/** The response of an error in the form of a wire. */
export const errorResponse = (
  wire: Wire,
  error: PublicError,
  headers: { readonly [name: string]: string } = errorHeaders(error, false)
): Response => new Response(wire.errorBody(error), { status: error.status, headers: { ...jsonHeaders, ...headers } })

const withHeaders = (response: Response, headers: { readonly [name: string]: string }): Response => {
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
  return response
}
