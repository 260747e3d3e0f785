/**
 * The wire format of OpenAI's Chat Completions API as its server streams it
 * (https://platform.openai.com/docs/api-reference/chat-streaming). Pure; `OpenAiScript.chat` makes answers of it.
 *
 * @internal
 */
import { callId, obfuscation, slicesOf } from "./answer.ts"
import type { Block as CommonBlock, Event } from "./answer.ts"

/**
 * A piece of an answer. `reasoning` is none of OpenAI's: servers that speak like it send it, as `reasoning_content` or
 * under the name in `field`. `raw` is any other delta, as it stands.
 */
export type Block =
  | CommonBlock
  | { readonly type: "reasoning"; readonly tokens: ReadonlyArray<string>; readonly field?: string | undefined }
  | { readonly type: "raw"; readonly deltas: ReadonlyArray<Event> }

/** Token counts under the API's own names. */
export interface Usage {
  readonly prompt_tokens?: number | undefined
  readonly completion_tokens?: number | undefined
  readonly total_tokens?: number | undefined
  readonly [field: string]: unknown
}

/** An answer. Defaults: 10 prompt tokens, a completion token a delta, and the finish reason that fits the blocks. */
export interface Answer {
  readonly blocks: ReadonlyArray<Block>
  readonly id?: string | undefined
  readonly model?: string | undefined
  /** `false`: no usage at all, as for a request without `stream_options.include_usage`. */
  readonly usage?: Usage | false | undefined
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

/** What opens an answer. */
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

/** The deltas of a block; a call is told by its place among the calls. */
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

/** Every chunk of a whole answer, in order. An answer that is calls alone opens with the first of them. */
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

/** Whether a chunk is one of those that a delay parts. */
export const isDelta = (event: Event): boolean =>
  // Built above: a chunk has a list of choices, and a delta no role.
  (event["choices"] as ReadonlyArray<{ readonly delta: Event; readonly finish_reason: unknown }>)
    .some(({ delta, finish_reason }) => finish_reason === null && delta["role"] === undefined)
