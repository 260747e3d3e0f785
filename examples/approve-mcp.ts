// OpenAI calls an MCP server, but each call waits for an approval.
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
    const expensive = JSON.stringify(call.args).includes("goldfish")
    return OpenAi.approval(call, expensive ? { approve: false, reason: "Too dear" } : { approve: true })
  })

  // Send the answer back unchanged, including its reasoning, followed by a decision for each call.
  const last = yield* ChatModel.invoke([question, answer, ...approvals], { tools: [bank] })
  yield* Console.log(last.content)
})

await Effect.runPromise(program.pipe(Effect.provide(OpenAi.layer({ model: "gpt-6-luna" }))))
