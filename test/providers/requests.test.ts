// What a server receives, by the rules that its API is known to have.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Schema } from "effect"
import { Message, Tool } from "rivulet"
import type { CallOptions, ChatModel } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"
import * as OpenAiCompatible from "rivulet/OpenAiCompatible"
import { OpenAiScript, Script } from "rivulet/Testing"
import { chatCompletions, messages, responsesApi } from "../support/wires.ts"
import type { Wire } from "../support/wires.ts"

const { ai, file, human, image, system, text, tool } = Message

/** JSON whose fields are looked at by name. */
type Json = any // oxlint-disable-line typescript/no-explicit-any -- a body is looked at in many places

/** Sends a request; gives its body, and the warnings of the answer. */
const sent = Effect.fnUntraced(function*(
  wire: Wire,
  input: ChatModel.ChatInput,
  options?: CallOptions.CallOptions
): Effect.fn.Return<{ readonly body: Json; readonly warnings: Json }, unknown, never> {
  const bodies: Array<Json> = []
  const model = yield* wire.withFetch(recording(bodies, wire.tokens(["Hello"])))
  const { metadata } = yield* model.invoke(input, options)
  return { body: bodies[0], warnings: metadata?.["warnings"] ?? [] }
})

/** A `fetch` that records bodies and answers with a script. */
const recording = (bodies: Array<Json>, script: Script.Script): typeof globalThis.fetch => async (_, init) => {
  bodies.push(JSON.parse(String(init?.body)))
  return new Response(Script.bytesOf(script), { headers: { "content-type": "text/event-stream" } })
}

/** The call is refused before anything is sent, by the name of this field. */
const refuses = (wire: Wire, field: string, input: ChatModel.ChatInput, options?: CallOptions.CallOptions) =>
  it.effect(`${wire.name} refuses ${field} of ${JSON.stringify(options ?? input).slice(0, 60)}`, () =>
    Effect.gen(function*() {
      const model = yield* wire.withFetch(() => Promise.reject(new Error("something was sent")))
      const { reason } = yield* Effect.flip(model.invoke(input, options))
      assert.include(["InvalidRequestError", "UnsupportedError"], reason._tag)
      assert.propertyVal(reason, "field", field)
    }))

const wires = [messages, chatCompletions, responsesApi]
const openAi = [chatCompletions, responsesApi]

/** The parameters of the first tool in a request. */
const parametersIn = (body: Json): Json =>
  body.tools[0].input_schema ?? body.tools[0].function?.parameters ?? body.tools[0].parameters

/** The content of the first message in a request. */
const contentIn = (body: Json): Json => (body.messages ?? body.input)[0].content

describe("options of tools without tools", () => {
  for (const wire of wires) {
    it.effect(`are left out of a request of ${wire.name}`, () =>
      Effect.gen(function*() {
        for (const toolChoice of ["auto", "none"] as const) {
          const { body } = yield* sent(wire, "q", { toolChoice, parallelToolCalls: false, tools: [] })
          for (const field of ["tools", "tool_choice", "parallel_tool_calls"]) assert.notProperty(body, field)
        }
      }))
    refuses(wire, "toolChoice", "q", { toolChoice: "required" })
  }
  it.effect("are kept beside tools that are given in the provider's own words", () =>
    Effect.gen(function*() {
      const providerOptions = { openai: { tools: [{ type: "web_search" }] } }
      const { body } = yield* sent(responsesApi, "q", { toolChoice: "none", providerOptions })
      assert.strictEqual(body.tool_choice, "none")
    }))
})

