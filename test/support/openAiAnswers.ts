// The answers of OpenAI's wires for the conformance suite.
import { OpenAiScript, Script } from "rivulet/Testing"
import type { Conformance } from "rivulet/Testing"

const { chat, responses } = OpenAiScript

const image = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg=="

export const chatAnswers: Conformance.HttpAnswers = {
  text: (tokens, usage) =>
    chat.tokens(tokens, { usage: { prompt_tokens: usage?.input, completion_tokens: usage?.output } }),
  status: OpenAiScript.status,
  unknown: chat.event({ object: "chat.completion.mood", mood: "good" }),
  ping: Script.write(": keep-alive\n\n"),
  errors: {
    OverloadedError: chat.errorEvent({ type: "service_unavailable_error", message: "Overloaded" }),
    RateLimitError: chat.errorEvent({ type: "requests", code: "rate_limit_exceeded", message: "Slowly" }),
    InternalProviderError: chat.errorEvent({ type: "server_error", message: "Oops" }),
    QuotaExhaustedError: chat.errorEvent({ type: "insufficient_quota", code: "insufficient_quota", message: "Pay" }),
    InvalidRequestError: chat.errorEvent({ type: "invalid_request_error", message: "No" })
  },
  toolCalls: (calls) => chat.message({ blocks: calls.map((call) => ({ type: "tool_call", ...call })) }),
  reasoning: (thinking, text) => chat.reasoning(thinking, text),
  refusal: (text) => chat.refusal(text),
  citation: chat.message({
    blocks: [
      { type: "text", tokens: ["Goldfish", " swim"] },
      {
        type: "raw",
        deltas: [{
          annotations: [{
            type: "url_citation",
            url_citation: { start_index: 0, end_index: 8, url: "https://fish.example/", title: "Fish" }
          }]
        }]
      }
    ]
  }),
  cached: (tokens) =>
    chat.text("Hello", { usage: { prompt_tokens: 10, prompt_tokens_details: { cached_tokens: tokens } } }),
  // As OpenRouter shows the images of the models it serves.
  image: chat.message({
    blocks: [{
      type: "raw",
      deltas: [{ images: [{ type: "image_url", image_url: { url: `data:image/png;base64,${image}` } }] }]
    }]
  })
}
const annotation = {
  type: "url_citation",
  start_index: 0,
  end_index: 8,
  url: "https://fish.example/",
  title: "Fish"
}
const part = { type: "output_text", annotations: [], logprobs: [], text: "" }
const cited = { ...part, annotations: [annotation], text: "Goldfish" }
const at = { item_id: "msg_1", content_index: 0 }
const messageItem = { id: "msg_1", type: "message", role: "assistant" }

export const responsesAnswers: Conformance.HttpAnswers = {
  text: (tokens, usage) =>
    responses.tokens(tokens, { usage: { input_tokens: usage?.input, output_tokens: usage?.output } }),
  endless: responses.endless(),
  status: OpenAiScript.status,
  unknown: responses.event({ type: "response.mood", mood: "good" }),
  ping: Script.write(": keep-alive\n\n"),
  errors: {
    OverloadedError: responses.errorEvent({ type: "service_unavailable_error", message: "Overloaded" }),
    RateLimitError: responses.failed({ code: "rate_limit_exceeded", message: "Slowly" }),
    InternalProviderError: responses.failed({ code: "server_error", message: "Oops" }),
    QuotaExhaustedError: responses.errorEvent({
      type: "insufficient_quota",
      code: "insufficient_quota",
      message: "Pay"
    })
  },
  toolCalls: (calls) => responses.message({ blocks: calls.map((call) => ({ type: "tool_call", ...call })) }),
  reasoning: (thinking, text) => responses.reasoning(thinking, text, { encrypted: "gAAAAA" }),
  refusal: (text) => responses.refusal(text),
  citation: responses.message({
    blocks: [{
      type: "raw",
      item: { ...messageItem, status: "in_progress", content: [] },
      events: [
        { type: "response.content_part.added", ...at, part },
        { type: "response.output_text.delta", ...at, delta: "Goldfish", logprobs: [] },
        { type: "response.output_text.annotation.added", ...at, annotation_index: 0, annotation },
        { type: "response.output_text.done", ...at, text: "Goldfish", logprobs: [] },
        { type: "response.content_part.done", ...at, part: cited }
      ],
      done: { ...messageItem, status: "completed", content: [cited] }
    }]
  }),
  cached: (tokens) =>
    responses.text("Hello", { usage: { input_tokens: 10, input_tokens_details: { cached_tokens: tokens } } }),
  image: responses.message({
    blocks: [{
      type: "raw",
      item: { id: "ig_1", type: "image_generation_call", status: "in_progress" },
      events: [{ type: "response.image_generation_call.generating", item_id: "ig_1" }],
      done: { id: "ig_1", type: "image_generation_call", status: "completed", output_format: "png", result: image }
    }]
  }),
  serverTool: responses.message({
    blocks: [{
      type: "raw",
      item: { id: "ws_1", type: "web_search_call", status: "in_progress" },
      events: [
        { type: "response.web_search_call.in_progress", item_id: "ws_1" },
        { type: "response.web_search_call.searching", item_id: "ws_1" },
        { type: "response.web_search_call.completed", item_id: "ws_1" }
      ],
      done: {
        id: "ws_1",
        type: "web_search_call",
        status: "completed",
        action: { type: "search", query: "goldfish" }
      }
    }, { type: "text", tokens: ["Goldfish"] }]
  })
}
