// Serves an endless answer from a process of its own, so that the memory of the server is not counted as the client's.
// Plain JavaScript, because Node starts it without a loader.
import { createServer } from "node:http"

const frame = (event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`

const messages = {
  start: frame({ type: "message_start", message: { id: "msg_1", usage: { input_tokens: 1, output_tokens: 1 } } })
    + frame({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }),
  token: frame({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: " on" } })
}

const chunk = (delta) =>
  `data: ${JSON.stringify({ id: "c1", choices: [{ index: 0, delta, finish_reason: null }] })}\n\n`

const chat = { start: chunk({ role: "assistant", content: "" }), token: chunk({ content: " on" }) }

const { start, token } = process.argv[2] === "chat" ? chat : messages

let open = 0
let asked = false

// After the first message from the parent, reports the moment at which no response is open.
const report = () => {
  if (asked && open === 0) process.send("idle")
}

const server = createServer((request, response) => {
  request.resume().on("end", () => {
    open++
    response.writeHead(200, { "content-type": "text/event-stream" })
    response.write(start)
    const timer = setInterval(() => response.write(token), 1)
    response.on("close", () => {
      clearInterval(timer)
      open--
      report()
    })
  })
})

server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }))
process.on("message", () => {
  asked = true
  report()
})
process.on("disconnect", () => process.exit())
