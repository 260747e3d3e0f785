// OpenAI's Chat Completions as a server: what its clients read.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted, Schema, Stream } from "effect"
import { NotFoundError } from "openai"
import { Agent, AIMessageChunk, ChatModel, ChatPrompt, OutputParser, Runnable, Tool } from "rivulet"
import type { Finish } from "rivulet"
import * as OpenAiCompatible from "rivulet/OpenAiCompatible"
import * as Serve from "rivulet/Serve"
import { ScriptedChatModel } from "rivulet/Testing"
import { body, framesOf, post, serve } from "../support/served.ts"

const { chunk, finish, layer, text, toolCalls } = ScriptedChatModel

const model = Serve.make({ chats: { chat: Serve.chat(ChatModel.ChatModel) } })
const usage = { inputTokens: 10, outputTokens: 5, totalTokens: 15, cacheReadTokens: 4, reasoningTokens: 2 }
const ask = { model: "chat", messages: [{ role: "user" as const, content: "Hi" }] }

const collect = async <A>(items: AsyncIterable<A>): Promise<ReadonlyArray<A>> => {
  const all: Array<A> = []
  for await (const item of items) all.push(item)
  return all
}

describe("a model", () => {
  it.live("streams to the official client", () =>
    Effect.gen(function*() {
      const { openai } = yield* serve(model, layer([text("Hello world", { usage })]))
      const chunks = yield* Effect.promise(async () =>
        collect(await openai.chat.completions.create({ ...ask, stream: true, stream_options: { include_usage: true } }))
      )
      assert.deepStrictEqual(chunks.map(({ choices: [choice] }) => choice?.delta.content), [
        "",
        "Hello",
        " world",
        undefined,
        undefined
      ])
      assert.strictEqual(chunks[0]?.choices[0]?.delta.role, "assistant")
      assert.strictEqual(chunks[3]?.choices[0]?.finish_reason, "stop")
      assert.deepStrictEqual(chunks.map((chunk) => chunk.usage ?? null).slice(0, 4), [null, null, null, null])
      assert.deepStrictEqual(chunks[4]?.choices, [])
      assert.deepInclude(chunks[4]?.usage, {
        prompt_tokens: 10,
        completion_tokens: 5,
        total_tokens: 15,
        prompt_tokens_details: { cached_tokens: 4 },
        completion_tokens_details: { reasoning_tokens: 2 }
      })
      assert.lengthOf([...new Set(chunks.map(({ created, id, model }) => `${id} ${created} ${model}`))], 1)
      assert.match(chunks[0]!.id, /^chatcmpl-[0-9a-f]{32}$/)
    }))

  it.live("gives the fold of the same run to a client that does not stream", () =>
    Effect.gen(function*() {
      const reply = [
        chunk({ ...AIMessageChunk.empty, parts: [{ type: "reasoning", index: 0, text: "Let me think" }] }),
        ...text(["Hello", " world"], { usage }).slice(0, -1),
        finish("length", { usage })
      ]
      const { openai } = yield* serve(model, layer([reply, reply]))
      const whole = yield* Effect.promise(() => openai.chat.completions.create(ask))
      assert.deepInclude(whole, { object: "chat.completion", model: "chat" })
      assert.deepInclude(whole.choices[0], { index: 0, finish_reason: "length" })
      // The client's types do not have the field.
      const message: object = whole.choices[0]!.message
      assert.deepInclude(message, { role: "assistant", content: "Hello world", reasoning_content: "Let me think" })
      assert.strictEqual(whole.usage?.total_tokens, 15)
      const streamed = yield* Effect.promise(() => openai.chat.completions.stream(ask).finalChatCompletion())
      assert.strictEqual(streamed.choices[0]?.message.content, "Hello world")
      assert.strictEqual(streamed.choices[0]?.finish_reason, "length")
    }))

  it.live("calls the tools of its client, and reads their results", () =>
    Effect.gen(function*() {
      const tools = [{
        type: "function" as const,
        function: { name: "weather", description: "It", parameters: { type: "object", properties: {} } }
      }]
      const calls = toolCalls([{ name: "weather", args: { city: "Bern" } }, { name: "weather", args: { city: "Rom" } }])
      const scripted = ScriptedChatModel.make([calls, calls, text("Sunny")])
      const { openai } = yield* serve(
        Serve.make({ chats: { chat: Serve.chat(scripted.model) } }),
        ScriptedChatModel.layer([])
      )
      const whole = yield* Effect.promise(() =>
        openai.chat.completions.create({ ...ask, tools, tool_choice: "required", parallel_tool_calls: true })
      )
      const message = yield* Effect.promise(() => openai.chat.completions.stream({ ...ask, tools }).finalMessage())
      for (const { content, tool_calls } of [whole.choices[0]!.message, message]) {
        assert.isTrue(content === null || content === "")
        assert.deepStrictEqual(
          tool_calls?.map((call) => call.type === "function" && [call.id, call.function.name, call.function.arguments]),
          [["call_1", "weather", `{"city":"Bern"}`], ["call_2", "weather", `{"city":"Rom"}`]]
        )
      }
      assert.strictEqual(whole.choices[0]?.finish_reason, "tool_calls")
      const results = ["call_1", "call_2"].map((id) => ({
        role: "tool" as const,
        tool_call_id: id,
        content: `17 in ${id}`
      }))
      yield* Effect.promise(() =>
        openai.chat.completions.create({ ...ask, tools, messages: [...ask.messages, message, ...results] })
      )
      const [first, , third] = yield* scripted.calls
      assert.deepInclude(first?.options, { toolChoice: "required", parallelToolCalls: true })
      assert.deepStrictEqual(first?.options.tools?.map((tool) => "name" in tool && tool.name), ["weather"])
      assert.deepStrictEqual(third?.messages.map(({ _tag }) => _tag), [
        "HumanMessage",
        "AIMessage",
        "ToolMessage",
        "ToolMessage"
      ])
    }))

  it.live("gets the options of a request", () =>
    Effect.gen(function*() {
      const scripted = ScriptedChatModel.make([text("Hello"), text("Hello")])
      const { url } = yield* serve(
        Serve.make({ chats: { chat: Serve.chat(scripted.model, { clientSystem: true }) } }),
        ScriptedChatModel.layer([])
      )
      const response = yield* Effect.promise(() =>
        post(
          url,
          body({
            messages: [
              { role: "developer", content: "Be brief" },
              {
                role: "user",
                content: [
                  { type: "text", text: "Look" },
                  { type: "image_url", image_url: { url: "https://example.com/a.png" } },
                  { type: "image_url", image_url: { url: "data:image/png;base64,iVBORw0KGgo=" } },
                  { type: "file", file: { filename: "a.pdf", file_data: "data:application/pdf;base64,JVBERg==" } }
                ]
              }
            ],
            max_completion_tokens: 100,
            temperature: 0.5,
            top_p: 0.9,
            stop: ["END"],
            reasoning_effort: "low",
            response_format: { type: "json_schema", json_schema: { name: "x", schema: { type: "object" } } },
            seed: 7,
            user: "ann",
            n: 1,
            logprobs: false
          })
        )
      )
      assert.strictEqual(response.status, 200)
      assert.strictEqual(response.headers.get("x-rivulet-ignored"), "seed,user")
      const [call] = yield* scripted.calls
      assert.deepInclude(call?.options, {
        maxTokens: 100,
        temperature: 0.5,
        topP: 0.9,
        stopSequences: ["END"],
        reasoning: { effort: "low" },
        responseFormat: { type: "json_schema", name: "x", schema: { type: "object" }, strict: false }
      })
      assert.deepStrictEqual(call?.messages.map(({ _tag }) => _tag), ["SystemMessage", "HumanMessage"])
      const [, human] = call!.messages
      assert.deepStrictEqual(
        Array.isArray(human?.content) && human.content.map((part) => "source" in part ? part.source.type : part.type),
        ["text", "url", "base64", "base64"]
      )
    }))

  const words: { readonly [R in Finish.Reason]: string } = {
    stop: "stop",
    length: "length",
    tool_calls: "tool_calls",
    content_filter: "content_filter",
    refusal: "content_filter",
    pause: "length",
    other: "stop"
  }
  for (const [reason, word] of Object.entries(words)) {
    it.live(`ends with ${word} for ${reason}`, () =>
      Effect.gen(function*() {
        const reply = text("Hello", { finish: reason as Finish.Reason }) // the keys are reasons
        const { openai } = yield* serve(model, layer([reply, reply]))
        const whole = yield* Effect.promise(() => openai.chat.completions.create(ask))
        const chunks = yield* Effect.promise(async () =>
          collect(await openai.chat.completions.create({ ...ask, stream: true }))
        )
        assert.strictEqual(whole.choices[0]?.finish_reason, word)
        assert.strictEqual(chunks.at(-1)?.choices[0]?.finish_reason, word)
      }))
  }

  it.live("is listed under its name", () =>
    Effect.gen(function*() {
      const { openai, url } = yield* serve(model, layer([]))
      const models = yield* Effect.promise(async () => collect(openai.models.list()))
      assert.deepStrictEqual(models.map(({ id, object, owned_by }) => [id, object, owned_by]), [[
        "chat",
        "model",
        "rivulet"
      ]])
      assert.strictEqual((yield* Effect.promise(() => openai.models.retrieve("chat"))).id, "chat")
      const failure = yield* Effect.promise(() => openai.models.retrieve("other").catch((error: unknown) => error))
      assert.instanceOf(failure, NotFoundError)
      const unknown = yield* Effect.promise(() => post(url, body({ model: "constructor" })))
      assert.strictEqual(unknown.status, 404)
      assert.strictEqual((yield* Effect.promise(() => fetch(`${url}/v1/chat/completions`))).status, 405)
      assert.strictEqual((yield* Effect.promise(() => fetch(`${url}/v2`))).status, 404)
    }))

  it.live("is read back by this library as the same chunks", () =>
    Effect.gen(function*() {
      const parts: ReadonlyArray<AIMessageChunk.Delta> = [
        { type: "reasoning", index: 0, text: "Hm" },
        { type: "reasoning", index: 0, text: ", let me see" },
        { type: "text", index: 1, text: "a\nb\r\n\u2028 \u0085 \u0000 \ud800 \ud83d\ude00" },
        { type: "text", index: 1, text: " \"quoted\" \\" },
        { type: "tool_call", index: 2, id: "call_a", name: "f", args: "{\"a\"" },
        { type: "tool_call", index: 2, args: ":1}" },
        { type: "tool_call", index: 2, args: "", end: true },
        { type: "tool_call", index: 3, id: "call_b", name: "g", args: "{}" },
        { type: "tool_call", index: 3, args: "", end: true }
      ]
      const reply = [
        ...parts.map((part) =>
          chunk({ ...AIMessageChunk.empty, content: part.type === "text" ? part.text : "", parts: [part] })
        ),
        finish("tool_calls", { usage })
      ]
      const { url } = yield* serve(model, layer([reply]))
      const client = yield* OpenAiCompatible.make({
        model: "chat",
        baseUrl: `${url}/v1`,
        apiKey: Redacted.make("any"),
        maxRetries: 0
      })
      const options = { tools: ["f", "g"].map((name) => ({ name, parameters: { type: "object" } })) }
      const chunks = yield* Stream.runCollect(client.stream("Hi", options))
      const read = chunks.flatMap(({ parts }) => parts)
      const plain = (part: AIMessageChunk.Delta) => {
        const { metadata: _, ...rest } = { metadata: undefined, ...part }
        return rest
      }
      // The slices of a call are the decoder's to cut: their fold is compared below.
      const content = (all: ReadonlyArray<AIMessageChunk.Delta>) =>
        all.map(plain).filter((part) => part.type !== "tool_call")
      assert.deepStrictEqual(content(read), content(parts))
      assert.deepStrictEqual(
        read.filter((part) => part.type === "tool_call").map(({ args }) => args).join(""),
        `{"a":1}{}`
      )
      const sent = AIMessageChunk.toMessage(reply.flatMap((step) => step._tag === "Chunk" ? [step.chunk] : []))
      const message = AIMessageChunk.toMessage(chunks)
      assert.deepStrictEqual(message.toolCalls.map(plainCall), sent.toolCalls.map(plainCall))
      assert.strictEqual(message.content, sent.content)
      assert.deepInclude(message.finish, { reason: "tool_calls" })
      assert.deepInclude(message.usage, usage)
    }))
})

