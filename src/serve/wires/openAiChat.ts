/**
 * The wire of OpenAI's Chat Completions, as a server writes it
 * (https://platform.openai.com/docs/api-reference/chat-streaming). Pure functions. Reasoning goes into `reasoning_content`,
 * the field that clients of other servers read. Citations, files, and tools that a provider runs have no field here, so
 * they are left out. A text delta costs one `JSON.stringify` of the text.
 */
import type { CallOptions } from "../../CallOptions.ts"
import { optional } from "../../internal/optional.ts"
import type { Usage } from "../../Usage.ts"
import { ItemReader } from "../items.ts"
import type { Pieces } from "../items.ts"
import type { Kind, PublicError } from "../publicError.ts"
import type { Asked, Encoder, Ended, Folder, RunInfo, Wire } from "../wire.ts"
import { jsonText } from "./json.ts"
import { decode } from "./openAiChatRequest.ts"

// -----------------------------------------------------------------------------
// words
// -----------------------------------------------------------------------------

/** The finish words of the wire. An answer that is not whole never ends with a bare `stop`. */
const finishWords: { readonly [F in Ended["finish"]]: string } = {
  stop: "stop",
  length: "length",
  tool_calls: "tool_calls",
  content_filter: "content_filter",
  refusal: "content_filter",
  pause: "length",
  max_steps: "length",
  stop_when: "stop",
  approval: "stop",
  other: "stop"
}

/** Only a model's client has calls to run. */
const finishWord = ({ finish }: Ended, { isModel }: RunInfo): string =>
  finish === "tool_calls" && !isModel ? "stop" : finishWords[finish]

/** The type and the code of an error, in words that this wire's clients know. */
const errorWords: { readonly [K in Kind]: readonly [type: string, code: string | null] } = {
  invalid: ["invalid_request_error", null],
  unsupported: ["invalid_request_error", "unsupported_value"],
  unauthorized: ["invalid_request_error", "invalid_api_key"],
  forbidden: ["invalid_request_error", "forbidden"],
  not_found: ["invalid_request_error", "model_not_found"],
  method: ["invalid_request_error", "method_not_allowed"],
  too_large: ["invalid_request_error", "request_too_large"],
  context_length: ["invalid_request_error", "context_length_exceeded"],
  content_policy: ["invalid_request_error", "content_policy_violation"],
  rate_limit: ["requests", "rate_limit_exceeded"],
  budget: ["insufficient_quota", "insufficient_quota"],
  upstream: ["server_error", "upstream_error"],
  overloaded: ["server_error", "overloaded"],
  timeout: ["server_error", "timeout"],
  stopping: ["server_error", "cancelled"],
  internal: ["server_error", "internal_error"],
  other: ["server_error", null]
}

const errorBody = ({ code: own, field, kind, message, option, status }: PublicError): string => {
  const [word, code] = errorWords[kind]
  const type = kind === "other" && status < 500 ? "invalid_request_error" : word
  const param = field ?? (option === undefined ? undefined : optionFields[option])
  return jsonText({ error: { message, type, param: param ?? null, code: own ?? code } })
}

/** The fields that options of a call come from. */
const optionFields: { readonly [O in keyof CallOptions]?: string } = {
  maxTokens: "max_tokens",
  temperature: "temperature",
  topP: "top_p",
  topK: "top_k",
  stopSequences: "stop",
  tools: "tools",
  toolChoice: "tool_choice",
  parallelToolCalls: "parallel_tool_calls",
  reasoning: "reasoning_effort",
  responseFormat: "response_format"
}

const usageBody = (usage: Usage | undefined) => ({
  prompt_tokens: usage?.inputTokens ?? 0,
  completion_tokens: usage?.outputTokens ?? 0,
  total_tokens: usage?.totalTokens ?? 0,
  ...(usage?.cacheReadTokens === undefined ? undefined : {
    prompt_tokens_details: { cached_tokens: usage.cacheReadTokens }
  }),
  ...(usage?.reasoningTokens === undefined ? undefined : {
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens }
  })
})

const head = (run: RunInfo, object: string) => ({
  id: `chatcmpl-${run.id}`,
  object,
  created: Math.floor(run.createdAt / 1000),
  model: run.chat
})

// -----------------------------------------------------------------------------
// streams
// -----------------------------------------------------------------------------