describe("the parameters of a tool", () => {
  const refs = {
    $ref: "#/$defs/Args",
    $defs: { Args: { type: "object", properties: { next: { $ref: "#/$defs/Args" } } } }
  }
  const either = {
    oneOf: [
      { type: "object", properties: { kind: { const: "a" }, x: { type: "number" } }, required: ["kind", "x"] },
      { type: "object", properties: { kind: { const: "b" } }, required: ["kind"] }
    ]
  }
  const narrowed = {
    type: "object",
    properties: { id: { type: "string" }, name: { type: "string" } },
    anyOf: [{ required: ["id"] }, { required: ["name"] }]
  }
  const both = {
    allOf: [
      { type: "object", properties: { a: { type: "string" } }, required: ["a"] },
      { type: "object", properties: { b: { type: "string" } }, required: ["b"] }
    ]
  }
  for (const wire of wires) {
    it.effect(`are one object for ${wire.name}`, () =>
      Effect.gen(function*() {
        const parameters = (schema: Json) =>
          Effect.map(sent(wire, "q", { tools: [{ name: "f", parameters: schema }] }), ({ body }) => parametersIn(body))
        for (const schema of [refs, either, narrowed, both, {}, { type: ["object", "null"], properties: {} }]) {
          const got = yield* parameters(schema)
          assert.strictEqual(got.type, "object")
          for (const key of ["$ref", "anyOf", "oneOf", "allOf"]) assert.notProperty(got, key)
        }
        assert.deepStrictEqual((yield* parameters(refs)).properties, refs.$defs.Args.properties)
        const union = yield* parameters(either)
        assert.deepStrictEqual(union.required, ["kind"])
        assert.deepStrictEqual(Object.keys(union.properties), ["kind", "x"])
        assert.deepStrictEqual((yield* parameters(narrowed)).properties, narrowed.properties)
        assert.deepStrictEqual((yield* parameters(both)).required, ["a", "b"])
      }))
    for (
      const [name, parameters] of Object.entries({
        text: { type: "string" },
        "text or an object": { anyOf: [{ type: "string" }, { type: "object", properties: {} }] },
        "a definition that is not there": { type: "object", properties: { a: { $ref: "#/$defs/Lost" } } },
        "a union of itself": { $ref: "#/$defs/A", $defs: { A: { anyOf: [{ $ref: "#/$defs/A" }, { type: "object" }] } } }
      })
    ) {
      describe(name, () => refuses(wire, "tools[0].parameters", "q", { tools: [{ name: "f", parameters }] }))
    }
    it.effect(`of a strict tool without any are an empty object for ${wire.name}`, () =>
      Effect.gen(function*() {
        for (const schema of [{ type: "object" }, { type: "object", properties: {} }]) {
          const { body } = yield* sent(wire, "q", { tools: [{ name: "f", parameters: schema, strict: true }] })
          assert.deepInclude(parametersIn(body), { type: "object", properties: {}, additionalProperties: false })
        }
      }))
  }

  for (const wire of openAi) {
    it.effect(`have properties and items at any depth, for ${wire.name}`, () =>
      Effect.gen(function*() {
        const pair = Tool.make("pair", {
          description: "d",
          parameters: Schema.Struct({ t: Schema.Array(Schema.Tuple([Schema.String, Schema.Number])) }),
          handler: () => Effect.succeed("x")
        })
        const made = yield* sent(wire, "q", { tools: [pair] })
        const { items } = parametersIn(made.body).properties.t
        assert.strictEqual(items.type, "array")
        assert.notProperty(items, "prefixItems")
        assert.deepStrictEqual(items.items.anyOf.map((each: Json) => each.type), ["string", "number"])
        const parameters = {
          type: "object",
          properties: {
            bare: { type: "object" },
            list: { type: ["array", "null"] },
            old: { type: "array", items: [{ type: "string" }], additionalItems: false },
            open: { anyOf: [{ type: "array", items: true }] }
          },
          $defs: { D: { type: "array", items: { type: "object" } } }
        }
        const { body } = yield* sent(wire, "q", { tools: [{ name: "f", parameters }] })
        const { $defs, properties } = parametersIn(body)
        assert.deepStrictEqual(properties.bare, { type: "object", properties: {} })
        assert.deepStrictEqual(properties.list, { type: ["array", "null"], items: {} })
        assert.deepInclude(properties.old, { type: "array", items: { type: "string" } })
        assert.notProperty(properties.old, "additionalItems")
        assert.deepStrictEqual(properties.open, { anyOf: [{ type: "array", items: {} }] })
        assert.deepStrictEqual($defs.D, { type: "array", items: { type: "object", properties: {} } })
        // What an answer may be is made such that the API takes it, too.
        const format = { type: "json_schema", strict: false, schema: { type: "object" } } as const
        const answer = (yield* sent(wire, "q", { responseFormat: format })).body
        assert.deepStrictEqual((answer.response_format?.json_schema ?? answer.text.format).schema, {
          type: "object",
          properties: {}
        })
      }))
  }

  it.effect("keep a tuple for Anthropic, in the form of today", () =>
    Effect.gen(function*() {
      const t = { type: "array", items: [{ type: "string" }], additionalItems: false }
      const { body } = yield* sent(messages, "q", {
        tools: [{ name: "f", parameters: { type: "object", properties: { t } } }]
      })
      assert.deepStrictEqual(parametersIn(body).properties.t, {
        type: "array",
        prefixItems: [{ type: "string" }],
        items: false
      })
    }))
})

