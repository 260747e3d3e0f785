/**
 * The wire format of OpenAI's Chat Completions API as its server streams it
 * (https://platform.openai.com/docs/api-reference/chat-streaming).
 *
 * `OpenAiScript.chat` builds answers of these chunks. All functions are pure. Must not import the provider, so that the
 * two implementations of the wire stay independent.
 *
 * @internal
 */
import { callId, obfuscation, slicesOf } from "./answer.ts"
import type { Block as CommonBlock, Event } from "./answer.ts"

/** A piece of an answer. Only servers other than OpenAI's send `reasoning`. */
export type Block =
  | CommonBlock
  | {
    readonly type: "reasoning"
    /** One delta for each. */
    readonly tokens: ReadonlyArray<string>
    /** The field of the delta. Default: `reasoning_content`. */
    readonly field?: string | undefined
  }
  | {
    readonly type: "raw"
    /** Deltas, sent unchanged. */
    readonly deltas: ReadonlyArray<Event>
  }

/** Token counts under the API's own names. */
export interface Usage {
  /** Input tokens, cached ones included. Default: 10. */
  readonly prompt_tokens?: number | undefined
  /** Output tokens, reasoning included. Default: one for each delta. */
  readonly completion_tokens?: number | undefined
  /** All tokens. Default: the sum of the two. */
  readonly total_tokens?: number | undefined
  /** Any other field of the usage. */
  readonly [field: string]: unknown
}

/** A complete answer. */
export interface Answer {
  /** The content, in order. */
  readonly blocks: ReadonlyArray<Block>
  /** The id of the answer. Default: `chatcmpl-RivuletTestServer`. */
  readonly id?: string | undefined
  /** The model in the answer. Default: `gpt-4.1-nano-2025-04-14`. */
  readonly model?: string | undefined
  /** Token counts, or `false` for none, as for a request without `stream_options.include_usage`. */
  readonly usage?: Usage | false | undefined
  /** The finish reason. Default: `tool_calls` if a tool is called, `stop` otherwise. */
  readonly finishReason?: string | undefined
}

export const frame = (event: Event): string => `data: ${JSON.stringify(event)}\n\n`

export const done = "data: [DONE]\n\n"

type Head = Omit<Answer, "blocks">

const chunkOf = (head: Head, choices: ReadonlyArray<Event>, usage: unknown, delta: string): Event => ({
  id: head.id ?? "chatcmpl-RivuletTestServer",
  object: "chat.completion.chunk",
  created: 1770000000,
  model: head.model ?? "gpt-4.1-nano-2025-04-14",
  service_tier: "default",
  system_fingerprint: "fp_de604bd877",
  choices,
  ...(head.usage === false ? undefined : { usage }),
  obfuscation: obfuscation(delta)
})

/** A chunk with one delta. */
export const deltaChunk = (head: Head, delta: Event, text = ""): Event =>
  chunkOf(head, [{ index: 0, delta, logprobs: null, finish_reason: null }], null, text)

export const textChunk = (head: Head, content: string): Event => deltaChunk(head, { content }, content)

/** The first delta of an answer. */
export const roleDelta: Event = { role: "assistant", content: "", refusal: null }

/** The finish, and the usage in a chunk of its own. */
export const ending = (answer: Answer, completionTokens: number): ReadonlyArray<Event> => {
  const calls = answer.blocks.some((block) => block.type === "tool_call")
  const finish_reason = answer.finishReason ?? (calls ? "tool_calls" : "stop")
  const finish = chunkOf(answer, [{ index: 0, delta: {}, logprobs: null, finish_reason }], null, "")
  if (answer.usage === false) return [finish]
  const { completion_tokens = completionTokens, prompt_tokens = 10, ...rest } = answer.usage ?? {}
  const usage = {
    prompt_tokens,
    completion_tokens,
    total_tokens: prompt_tokens + completion_tokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0
    },
    ...rest
  }
  return [finish, chunkOf(answer, [], usage, "")]
}

/** The deltas of a block. A call is identified by its position among the calls. */
const deltasOf = (block: Block, call: number): ReadonlyArray<readonly [delta: Event, text: string]> => {
  switch (block.type) {
    case "text":
      return block.tokens.map((content) => [{ content }, content] as const)
    case "refusal":
      return block.tokens.map((refusal) => [{ refusal }, refusal] as const)
    case "reasoning":
      return block.tokens.map((text) => [{ [block.field ?? "reasoning_content"]: text }, text] as const)
    case "raw":
      return block.deltas.map((delta) => [delta, ""] as const)
    case "tool_call": {
      const opening = { name: block.name, arguments: "" }
      return [
        [{ tool_calls: [{ index: call, id: callId(block, call), type: "function", function: opening }] }, ""],
        ...slicesOf(block).map((slice) =>
          [{ tool_calls: [{ index: call, function: { arguments: slice } }] }, slice] as const
        )
      ]
    }
  }
}

/** All chunks of a complete answer, in order. If it starts with a call, the first chunk opens that call. */
export const answerChunks = (answer: Answer): ReadonlyArray<Event> => {
  let calls = 0
  const deltas = answer.blocks.flatMap((block) => deltasOf(block, block.type === "tool_call" ? calls++ : 0))
  const [first, ...others] = deltas
  const [opening, rest] = answer.blocks[0]?.type === "tool_call" && first !== undefined
    ? [{ role: "assistant", content: null, ...first[0], refusal: null }, others]
    : [roleDelta, deltas]
  return [
    deltaChunk(answer, opening),
    ...rest.map(([delta, text]) => deltaChunk(answer, delta, text)),
    ...ending(answer, deltas.length)
  ]
}

/** Whether a delay precedes this chunk. */
export const isDelta = (event: Event): boolean =>
  // The functions above build every chunk with a list of choices, and only the first delta has a role.
  (event["choices"] as ReadonlyArray<{ readonly delta: Event; readonly finish_reason: unknown }>)
    .some(({ delta, finish_reason }) => finish_reason === null && delta["role"] === undefined)