const encoder = (run: RunInfo, { streamedUsage }: Asked): Encoder => {
  // `{"id":...,"model":...` without the closing brace: the same in every frame.
  const prefix = `data: ${jsonText(head(run, "chat.completion.chunk")).slice(0, -1)}`
  const usage = streamedUsage ? `,"usage":null` : ""
  const before = `${prefix},"choices":[{"index":0,"delta":`
  const after = `,"logprobs":null,"finish_reason":null}]${usage}}\n\n`
  const textBefore = `${before}{"content":`
  const textAfter = `}${after}`
  let frames = ""
  const add = (delta: object) => {
    frames += before + jsonText(delta) + after
  }
  const taken = () => {
    const all = frames
    frames = ""
    return all
  }
  const pieces: Pieces = {
    text: (text) => {
      frames += textBefore + jsonText(text) + textAfter
    },
    reasoning: (text) => add({ reasoning_content: text }),
    refusal: (text) => add({ refusal: text }),
    call: (index, { args, id, name }) =>
      add({
        tool_calls: [{
          index,
          ...(id === undefined ? undefined : { id, type: "function" }),
          function: { ...optional("name", name), arguments: args }
        }]
      })
  }
  const reader = new ItemReader(pieces, run.isModel)
  return {
    start: () => before + jsonText({ role: "assistant", content: "" }) + after,
    chunk: (items) => {
      const error = reader.read(items)
      return error ?? taken()
    },
    end: (ended) => {
      reader.end(ended)
      const finish = jsonText(finishWord(ended, run))
      const last = `${before}{},"logprobs":null,"finish_reason":${finish}}]${usage}}\n\n`
      const total = streamedUsage ? `${prefix},"choices":[],"usage":${jsonText(usageBody(ended.usage))}}\n\n` : ""
      return `${taken()}${last}${total}data: [DONE]\n\n`
    },
    // No [DONE] follows, so that no client takes the answer for a whole one.
    error: (error) => `data: ${errorBody(error)}\n\n`
  }
}

// -----------------------------------------------------------------------------
// whole answers
// -----------------------------------------------------------------------------

interface Call {
  readonly id: string
  readonly name: string
  args: string
}

const folder = (run: RunInfo): Folder => {
  let content = ""
  let reasoning = ""
  let refusal = ""
  let calls: Array<Call> = []
  const reader = new ItemReader({
    text: (text) => {
      content += text
    },
    reasoning: (text) => {
      reasoning += text
    },
    refusal: (text) => {
      refusal += text
    },
    call: (ordinal, { args, id = "", name = "" }) => {
      const call = calls[ordinal]
      if (call === undefined) calls.push({ id, name, args })
      else call.args += args
    },
    restart: () => {
      content = reasoning = refusal = ""
      calls = []
    }
  }, run.isModel)
  return {
    add: (items) => {
      reader.read(items)
    },
    end: (ended) => {
      reader.end(ended)
      const message = {
        role: "assistant",
        content: content === "" && (calls.length > 0 || refusal !== "") ? null : content,
        refusal: refusal === "" ? null : refusal,
        ...(reasoning === "" ? undefined : { reasoning_content: reasoning }),
        ...(calls.length === 0 ? undefined : {
          tool_calls: calls.map(({ args, id, name }) => ({ id, type: "function", function: { name, arguments: args } }))
        })
      }
      return jsonText({
        ...head(run, "chat.completion"),
        choices: [{ index: 0, message, logprobs: null, finish_reason: finishWord(ended, run) }],
        usage: usageBody(ended.usage)
      })
    }
  }
}

// -----------------------------------------------------------------------------
// models
// -----------------------------------------------------------------------------

const modelBody = (created: number) => (id: string) => ({
  id,
  object: "model",
  created: Math.floor(created / 1000),
  owned_by: "rivulet"
})

/** The body of `GET /v1/models`: the names of the chats. */
export const modelList = (names: ReadonlyArray<string>, created: number): string =>
  jsonText({ object: "list", data: names.map(modelBody(created)) })

/** The body of `GET /v1/models/:id`. */
export const oneModel = (name: string, created: number): string => jsonText(modelBody(created)(name))

/** The wire. */
export const openAiChat: Wire = { decode, encoder, folder, errorBody, heartbeat: ": keep-alive\n\n" }
