/**
 * The subject of a model that speaks HTTP. Every broken answer is derived from a complete one.
 *
 * `Conformance.http` calls it. Must not import a provider or the server of one: the caller passes both.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import type { CallOptions } from "../../CallOptions.ts"
import type { Capabilities } from "../../Capabilities.ts"
import type { Service } from "../../ChatModel.ts"
import type { Reason } from "../../ChatModelError.ts"
import {
  bytesOf,
  delay,
  end,
  faultAt,
  make,
  repeat,
  reset,
  resetBeforeHeaders,
  silent,
  stall,
  truncate,
  unroll,
  write
} from "../server/steps.ts"
import type { Script, Step } from "../server/steps.ts"
import type { Options, TestServer } from "../server/TestServer.ts"
import type { Answers, Running, Subject } from "./subject.ts"

/** The answers of a provider on its wire. */
export interface HttpAnswers extends
  Pick<
    Answers<Script>,
    "text" | "endless" | "toolCalls" | "reasoning" | "refusal" | "image" | "citation" | "cached" | "serverTool"
  >
{
  /** A response with this status. */
  readonly status: Exclude<Answers<Script>["status"], undefined>
  /** A step that follows no protocol. Default: a frame of broken JSON. */
  readonly malformed?: Step | undefined
  /** An event that no version of the wire has. Default: its case is skipped. */
  readonly unknown?: Step | undefined
  /** An event that keeps the connection alive and adds nothing. Default: its case is skipped. */
  readonly ping?: Step | undefined
  /** Errors inside a 200, by their expected reason. Default: none. */
  readonly errors?: { readonly [Tag in Reason["_tag"]]?: Step | undefined } | undefined
}

/** A model that speaks HTTP, and its server. */
export interface HttpOptions {
  /** The capabilities that the model must declare. */
  readonly capabilities: Capabilities
  /** Makes the model under test. Its retries and time limits must be those in `options`. */
  readonly model: (settings: {
    /** The URL of the server. */
    readonly baseUrl: string
    /** The key that no error may contain. */
    readonly apiKey: Redacted.Redacted<string>
    /** Retries and time limits of every call. */
    readonly options: CallOptions
  }) => Effect.Effect<Service, unknown, Scope.Scope>
  /** Starts the server of the provider, for example `AnthropicServer.make`. */
  readonly server: (options: Options) => Effect.Effect<TestServer, never, Scope.Scope>
  /** The answers of the server. */
  readonly answers: HttpAnswers
}

const secret = "sk-conformance-5e3cr3t-k3y"

/** Time for the client to read the bytes that were written, before the connection is lost. */
const settled = delay("50 millis")

export const http = (options: HttpOptions): Subject<Script> => {
  const { endless, errors, malformed, ping, status, text, unknown, ...rest } = options.answers

  const start = Effect.fnUntraced(function*(server: TestServer, call: CallOptions | undefined) {
    const settings = { baseUrl: server.url, apiKey: Redacted.make(secret), options: call ?? {} }
    const model = yield* Effect.orDie(options.model(settings))
    return {
      model,
      requestCount: Effect.map(server.requests, (requests) => requests.length),
      request: (index) =>
        Effect.map(server.awaitRequest(index), (request) => ({
          body: request.body,
          cancelled: Effect.map(request.closed, ({ by }) => by === "client"),
          blocked: request.awaitBlocked()
        })),
      idle: server.awaitIdle
    } satisfies Running
  })

  const broken = (...fault: ReadonlyArray<Step>) => (tokens: ReadonlyArray<string>) =>
    faultAt(text(tokens), lastOf(text(tokens), tokens).at, fault)

  /** An answer with steps between the last token and the rest. */
  const between = (...steps: ReadonlyArray<Step>) => (tokens: ReadonlyArray<string>) => {
    const script = text(tokens)
    const { at } = lastOf(script, tokens)
    return faultAt(script, at, [...steps, write(bytesOf(script).subarray(at))])
  }

  return {
    capabilities: options.capabilities,
    secret,
    start: ([...scripts], call) =>
      Effect.flatMap(
        options.server({ scripts: scripts.slice(0, -1), script: scripts.at(-1) }),
        (server) => start(server, call)
      ),
    startUnreachable: (call) =>
      Effect.gen(function*() {
        // A port that was open until now is one on which no other program listens.
        const scope = yield* Scope.make()
        const server = yield* Scope.provide(options.server({}), scope)
        yield* Scope.close(scope, Exit.void)
        return yield* start(server, call)
      }),
    answers: {
      ...rest,
      text,
      status,
      endless: endless ?? broken(repeat([write(lastOf(text(["goldfish"]), ["goldfish"]).bytes)]))(["goldfish"]),
      ends: broken(end),
      closes: broken(settled, truncate),
      resets: broken(settled, reset),
      stalls: broken(stall),
      malformed: broken(malformed ?? write("data: {oops\n\n"), stall),
      twice: (tokens) => faultAt(text(tokens), Infinity, [...text(tokens).steps]),
      ...(unknown === undefined ? undefined : { unknown: between(unknown) }),
      ...(ping === undefined ? undefined : { keepAlive: between(repeat([delay("90 millis"), ping], 6)) }),
      errors: Object.entries(errors ?? {}).flatMap(([reason, step]) =>
        // The keys of this object are reasons.
        step === undefined ? [] : [[reason as Reason["_tag"], broken(step, end)] as const]
      ),
      cut: (script, bytes) => ({ ...script, cut: bytes }),
      prefix: (script, share) => faultAt(script, Math.floor(bytesOf(script).length * share), end),
      headersOnly: make([stall]),
      silent,
      resetsFirst: resetBeforeHeaders
    }
  }
}

/** The step that writes the last token: its bytes, and the place in the body at which they end. */
const lastOf = (script: Script, tokens: ReadonlyArray<string>) => {
  const last = JSON.stringify(tokens.at(-1) ?? "").slice(1, -1)
  let at = 0
  for (const step of unroll(script)) {
    if (step._tag !== "Write") continue
    at += step.bytes.length
    if (new TextDecoder().decode(step.bytes).includes(last)) return { at, bytes: step.bytes }
  }
  throw new Error(`A text script must write each token in a step of its own, but no step writes ${last}`)
}