describe("ids of calls that come from another provider", () => {
  const mistral: Wire = {
    ...chatCompletions,
    name: "Mistral",
    withFetch: (fetch) =>
      OpenAiCompatible.make({ model: "m", preset: "mistral", apiKey: Redacted.make("k"), maxRetries: 0, fetch })
  }
  const rules: ReadonlyArray<readonly [wire: Wire, rule: RegExp]> = [
    [messages, /^[a-zA-Z0-9_-]+$/],
    [chatCompletions, /^[^]{1,40}$/],
    [responsesApi, /^[^]{1,64}$/],
    [mistral, /^[a-zA-Z0-9]{9}$/]
  ]
  /** The ids of the calls and of the results in a request. */
  const idsIn = (body: Json): readonly [calls: ReadonlyArray<string>, results: ReadonlyArray<string>] => {
    const items: ReadonlyArray<Json> = body.input ?? body.messages
    const blocks = items.flatMap((item) => Array.isArray(item.content) ? item.content : [])
    return [
      [...blocks, ...items, ...items.flatMap((item) => item.tool_calls ?? [])].flatMap((each) =>
        each.type === "tool_use" || each.type === "function"
          ? [each.id]
          : each.type === "function_call"
          ? [each.call_id]
          : []
      ),
      [...blocks, ...items].flatMap((each) =>
        each.tool_use_id ?? each.tool_call_id ?? (each.type === "function_call_output" ? each.call_id : [])
      )
    ]
  }
  const long = "x".repeat(80)
  const ids = Schema.UniqueArray(Schema.Union([
    Schema.String,
    Schema.Literals(["functions.f:0", "functions_f_0", "functions.f.0", "functions_f_0_1", long, `${long}y`, ""])
  ])).check(Schema.isMinLength(1))

  for (const [wire, rule] of rules) {
    it.effect.prop(
      `fit the rule of ${wire.name}, alike in call and result, and two stay two`,
      [ids],
      ([ids]) =>
        Effect.gen(function*() {
          const { body } = yield* sent(wire, [
            human("q"),
            ai(ids.map((id) => ({ type: "tool_call", id, name: "f", args: {} }))),
            ...ids.map((toolCallId) => tool({ toolCallId, content: "1" }))
          ])
          const [calls, results] = idsIn(body)
          assert.deepStrictEqual(results, calls)
          assert.strictEqual(new Set(calls).size, ids.length)
          for (const [i, id] of calls.entries()) {
            assert.match(id, rule)
            if (rule.test(ids[i] ?? "")) assert.strictEqual(id, ids[i])
          }
        })
    )
  }

  it.effect("that an answer repeats are told apart for Anthropic", () =>
    Effect.gen(function*() {
      const turn = [
        ai([{ type: "tool_call", id: "call_0", name: "f", args: {} }]),
        tool({ toolCallId: "call_0", content: "1" })
      ]
      const { body } = yield* sent(messages, [human("q"), ...turn, ...turn])
      assert.deepStrictEqual(idsIn(body), [["call_0", "call_0_1"], ["call_0", "call_0_1"]])
    }))

  it.effect("stay as they are at the server that made them", () =>
    Effect.gen(function*() {
      const bodies: Array<Json> = []
      const answer = { ...ai([{ type: "tool_call", id: "functions.f:0", name: "f", args: {} }]) }
      const own = { ...answer, metadata: { provider: "anthropic" } }
      const result = tool({ toolCallId: "functions.f:0", content: "1" })
      for (const baseUrl of ["https://llm.acme.example", "https://api.anthropic.com"]) {
        const fetch = recording(bodies, Script.text("Hello"))
        const model = yield* Anthropic.make({ model: "m", apiKey: Redacted.make("k"), baseUrl, fetch })
        yield* model.invoke([human("q"), own, result])
      }
      assert.deepStrictEqual(bodies.map((body) => idsIn(body)[1]), [["functions.f:0"], ["functions_f_0"]])
    }))
})

