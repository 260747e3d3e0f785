// The bytes of one streamed answer, as OpenAI's two APIs write them, with the padding they add to each delta.
import { tokensOf } from "./wire.mjs"

const model = "gpt-5-mini-2025-08-07"

/** Padding that makes all deltas of one length, as the servers do it. */
const obfuscation = (/** @type {string} */ token) => "aB3dE5gH7jK9mN1p".slice(0, Math.max(1, 16 - token.length))

// -----------------------------------------------------------------------------
// Chat Completions
// -----------------------------------------------------------------------------

const chatFrame = (/** @type {object} */ fields) =>
  `data: ${
    JSON.stringify({
      id: "chatcmpl-BenchBenchBenchBenchBenchBench",
      object: "chat.completion.chunk",
      created: 1770000000,
      model,
      service_tier: "default",
      system_fingerprint: "fp_f33640a400",
      ...fields
    })
  }\n\n`

const chatDelta = (/** @type {object} */ delta, /** @type {string} */ token, /** @type {string | null} */ reason) =>
  chatFrame({
    choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }],
    usage: null,
    obfuscation: obfuscation(token)
  })

/**
 * The frames of an answer by Chat Completions: the first and the last item hold what surrounds its deltas.
 *
 * @param {number} deltas
 * @param {boolean} wide
 * @returns {Array<string>}
 */
export const chatFrames = (deltas, wide) => {
  const frames = tokensOf(wide).map((token) => chatDelta({ content: token }, token, null))
  const usage = { prompt_tokens: 12, completion_tokens: deltas, total_tokens: 12 + deltas }
  return [
    chatDelta({ role: "assistant", content: "", refusal: null }, "", null),
    ...Array.from({ length: deltas }, (_, i) => frames[i % frames.length] ?? ""),
    `${chatDelta({}, "", "stop")}${chatFrame({ choices: [], usage })}data: [DONE]\n\n`
  ]
}

// -----------------------------------------------------------------------------
// Responses
// -----------------------------------------------------------------------------

const itemId = "msg_0bench0bench0bench0bench0bench0bench0bench0bench00"
const place = { content_index: 0, item_id: itemId, output_index: 0 }

const response = (/** @type {object} */ fields) => ({
  id: "resp_0bench0bench0bench0bench0bench0bench0bench0bench0",
  object: "response",
  created_at: 1770000000,
  status: "in_progress",
  model,
  output: [],
  parallel_tool_calls: true,
  service_tier: "default",
  store: false,
  temperature: 1,
  usage: null,
  ...fields
})

/**
 * The frames of an answer by the Responses API, which tells the whole text three times more at its end.
 *
 * @param {number} deltas
 * @param {boolean} wide
 * @returns {Array<string>}
 */
export const responsesFrames = (deltas, wide) => {
  const tokens = tokensOf(wide)
  let number = 0
  const frame = (/** @type {{ type: string }} */ event) =>
    `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number: number++ })}\n\n`
  const item = { id: itemId, type: "message", role: "assistant" }
  const head = [
    frame({ type: "response.created", response: response({}) }),
    frame({ type: "response.in_progress", response: response({}) }),
    frame({
      type: "response.output_item.added",
      item: { ...item, status: "in_progress", content: [] },
      output_index: 0
    }),
    frame({
      type: "response.content_part.added",
      ...place,
      part: { type: "output_text", annotations: [], logprobs: [], text: "" }
    })
  ].join("")
  let text = ""
  const body = Array.from({ length: deltas }, (_, i) => {
    const delta = tokens[i % tokens.length] ?? ""
    text += delta
    return frame({
      type: "response.output_text.delta",
      content_index: 0,
      delta,
      item_id: itemId,
      logprobs: [],
      obfuscation: obfuscation(delta),
      output_index: 0
    })
  })
  const part = { type: "output_text", annotations: [], logprobs: [], text }
  const done = { ...item, status: "completed", content: [part] }
  const usage = {
    input_tokens: 12,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: deltas,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 12 + deltas
  }
  const tail = [
    frame({ type: "response.output_text.done", ...place, logprobs: [], text }),
    frame({ type: "response.content_part.done", ...place, part }),
    frame({ type: "response.output_item.done", item: done, output_index: 0 }),
    frame({ type: "response.completed", response: response({ status: "completed", output: [done], usage }) })
  ].join("")
  return [head, ...body, tail]
}
