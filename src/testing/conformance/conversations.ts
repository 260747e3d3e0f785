/**
 * Cases of conversations: a tool result goes back to the model that called the tool, and a message of another provider
 * is sent without the parts that only that provider can use.
 *
 * Part of the suite in `Conformance`. Must not import a provider or a server.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { ToolDefinition } from "../../CallOptions.ts"
import { human, tool } from "../../Message.ts"
import type { AIMessage } from "../../Message.ts"
import { check, holds, run, skip, tokens, whole } from "./check.ts"
import type { Case, Subject } from "./subject.ts"

const weather: ToolDefinition = {
  name: "fishweather",
  parameters: { type: "object", properties: { pond: { type: "string" } }, required: ["pond"] }
}

/** A signature that only its provider can use. */
const foreignSignature = "c2lnbmVkLWVsc2V3aGVyZQ=="

const elsewhere: AIMessage = {
  _tag: "AIMessage",
  id: "elsewhere_1",
  content: "It swims.",
  parts: [
    { type: "reasoning", text: "What do fish do?", signature: foreignSignature },
    { type: "server_tool_call", id: "search_1", name: "pond_search", args: { query: "goldfish" } },
    { type: "server_tool_result", toolCallId: "search_1", result: { found: 1 } },
    { type: "text", text: "It swims." }
  ],
  toolCalls: [],
  invalidToolCalls: [],
  finish: { reason: "stop", raw: "done" },
  metadata: { provider: "elsewhere", model: "other" }
}

export const conversations = <S>(subject: Subject<S>): ReadonlyArray<Case> => {
  const { answers, capabilities } = subject
  return [
    !capabilities.tools || answers.toolCalls === undefined
      ? skip(
        "the result of a tool goes back to the call",
        "the model has no tools, or the subject has no answer that calls one"
      )
      : run("the result of a tool goes back to the call", () =>
        Effect.gen(function*() {
          const call = { id: "call_7", name: "fishweather", args: { pond: "on the moon" } }
          const calls = answers.toolCalls?.([call]) ?? answers.text(tokens)
          const { model, request } = yield* subject.start([calls, answers.text(tokens)])
          const options = { tools: [weather] }
          const message = yield* model.invoke("Hi", options)
          const result = tool({ toolCallId: "call_7", content: "Dry, and very cold" })
          const answer = yield* model.invoke([human("Hi"), message, result], options)
          const { body } = yield* request(1)
          yield* check((is) => {
            is.equal(answer.content, whole)
            for (const words of ["call_7", "on the moon", "Dry, and very cold"]) {
              is.ok(holds(body, words), `the request contains ${words}`)
            }
          })
        })),

    subject.noWire !== undefined
      ? skip("a conversation begun elsewhere goes on, without what cannot travel", subject.noWire)
      : run("a conversation begun elsewhere goes on, without what cannot travel", () =>
        Effect.gen(function*() {
          const { model, request } = yield* subject.start([answers.text(tokens)])
          const message = yield* model.invoke([human("What does it do?"), elsewhere, human("Why?")])
          const { body } = yield* request(0)
          yield* check((is) => {
            is.equal(message.content, whole)
            is.ok(holds(body, "It swims."), "the text is sent")
            is.ok(!holds(body, foreignSignature), "the signature is not sent")
            is.ok(!holds(body, "pond_search"), "the other provider's tool is not sent")
            is.ok(Array.isArray(message.metadata?.["warnings"]), "`metadata.warnings` of the message reports it")
          })
        }))
  ]
}
