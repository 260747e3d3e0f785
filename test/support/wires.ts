// The wires as the suites see them that hold for every provider: a server and a model for each, and its answers.
import { Redacted } from "effect"
import type { Config, Effect, Scope } from "effect"
import type { CallOptions, ChatModel } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"
import * as OpenAi from "rivulet/OpenAi"
import { OpenAiScript, Script } from "rivulet/Testing"
import type { TestServer } from "rivulet/Testing"
import { serve as serveMessages } from "./anthropic.ts"
import { serveChat } from "./openai.ts"
import { serve as serveResponses } from "./responses.ts"

const { chat, responses } = OpenAiScript

/** Options of a model that every provider has. */
export interface ModelOptions extends CallOptions.CallOptions {
  readonly baseUrl?: string | undefined
}

/** One wire, its server, and OpenAI's or Anthropic's model for it. */
export interface Wire {
  readonly name: string
  readonly provider: string
  readonly model: string
  /** The path of a request, without that of the base URL. */
  readonly path: string
  readonly requestIdHeader: string
  /** A server that answers with these scripts, one a request and the last one repeatedly, and a model that asks it. */
  readonly serve: (
    scripts: Script.Script | ReadonlyArray<Script.Script>,
    options?: ModelOptions
  ) => Effect.Effect<
    { readonly server: TestServer.TestServer; readonly model: ChatModel.Service },
    Config.ConfigError,
    Scope.Scope
  >
  /** A model whose responses come from this function instead of the network. */
  readonly withFetch: (fetch: typeof globalThis.fetch) => Effect.Effect<ChatModel.Service, Config.ConfigError>
  readonly status: typeof OpenAiScript.status
  /** A text answer, one delta for each token. */
  readonly tokens: (tokens: ReadonlyArray<string>) => Script.Script
  /** The place in a text answer of some tokens at which its last token has arrived. */
  readonly tokensEnd: (wire: string) => number
  /** The number of chunks that a text answer of two tokens makes. */
  readonly chunksOfTwoTokens: number
  /** Whether the first event has the usage of the input. */
  readonly earlyUsage: boolean
  /** The same answer as a second one, whose id is another. */
  readonly renamed: (wire: string) => string
  /** Events or comments that keep a connection alive and add nothing to the answer. */
  readonly signsOfLife: ReadonlyArray<string>
}

const offline = { apiKey: Redacted.make("sk-test"), maxRetries: 0 }

export const messages: Wire = {
  name: "Messages",
  provider: "anthropic",
  model: "claude-test",
  path: "/v1/messages",
  requestIdHeader: "request-id",
  serve: serveMessages,
  withFetch: (fetch) => Anthropic.make({ model: "claude-test", ...offline, fetch }),
  status: (status, options) =>
    Script.status(status, { message: options?.message, headers: options?.headers, body: options?.body }),
  tokens: Script.tokens,
  tokensEnd: (wire) => wire.indexOf("event: content_block_stop"),
  chunksOfTwoTokens: 3,
  earlyUsage: true,
  renamed: (wire) => wire,
  signsOfLife: ["event: ping\ndata: {\"type\":\"ping\"}\n\n", ": PROCESSING\n\n"]
}

export const chatCompletions: Wire = {
  name: "Chat Completions",
  provider: "openai",
  model: "gpt-test",
  path: "/chat/completions",
  requestIdHeader: "x-request-id",
  serve: serveChat,
  withFetch: (fetch) => OpenAi.make({ model: "gpt-test", api: "chat", ...offline, fetch }),
  status: OpenAiScript.status,
  tokens: chat.tokens,
  tokensEnd: (wire) => wire.lastIndexOf("data: ", wire.indexOf("\"finish_reason\":\"stop\"")),
  chunksOfTwoTokens: 4,
  earlyUsage: false,
  renamed: (wire) => wire.replaceAll("chatcmpl-", "chatcmpl-2"),
  signsOfLife: [": PROCESSING\n\n"]
}

export const responsesApi: Wire = {
  name: "Responses",
  provider: "openai",
  model: "gpt-test",
  path: "/responses",
  requestIdHeader: "x-request-id",
  serve: serveResponses,
  withFetch: (fetch) => OpenAi.make({ model: "gpt-test", api: "responses", ...offline, fetch }),
  status: OpenAiScript.status,
  tokens: responses.tokens,
  tokensEnd: (wire) => wire.indexOf("event: response.output_text.done"),
  chunksOfTwoTokens: 4,
  earlyUsage: false,
  renamed: (wire) => wire,
  signsOfLife: [": alive\n\n", "data: {\"type\":\"keepalive\",\"sequence_number\":7}\n\n"]
}

export const wires: ReadonlyArray<Wire> = [messages, chatCompletions, responsesApi]
