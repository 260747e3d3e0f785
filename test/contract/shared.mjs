// Shared by the expectations of all programs that run against a test server: answers, wires and checks.
// Plain JavaScript, because the check that runs the programs has nothing but Node and the packed package.
import assert from "node:assert/strict"

export const song = "Goldfish swim on the moon tonight"

/** An answer whose body ends after its last text delta. The steps are those of a wire, given by its constructors. */
export const broken = (Script, answer = song) => {
  const complete = Script.text(answer)
  const wire = new TextDecoder().decode(Script.bytesOf(complete))
  const lastWord = answer.split(" ").at(-1)
  return Script.faultAt(complete, wire.indexOf("\n\n", wire.indexOf(lastWord)) + 2, Script.end)
}

/** The same start of an answer, with another step in place of the end of the body. */
export const brokenBy = (Script, step, answer = song) => {
  const script = broken(Script, answer)
  return { ...script, steps: [...script.steps.slice(0, -1), step] }
}

export const pieces = (text) => text.match(/.{1,5}/g)

export const prints = (expected) => ({ stdout }) =>
  expected instanceof RegExp ? assert.match(stdout, expected) : assert.equal(stdout, expected)

/** The text of the last message of a request. */
export const question = ({ body }) => {
  const { content } = (body.messages ?? body.input).at(-1)
  return typeof content === "string" ? content : content.map((block) => block.text ?? "").join("")
}

/** One request was made, and the program closed its connection. */
export const brokenOff = ({ closed, requests }) => {
  assert.equal(requests.length, 1)
  assert.equal(closed[0].by, "client", "the connection is closed")
}

/** The differences between the wires on which a program is run. */
const messages = {
  path: "/v1/messages",
  model: "claude-haiku-4-5",
  system: (body) => body.system,
  schema: ({ output_config: { format } }) => [format.type, format.schema],
  tool: ([tool]) => tool,
  result: (body) => body.messages[2].content,
  resultOf: (id, output) => [{ type: "tool_result", tool_use_id: id, content: output }],
  // The first event of this wire has the usage of the input.
  inputTokens: 10,
  // Chunks without text at the end of an answer.
  emptyChunks: 1
}
const responses = {
  path: "/v1/responses",
  model: "gpt-5.4-mini",
  system: (body) => body.instructions,
  schema: ({ text: { format } }) => [format.type, format.schema],
  tool: ([tool]) => tool,
  result: (body) => body.input.at(-1),
  resultOf: (id, output) => ({ type: "function_call_output", call_id: id, output }),
  // The last event has the usage.
  inputTokens: undefined,
  emptyChunks: 2
}
const chat = {
  ...responses,
  path: "/v1/chat/completions",
  system: (body) => body.messages[0].content,
  schema: ({ response_format: { json_schema, type } }) => [type, json_schema.schema],
  tool: ([tool]) => tool.function,
  result: (body) => body.messages.at(-1),
  resultOf: (id, output) => ({ role: "tool", tool_call_id: id, content: output })
}

export const wires = { messages, responses, chat }

export const oneRequest = (requests, wire = messages) => {
  assert.equal(requests.length, 1)
  const [{ body, headers, method, path }] = requests
  // An API key is sent in one header or the other.
  const key = headers["x-api-key"] ?? headers.authorization
  assert.deepEqual([method, path, key], ["POST", wire.path, "<redacted>"])
  assert.deepEqual([body.model, body.stream], [wire.model, true])
}

/** Cases written with the constructors of the messages wire, for one of OpenAI's APIs: its constructors replace them. */
export const onOpenAi = (api, programs) =>
  Object.fromEntries(
    Object.entries(programs).map(([name, cases]) => [
      name,
      cases.map((each) => ({
        ...each,
        server: "openai",
        answers: ({ OpenAiScript, Script }) => {
          const own = OpenAiScript[api]
          const errorEvent = (_, message) => own.errorEvent({ type: "server_error", message })
          return each.answers({ Script: { ...Script, ...own, errorEvent, status: OpenAiScript.status } })
        }
      }))
    ])
  )
