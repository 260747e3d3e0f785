// Lets OpenAI call an MCP server, but asks before it does: each call waits for an approval.
import { Console, Effect } from "effect"
import { ChatModel, Message } from "rivulet"
import * as OpenAi from "rivulet/OpenAi"

const bank = OpenAi.serverTool({
  type: "mcp",
  server_label: "bank",
  server_url: "https://bank.example/mcp",
  require_approval: "always"
})

const program = Effect.gen(function*() {
  const question = Message.human("Pay the two open bills")
  const answer = yield* ChatModel.invoke([question], { tools: [bank] })
  const approvals = OpenAi.approvalRequests(answer).map((call) => {
    console.log(`${call.name}(${JSON.stringify(call.args)})`)
    const dear = JSON.stringify(call.args).includes("goldfish")
    return OpenAi.approval(call, dear ? { approve: false, reason: "Too dear" } : { approve: true })
  })

  // The answer goes back as it came, its reasoning included, followed by what was said to each call.
  const last = yield* ChatModel.invoke([question, answer, ...approvals], { tools: [bank] })
  yield* Console.log(last.content)
})

await Effect.runPromise(program.pipe(Effect.provide(OpenAi.layer({ model: "gpt-5-mini" }))))
