import { OpenAiScript } from "rivulet/Testing"
import { leaving } from "../../support/cancellation.ts"
import { serveChat } from "../../support/openai.ts"

const { chat } = OpenAiScript

leaving({
  serve: serveChat,
  abc: chat.tokens(["a", "b", "c"]),
  tokensEnd: (wire) => wire.lastIndexOf("data: ", wire.indexOf("\"finish_reason\":\"stop\"")),
  endless: chat.endless({ delay: "1 millis" }),
  large: chat.repeated(200_000)
})