const plainCall = ({ args, id, name }: { readonly id: string; readonly name: string; readonly args: unknown }) => ({
  id,
  name,
  args
})

describe("chains and agents", () => {
  const chain = Runnable.sequence(ChatPrompt.make("A line about {topic}"), ChatModel.runnable, OutputParser.string)
  const input = ({ lastText }: Serve.Turn) => ({ topic: lastText })

  it.live("a chain streams its texts, with the usage of its models", () =>
    Effect.gen(function*() {
      const { openai } = yield* serve(
        Serve.make({ chats: { chat: Serve.chat(chain, { input }) } }),
        layer([text("Hello world", { usage, finish: "length" })])
      )
      const whole = yield* Effect.promise(() => openai.chat.completions.stream(ask).finalChatCompletion())
      assert.strictEqual(whole.choices[0]?.message.content, "Hello world")
      assert.strictEqual(whole.choices[0]?.finish_reason, "length")
    }))

  it.live("options are ignored by name, refused, or passed on", () =>
    Effect.gen(function*() {
      const scripted = ScriptedChatModel.make([text("Hello"), text("Hello")])
      const { url } = yield* serve(
        Serve.make({
          chats: {
            ignoring: Serve.chat(chain, { input }),
            refusing: Serve.chat(chain, { input, options: "refuse" }),
            passing: Serve.chat(Runnable.sequence(ChatModel.runnable, OutputParser.string), { options: "pass" })
          }
        }),
        Layer.succeed(ChatModel.ChatModel, scripted.model)
      )
      const asked = (name: string, fields: object = {}) =>
        Effect.promise(() => post(url, body({ model: name, temperature: 0.5, max_tokens: 7, ...fields })))
      const ignoring = yield* asked("ignoring")
      assert.deepStrictEqual([ignoring.status, ignoring.headers.get("x-rivulet-ignored")], [
        200,
        "max_tokens,temperature"
      ])
      const refusing = yield* asked("refusing")
      assert.strictEqual(refusing.status, 400)
      const passing = yield* asked("passing")
      assert.deepStrictEqual([passing.status, passing.headers.get("x-rivulet-ignored")], [200, null])
      assert.deepStrictEqual(
        (yield* scripted.calls).map(({ options: { maxTokens, temperature } }) => [maxTokens, temperature]),
        [[undefined, undefined], [7, 0.5]]
      )
      const tools = [{ type: "function", function: { name: "f" } }]
      assert.strictEqual((yield* asked("passing", { tools })).status, 400)
    }))

  it.live("an agent runs its own tools and shows its texts", () =>
    Effect.gen(function*() {
      const ran: Array<string> = []
      const weather = Tool.make("weather", {
        parameters: Schema.Struct({ city: Schema.String }),
        success: Schema.String,
        handler: ({ city }) => Effect.sync(() => (ran.push(city), "sunny"))
      })
      const { openai } = yield* serve(
        Serve.make({ chats: { chat: Serve.chat(Agent.make({ tools: [weather] })) } }),
        layer([
          toolCalls([{ name: "weather", args: { city: "Bern" } }], { text: "Let me look.", usage }),
          text("Sunny", { usage })
        ])
      )
      const stream = yield* Effect.promise(async () =>
        collect(
          await openai.chat.completions.create({ ...ask, stream: true, stream_options: { include_usage: true } })
        )
      )
      assert.strictEqual(
        stream.map(({ choices: [choice] }) => choice?.delta.content ?? "").join(""),
        "Let me look.\n\nSunny"
      )
      assert.isTrue(stream.every(({ choices: [choice] }) => choice?.delta.tool_calls === undefined))
      assert.strictEqual(stream.at(-1)?.usage?.total_tokens, 30)
      assert.deepStrictEqual(ran, ["Bern"])
    }))

  it.live("the last value of a chain is shown as JSON", () =>
    Effect.gen(function*() {
      const values = Runnable.fn((input: ChatModel.ChatInput) => ({
        name: "Soup",
        minutes: Array.isArray(input) ? 20 : 0
      }))
      const { openai, url } = yield* serve(Serve.make({ chats: { chat: Serve.chat(values) } }), layer([]))
      const whole = yield* Effect.promise(() => openai.chat.completions.create(ask))
      assert.strictEqual(whole.choices[0]?.message.content, `{"name":"Soup","minutes":20}`)
      const streamed = yield* Effect.promise(async () => (await post(url, body({ stream: true }))).text())
      const frames = framesOf(streamed)
      assert.strictEqual(frames.at(-1), "[DONE]")
      assert.include(frames[1], `{"content":"{\\"name\\":\\"Soup\\",\\"minutes\\":20}"}`)
    }))
})
