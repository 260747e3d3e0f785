// A preset with quirks of its own (tags of thinking in the text) holds back text, and is left all the same.
import { OpenAiScript } from "rivulet/Testing"
import { leaving } from "../../support/cancellation.ts"
import { serveCompatible } from "../../support/openai.ts"

const { chat } = OpenAiScript

leaving({
  serve: (script, options) => serveCompatible(script, { preset: "ollama", ...options }),
  abc: chat.tokens(["a", "b", "c"]),
  tokensEnd: (wire) => wire.lastIndexOf("data: ", wire.indexOf("\"finish_reason\":\"stop\"")),
  endless: chat.endless({ delay: "1 millis" }),
  large: chat.repeated(200_000)
})
