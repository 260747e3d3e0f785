// Models whose servers judge each request by the table of facts. Without a network for tests of many calls, and over
// sockets.
import { Effect, Redacted } from "effect"
import type { Config, Scope } from "effect"
import type { CallOptions, ChatModel, ChatModelError, ModelFacts } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"
import * as OpenAi from "rivulet/OpenAi"
import * as OpenAiCompatible from "rivulet/OpenAiCompatible"
import { AnthropicServer, OpenAiScript, OpenAiServer, Script } from "rivulet/Testing"
import type { Json, Subject } from "./factsTable.ts"
import { answerOf, judge } from "./judge.ts"
import type { Refusal } from "./judge.ts"

/** Settings of a model that every provider has. */
export interface Settings extends CallOptions.CallOptions {
  readonly like?: string | undefined
  /** A server of one's own, instead of that of the provider. */
  readonly preset?: OpenAiCompatible.Preset | undefined
  readonly baseUrl?: string | undefined
  readonly fetch?: typeof globalThis.fetch | undefined
}

/** Makes the model of a subject, as an app would. */
export const makeModel = (
  { api, model, provider }: Subject,
  settings: Settings
): Effect.Effect<ChatModel.Service, Config.ConfigError> => {
  const common = { apiKey: Redacted.make("sk-judged-5e3cr3t-k3y"), maxRetries: 0, ...settings, model }
  const elsewhere = { baseUrl: "http://127.0.0.1:9/v1", ...common }
  if (settings.preset !== undefined || provider === "openai-compatible") return OpenAiCompatible.make(elsewhere)
  if (provider === "anthropic") return Anthropic.make(common)
  if (["openai", "openai-chat"].includes(provider)) {
    return OpenAi.make({ ...common, api: api === "chat" ? "chat" : "responses" })
  }
  const preset = provider as OpenAiCompatible.PresetName // the subjects name presets
  return OpenAiCompatible.make({ preset, ...(["azure", "snowflake"].includes(provider) ? elsewhere : common) })
}

/** A short answer in the wire of an API. */
export const answer = (api: string): Script.Script =>
  api === "messages"
    ? Script.text("Hello")
    : api === "responses"
    ? OpenAiScript.responses.text("Hello")
    : OpenAiScript.chat.text("Hello")

const streams = new Map(["messages", "responses", "chat"].map((api) => [api, Script.bytesOf(answer(api))]))

/** What became of one call. */
export interface Outcome {
  /** The body that was sent. Absent: nothing was. */
  readonly body?: Json
  /** Why the server refused it. */
  readonly refusal?: Refusal | undefined
  readonly warnings: ReadonlyArray<ModelFacts.FitWarning>
  /** The failure of the call. */
  readonly reason?: ChatModelError.Reason
}

/** A model without a network, and the outcome of its calls. */
export interface Judged {
  readonly model: ChatModel.Service
  readonly call: (
    input: ChatModel.ChatInput,
    options?: CallOptions.CallOptions
  ) => Effect.Effect<Outcome>
}

/** Makes a model whose requests are judged as those to `as`, which is the model itself by default. */
export const judged = (
  subject: Subject,
  settings: Settings = {},
  as: Subject = subject
): Effect.Effect<Judged, Config.ConfigError> => {
  let sent: { readonly body: Json; readonly refusal: Refusal | undefined } | undefined
  const fetch: typeof globalThis.fetch = (_, init) => {
    const body: Json = JSON.parse(String(init?.body))
    const refusal = judge(as, body)
    sent = { body, refusal }
    return Promise.resolve(
      refusal === undefined
        ? new Response(streams.get(subject.api), { headers: { "content-type": "text/event-stream" } })
        : Response.json(answerOf(as, refusal), { status: 400 })
    )
  }
  return Effect.map(makeModel(subject, { fetch, ...settings }), (model) => ({
    model,
    call: (input, options) =>
      Effect.suspend(() => {
        sent = undefined
        return Effect.match(model.invoke(input, options), {
          onFailure: ({ reason }) => ({ ...sent, warnings: [], reason }),
          onSuccess: ({ metadata }) => ({
            ...sent,
            // The library's own warnings have this form.
            warnings: (metadata?.["warnings"] ?? []) as Json
          })
        })
      })
  }))
}

/** A server on a socket that judges the requests to one model, and answers those that it takes. */
export const serveJudged = Effect.fnUntraced(function*(
  subject: Subject,
  reply: (body: Json) => Script.Script = () => answer(subject.api)
): Effect.fn.Return<{ readonly url: string; readonly bodies: ReadonlyArray<Json> }, never, Scope.Scope> {
  const bodies: Array<Json> = []
  const script = ({ body }: { readonly body: unknown }): Script.Script => {
    bodies.push(body)
    const refusal = judge(subject, body)
    if (refusal === undefined) return reply(body)
    return Script.body(JSON.stringify(answerOf(subject, refusal)), {
      status: 400,
      headers: { "content-type": "application/json" }
    })
  }
  const server = yield* subject.provider === "anthropic"
    ? AnthropicServer.make({ script })
    : OpenAiServer.make({ script })
  return { url: server.url, bodies }
})
