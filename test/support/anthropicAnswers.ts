// The answers of Anthropic's wire for the conformance suite.
import { Script } from "rivulet/Testing"
import type { Conformance } from "rivulet/Testing"

export const anthropicAnswers: Conformance.HttpAnswers = {
  text: (tokens, usage) =>
    Script.tokens(tokens, { usage: { input_tokens: usage?.input, output_tokens: usage?.output } }),
  status: Script.status,
  unknown: Script.event({ type: "mood", mood: "good" }),
  ping: Script.event({ type: "ping" }),
  errors: {
    OverloadedError: Script.errorEvent("overloaded_error", "Overloaded"),
    RateLimitError: Script.errorEvent("rate_limit_error", "Slowly"),
    InternalProviderError: Script.errorEvent("api_error", "Oops"),
    InvalidRequestError: Script.errorEvent("invalid_request_error", "No"),
    AuthenticationError: Script.errorEvent("authentication_error", "Who?"),
    QuotaExhaustedError: Script.errorEvent("billing_error", "Pay"),
    UnknownError: Script.errorEvent("an_error_of_tomorrow", "Hm")
  },
  toolCalls: (calls) => Script.message({ blocks: calls.map((call) => ({ type: "tool_use", ...call })) }),
  reasoning: Script.reasoning,
  refusal: (text) => Script.text(text, { stopReason: "refusal" }),
  citation: Script.message({
    blocks: [{
      type: "raw",
      block: { type: "text", text: "", citations: [] },
      deltas: [
        { type: "text_delta", text: "Goldfish swim" },
        {
          type: "citations_delta",
          citation: {
            type: "char_location",
            cited_text: "swim",
            document_index: 0,
            document_title: "Fish",
            start_char_index: 0,
            end_char_index: 4
          }
        }
      ]
    }]
  }),
  cached: (tokens) => Script.text("Hello", { usage: { input_tokens: 3, cache_read_input_tokens: tokens } }),
  serverTool: Script.message({
    blocks: [{
      type: "raw",
      block: { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: {} },
      deltas: [{ type: "input_json_delta", partial_json: "{\"query\":\"goldfish\"}" }]
    }, { type: "text", tokens: ["Goldfish"] }]
  })
}
