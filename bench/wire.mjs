// The bytes of one streamed answer, as Anthropic's Messages API writes them. openAiWire.mjs has those of OpenAI.

// Prose, a list and code, as models write them: about one token in twenty has an escape in JSON. Words are cut as a
// tokenizer cuts them, the space before a word its own.
const text =
  `Goldfish were first kept more than a thousand years ago in China, where carp with yellow scales were moved \
from rivers to garden ponds. They don't forget things within three seconds; in tests they have learned to press a \
lever, to come when called, and to tell one piece of music from another.

**What they need**

- A tank of at least 75 litres, because they grow to 20 centimetres and more
- Water between 18 and 22 degrees, changed in part each week
- A filter that is "cycled", that is, settled by bacteria which turn ammonia into nitrate

\`\`\`python
def litres(fish: int) -> int:
    """How large a tank should be."""
    return 75 + 40 * max(0, fish - 1)
\`\`\`

With good care a goldfish lives for 10 to 15 years, and the oldest on record reached 43. Keep two or more of them, for \
they are sociable animals and do badly alone.
`
const plain = text.match(/\s*[A-Za-z0-9']{1,7}|\s*[^A-Za-z0-9\s]+|\s+/g) ?? []
/** The same with characters outside Latin-1, which make V8 use two bytes for each character of a decoded read. */
const unicode = plain.map((token, i) => (i % 23 === 0 ? ` — ${token}` : i % 31 === 0 ? "金魚" : token))

/** The texts of the deltas of all answers, over and over. */
export const tokensOf = (/** @type {boolean} */ wide) => wide ? unicode : plain

const frame = (/** @type {{ type: string }} */ event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`

const usage = { input_tokens: 12, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 1 }

const head = frame({
  type: "message_start",
  message: {
    model: "claude-haiku-4-5-20251001",
    id: "msg_01BenchBenchBenchBench",
    type: "message",
    role: "assistant",
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { ...usage, service_tier: "standard" }
  }
}) + frame({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }) +
  "event: ping\ndata: {\"type\": \"ping\"}\n\n"

const tail = (/** @type {number} */ deltas) =>
  frame({ type: "content_block_stop", index: 0 }) +
  frame({
    type: "message_delta",
    delta: { stop_reason: "end_turn", stop_sequence: null },
    usage: { ...usage, output_tokens: deltas }
  }) +
  frame({ type: "message_stop" })

/**
 * The frames of an answer of so many text deltas: the first and the last item hold what surrounds them.
 *
 * @param {number} deltas
 * @param {boolean} wide
 * @returns {Array<string>}
 */
export const frames = (deltas, wide) => {
  const deltaFrames = tokensOf(wide).map((token) =>
    frame({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: token } })
  )
  return [head, ...Array.from({ length: deltas }, (_, i) => deltaFrames[i % deltaFrames.length] ?? ""), tail(deltas)]
}

/** The request of all clients. */
export const model = "claude-haiku-4-5"
export const prompt = "Tell me about goldfish"
export const maxTokens = 4096