describe("images and files", () => {
  const docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
  const png = image({ url: "data:image/png;base64,AAAA" })
  const spelled = [
    image({ data: "AAAA", mediaType: "image/jpg" }),
    image({ data: "AAAA", mediaType: "IMAGE/PJPEG; q=1" }),
    image({ url: "DATA:image/jpg;charset=x;base64,AA%41A" }),
    image({ data: "data:image/jpg;base64,AA\nAA", mediaType: "image/jpeg" })
  ]
  /** The media type and the data of the images in a request. */
  const imagesIn = (body: Json) =>
    contentIn(body).map((part: Json) => {
      const url: string | undefined = part.image_url?.url ?? part.image_url
      return url ?? `data:${part.source.media_type};base64,${part.source.data}`
    })
  for (const wire of wires) {
    it.effect(`are sent by their usual media type, and a data: URL as data, to ${wire.name}`, () =>
      Effect.gen(function*() {
        const { body } = yield* sent(wire, [human([png, ...spelled])])
        assert.deepStrictEqual(imagesIn(body), [
          "data:image/png;base64,AAAA",
          ...spelled.map(() => "data:image/jpeg;base64,AAAA")
        ])
      }))
    refuses(wire, "messages[0].content[0].source", [human([image({ url: "data:image/png;base64," })])])
    refuses(wire, "messages[0].content[0].mediaType", [human([image({ data: "AAAA", mediaType: "image/tiff" })])])
  }
  it.effect("in the result of a tool are sent as the data they are", () =>
    Effect.gen(function*() {
      const conversation = [
        human("q"),
        ai([{ type: "tool_call", id: "t", name: "f", args: {} }]),
        tool({ toolCallId: "t", content: [png] })
      ]
      const anthropic = yield* sent(messages, conversation)
      assert.deepStrictEqual(anthropic.body.messages[2].content[0].content[0].source, {
        type: "base64",
        media_type: "image/png",
        data: "AAAA"
      })
      const responses = yield* sent(responsesApi, conversation)
      assert.strictEqual(responses.body.input[2].output[0].image_url, "data:image/png;base64,AAAA")
    }))
  it.effect("of text are text for Anthropic", () =>
    Effect.gen(function*() {
      const { body } = yield* sent(messages, [human([
        file({ url: "data:text/plain,two%20fish" }),
        file({ data: "w7xi", mediaType: "text/markdown" }),
        file({ url: "data:application/pdf;base64,JVBE", name: "a.pdf" })
      ])])
      assert.deepStrictEqual(contentIn(body).map((block: Json) => block.source), [
        { type: "text", media_type: "text/plain", data: "two fish" },
        { type: "text", media_type: "text/plain", data: "üb" },
        { type: "base64", media_type: "application/pdf", data: "JVBE" }
      ])
    }))
  for (const wire of openAi) {
    it.effect(`have a name with the ending of their type, for ${wire.name}`, () =>
      Effect.gen(function*() {
        const { body } = yield* sent(wire, [human([
          file({ data: "UEs=", mediaType: docx }),
          file({ data: "UEs=", mediaType: docx, name: "report" }),
          file({ data: "UEs=", mediaType: docx, name: "report.docx" }),
          file({ url: "data:application/pdf;base64,JVBE" }),
          file({ data: "AA==", mediaType: "text/markdown" }),
          file({ data: "AA==", mediaType: "application/vnd.acme.thing" }),
          file({ data: "AA==", mediaType: "application/vnd.ms-word.document.macroEnabled.12", name: "" }),
          file({ data: "AA==", mediaType: "text/x-golang" })
        ])])
        assert.deepStrictEqual(contentIn(body).map((part: Json) => part.filename ?? part.file.filename), [
          "file.docx",
          "report.docx",
          "report.docx",
          "file.pdf",
          "file.md",
          "file.bin",
          "file.docm",
          "file.go"
        ])
      }))
  }
})

