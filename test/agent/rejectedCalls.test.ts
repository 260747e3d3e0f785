// A server that rejects what its model wrote as a tool call: the model is told, like of wrong arguments.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Schema, Stream } from "effect"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { Agent, Tool } from "rivulet"
import * as OpenAiCompatible from "rivulet/OpenAiCompatible"
import { balanced, eventsOf } from "../support/events.ts"

const rejected = (failed: string | undefined) => ({
  error: {
    message: "Failed to call a function. Please adjust your prompt.",
    type: "invalid_request_error",
    code: "tool_use_failed",
    failed_generation: failed
  }
})
const chunk = (delta: object, finish: string | null = null) => ({
  id: "x",
  object: "chat.completion.chunk",
  created: 1,
  model: "m",
  choices: [{ index: 0, delta, finish_reason: finish }]
})
const stream = (...frames: ReadonlyArray<object>) =>
  [
    200,
    "text/event-stream",
    `${frames.map((frame) => `data: ${JSON.stringify(frame)}\n\n`).join("")}data: [DONE]\n\n`
  ] as const
const answer = stream(chunk({ content: "Done" }), chunk({}, "stop"))
const refusal = (failed?: string) => [400, "application/json", JSON.stringify(rejected(failed))] as const

type Reply = readonly [status: number, type: string, body: string]

interface Body {
  readonly messages: ReadonlyArray<{ readonly role: string; readonly content?: unknown; readonly tool_calls?: unknown }>
}

/** A server with one reply for each request, and the requests that it had. */
const serve = (replies: ReadonlyArray<Reply>) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const bodies: Array<Body> = []
      const server = createServer((request, response) => {
        const read: Array<Buffer> = []
        request.on("data", (bytes: Buffer) => read.push(bytes))
        request.on("end", () => {
          const [status, type, body] = replies[bodies.length] ?? answer
          bodies.push(JSON.parse(Buffer.concat(read).toString()) as Body)
          response.writeHead(status, { "content-type": type }).end(body)
        })
      })
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      const { port } = server.address() as AddressInfo // it listens on a port
      return { server, bodies, url: `http://127.0.0.1:${port}/v1` }
    }),
    ({ server }) => Effect.promise(() => new Promise((resolve) => server.close(resolve)))
  )

const run = Effect.fnUntraced(function*(replies: ReadonlyArray<Reply>) {
  const { bodies, url } = yield* serve(replies)
  const weather = Tool.make("weather", {
    parameters: Schema.Struct({ city: Schema.String }),
    success: Schema.String,
    handler: ({ city }) => Effect.succeed(`Warm in ${city}`)
  })
  const layer = OpenAiCompatible.layer({ preset: "groq", model: "m", baseUrl: url, apiKey: Redacted.make("k") })
  const agent = Agent.make({ tools: [weather] })
  const { events, exit } = yield* eventsOf(agent, "Hi").pipe(Effect.provide(layer))
  const end = events.at(-1)
  const result = end?.event === "on_chain_end" ? end.data.output as Agent.AgentResult : undefined
  return { bodies, events, exit, result, layer, agent }
})

describe("a call that a server rejected is told to the model", () => {
  for (
    const [title, reply, name, texts] of [
      ["with a status", refusal(`<function=weather{"city": "Bern"}</function>`), "weather", [""]],
      ["as JSON that would be a call", refusal(`{"name": "weather", "arguments": {"city": 1}}`), "weather", [""]],
      ["of a tool that nobody can guess", refusal("let me look"), "unknown", [""]],
      ["without a word of it", refusal(), "unknown", [""]],
      ["in the stream, after text", stream(chunk({ content: "Hm" }), rejected("<function=weather>")), "weather", ["Hm"]]
    ] as const
  ) {
    it.live(title, () =>
      Effect.gen(function*() {
        const { bodies, events, result } = yield* run([reply])
        assert.strictEqual(result?.content, "Done")
        const [, message, told] = result?.messages ?? []
        assert.isTrue(message?._tag === "AIMessage" && told?._tag === "ToolMessage")
        if (message?._tag !== "AIMessage" || told?._tag !== "ToolMessage") return
        assert.deepStrictEqual<ReadonlyArray<string>>([message.content], texts)
        assert.deepStrictEqual(message.invalidToolCalls.map((call) => call.name), [name])
        assert.deepStrictEqual(message.toolCalls, [])
        assert.isTrue(told.isError)
        assert.include(told.content, "The server rejected this call: Failed to call a function.")
        assert.deepStrictEqual(bodies[1]?.messages.map(({ role }) => role), ["user", "assistant", "tool"])
        balanced(events)
        assert.deepStrictEqual(events.filter((event) => event.event.startsWith("on_tool")).map(({ event }) => event), [
          "on_tool_start",
          "on_tool_error"
        ])
      }).pipe(Effect.scoped))
  }

  it.live("as often as the steps allow", () =>
    Effect.gen(function*() {
      const { url } = yield* serve([refusal("a"), refusal("b"), refusal("c")])
      const chunks = yield* Stream.runCollect(Agent.make({ tools: [], maxSteps: 2 }).stream("Hi")).pipe(
        Effect.provide(OpenAiCompatible.layer({ preset: "groq", model: "m", baseUrl: url, apiKey: Redacted.make("k") }))
      )
      const last = chunks.at(-1)
      assert.isTrue(last?._tag === "AgentEndChunk" && last.result.finish === "max_steps")
    }).pipe(Effect.scoped))

  it.live("but no other failure is", () =>
    Effect.gen(function*() {
      const other = JSON.stringify({ error: { message: "no", code: "json_validate_failed", failed_generation: "{" } })
      const { bodies, events } = yield* run([[400, "application/json", other]])
      assert.lengthOf(bodies, 1)
      assert.strictEqual(events.at(-1)?.event, "on_chain_error")
    }).pipe(Effect.scoped))
})
