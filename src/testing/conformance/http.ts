/**
 * A model that speaks HTTP as a subject: every way to break an answer off is made of one that is whole.
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

/** How the provider's wire says things. */
export interface HttpAnswers extends
  Pick<
    Answers<Script>,
    "text" | "endless" | "toolCalls" | "reasoning" | "refusal" | "image" | "citation" | "cached" | "serverTool"
  >
{
  /** A response of this status. */
  readonly status: Exclude<Answers<Script>["status"], undefined>
  /** What follows no protocol; default: a line of broken JSON. */
  readonly malformed?: Step | undefined
  /** Something that nobody knows yet. */
  readonly unknown?: Step | undefined
  /** A sign of life that says nothing. */
  readonly ping?: Step | undefined
  /** Errors inside a 200, by the reason each stands for. */
  readonly errors?: { readonly [Tag in Reason["_tag"]]?: Step | undefined } | undefined
}

/** A model that speaks HTTP, and its server. */
export interface HttpOptions {
  /** What the model declares. */
  readonly capabilities: Capabilities
  /** Makes the model that is tested, without retries or limits but those in `options`. */
  readonly model: (settings: {
    readonly baseUrl: string
    readonly apiKey: Redacted.Redacted<string>
    readonly options: CallOptions
  }) => Effect.Effect<Service, unknown, Scope.Scope>
  /** Starts its server, such as `AnthropicServer.make`. */
  readonly server: (options: Options) => Effect.Effect<TestServer, never, Scope.Scope>
  readonly answers: HttpAnswers
}

const secret = "sk-conformance-5e3cr3t-k3y"

/** Time for what was written to be read, before the connection is lost under it. */
const settled = delay("50 millis")

export const http = (options: HttpOptions): Subject<Script> => {
  const { endless, errors, malformed, ping, status, text, unknown, ...rest } = options.answers

  const start = Effect.fnUntraced(function*(server: TestServer, call: CallOptions | undefined) {
    const settings = { baseUrl: server.url, apiKey: Redacted.make(secret), options: call ?? {} }
    const model = yield* Effect.orDie(options.model(settings))
    return {
      model,
      count: Effect.map(server.requests, (requests) => requests.length),
      asked: (index) =>
        Effect.map(server.awaitRequest(index), (request) => ({
          body: request.body,
          left: Effect.map(request.closed, ({ by }) => by === "client"),
          blocked: request.awaitBlocked()
        })),
      idle: server.awaitIdle
    } satisfies Running
  })

  const broken = (...fault: ReadonlyArray<Step>) => (tokens: ReadonlyArray<string>) =>
    faultAt(text(tokens), lastOf(text(tokens), tokens).at, fault)

  /** Something between the last token and the rest of the answer. */
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
    startAlone: (call) =>
      Effect.gen(function*() {
        // A port that was open a moment ago, so that nobody else listens there.
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
      ...(ping === undefined ? undefined : { alive: between(repeat([delay("90 millis"), ping], 6)) }),
      errors: Object.entries(errors ?? {}).flatMap(([reason, step]) =>
        // The keys of such an object are reasons.
        step === undefined ? [] : [[reason as Reason["_tag"], broken(step, end)] as const]
      ),
      cut: (script, bytes) => ({ ...script, cut: bytes }),
      start: (script, share) => faultAt(script, Math.floor(bytesOf(script).length * share), end),
      headersOnly: make([stall]),
      silent,
      resetsFirst: resetBeforeHeaders
    }
  }
}

/** The step that writes the last of the tokens: its bytes, and where in the body they end. */
const lastOf = (script: Script, tokens: ReadonlyArray<string>) => {
  const last = JSON.stringify(tokens.at(-1) ?? "").slice(1, -1)
  let at = 0
  for (const step of unroll(script)) {
    if (step._tag !== "Write") continue
    at += step.bytes.length
    if (new TextDecoder().decode(step.bytes).includes(last)) return { at, bytes: step.bytes }
  }
  throw new Error(`A script of a text must write each token by a step of its own; there is none for ${last}`)
}