describe("blank text", () => {
  for (const wire of openAi) {
    it.effect(`as a system message says nothing to ${wire.name}`, () =>
      Effect.gen(function*() {
        const { body } = yield* sent(wire, [system(""), human("q"), system([text(" ")]), human("So?")])
        assert.notProperty(body, "instructions")
        assert.deepStrictEqual((body.messages ?? body.input).map((item: Json) => item.role), ["user", "user"])
      }))
  }
  it.effect("is left out for Anthropic, wherever it stands", () =>
    Effect.gen(function*() {
      const { body } = yield* sent(messages, [
        system(" "),
        system([text(""), text("Be kind")]),
        human([text(""), file({ text: "\n", mediaType: "text/plain" }), image({ url: "https://example.com/a.png" })]),
        ai([{ type: "text", text: "\n" }, { type: "tool_call", id: "t", name: "f", args: {} }]),
        tool({ toolCallId: "t", content: " " }),
        human("So?"),
        system("\n"),
        ai("The fish is  \n")
      ])
      assert.strictEqual(body.system, "Be kind")
      assert.deepStrictEqual(body.messages, [
        { role: "user", content: [{ type: "image", source: { type: "url", url: "https://example.com/a.png" } }] },
        { role: "assistant", content: [{ type: "tool_use", id: "t", name: "f", input: {} }] },
        { role: "user", content: [{ type: "tool_result", tool_use_id: "t" }, { type: "text", text: "So?" }] },
        { role: "assistant", content: [{ type: "text", text: "The fish is" }] }
      ])
    }))
})

describe("reasoning with nothing of the answer after it", () => {
  const cut: ReadonlyArray<readonly [wire: Wire, script: Script.Script]> = [
    [
      messages,
      Script.message({ blocks: [{ type: "thinking", tokens: ["hm"], signature: "s" }], stopReason: "max_tokens" })
    ],
    [responsesApi, OpenAiScript.responses.message({ blocks: [{ type: "reasoning", tokens: ["hm"] }] })]
  ]
  for (const [wire, script] of cut) {
    it.live(`is left out with a warning, for ${wire.name}`, () =>
      Effect.gen(function*() {
        const { model, server } = yield* wire.serve([script, wire.tokens(["Hello"])])
        const first = yield* model.invoke("q")
        assert.isTrue(first.parts.some((part) => part.type === "reasoning"))
        const second = yield* model.invoke([human("q"), first, human("next")])
        assert.include(JSON.stringify(second.metadata?.["warnings"]), "nothing of the answer follows it")
        const body: Json = (yield* server.awaitRequest(1)).body
        assert.isTrue((body.messages ?? body.input).every((item: Json) => item.role === "user"))
      }))
  }
})

describe("reasoning without a signature", () => {
  for (const signature of [undefined, ""]) {
    it.effect(`goes back to any server but Anthropic's own: ${signature}`, () =>
      Effect.gen(function*() {
        const answer = ai([
          { type: "reasoning", text: "hm", ...(signature === undefined ? undefined : { signature }) },
          { type: "text", text: "Hello" }
        ])
        const bodies: Array<Json> = []
        const warnings: Array<unknown> = []
        for (const baseUrl of ["https://llm.acme.example", "https://api.anthropic.com"]) {
          const fetch = recording(bodies, Script.text("Hello"))
          const model = yield* Anthropic.make({ model: "m", apiKey: Redacted.make("k"), baseUrl, fetch })
          warnings.push((yield* model.invoke([human("q"), answer, human("So?")])).metadata?.["warnings"])
        }
        assert.deepStrictEqual(bodies.map((body) => body.messages[1].content[0]), [
          { type: "thinking", thinking: "hm", ...(signature === undefined ? undefined : { signature }) },
          { type: "text", text: "Hello" }
        ])
        assert.deepStrictEqual(warnings.map((each) => each === undefined), [true, false])
      }))
  }
})

describe("settings that OpenAI refuses", () => {
  for (const wire of openAi) {
    refuses(wire, "stopSequences", "q", { stopSequences: ["a", "b", "c", "d", "e"] })
  }
  it.effect("are sent to another server, which may take them", () =>
    Effect.gen(function*() {
      const bodies: Array<Json> = []
      const fetch = recording(bodies, chatCompletions.tokens(["Hello"]))
      const model = yield* OpenAiCompatible.make({ model: "m", baseUrl: "https://llm.acme.example", fetch })
      yield* model.invoke("q", { temperature: 2.5 })
      assert.strictEqual(bodies[0].temperature, 2.5)
    }))
})

describe("settings that Anthropic refuses", () => {
  refuses(messages, "stopSequences", "q", { stopSequences: ["\n"] })
})
