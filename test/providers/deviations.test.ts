// Servers that speak Messages or Responses in their own way: what should come of it.
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Message } from "rivulet"
import { encode, inReads, responseOf } from "../support/reads.ts"
import { messages, responsesApi } from "../support/wires.ts"
import type { Wire } from "../support/wires.ts"

interface Event {
  readonly type: string
  readonly [key: string]: unknown
}

const DONE = "data: [DONE]\n\n"

/** The text of an event stream. Texts are sent as they are. */
const streamOf = (events: ReadonlyArray<Event | string>): string =>
  events.map((event) => typeof event === "string" ? event : `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    .join("")

/** The answer to these events, which is the same whole and in pieces. */
const answer = Effect.fnUntraced(function*(wire: Wire, events: ReadonlyArray<Event | string>) {
  const bytes = encode(streamOf(events))
  const read = (size: number) =>
    Effect.flatMap(
      Effect.orDie(wire.withFetch(responseOf(inReads(bytes, size)))),
      (model) => Effect.result(model.invoke("Hi"))
    )
  const whole = yield* read(bytes.length)
  assert.deepStrictEqual(yield* read(7), whole)
  return yield* Effect.fromResult(whole)
})

interface Expected {
  readonly text?: string
  readonly reasoning?: string
  readonly calls?: ReadonlyArray<readonly [id: string, name: string, args: unknown]>
  readonly invalid?: number
  readonly finish?: string
  readonly outputTokens?: number
}

const gives = (wire: Wire, name: string, events: ReadonlyArray<Event | string>, expected: Expected) =>
  it.effect(`${wire.name}: ${name}`, () =>
    Effect.gen(function*() {
      const got = yield* answer(wire, events)
      assert.deepStrictEqual({
        text: got.content,
        reasoning: got.parts.map((part) => part.type === "reasoning" ? part.text : "").join(""),
        calls: got.toolCalls.map(({ args, id, name }) => [id, name, args]),
        invalid: got.invalidToolCalls.length,
        finish: got.finish.reason,
        ...(expected.outputTokens === undefined ? undefined : { outputTokens: got.usage?.outputTokens })
      }, { text: "", reasoning: "", calls: [], invalid: 0, finish: "stop", ...expected })
      assert.isFalse(got.parts.some((part) => part.type === "unknown"))
    }))

const fails = (wire: Wire, name: string, events: ReadonlyArray<Event | string>, reason: string) =>
  it.effect(`${wire.name}: ${name}`, () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* Effect.flip(answer(wire, events))).reason._tag, reason)
    }))

// -----------------------------------------------------------------------------
// Messages
// -----------------------------------------------------------------------------

const start = (more?: object): Event => ({
  type: "message_start",
  message: { id: "m", role: "assistant", content: [], stop_reason: null, usage: { input_tokens: 3 }, ...more }
})
const blockStart = (index: number | undefined, content_block: object): Event => ({
  type: "content_block_start",
  index,
  content_block
})
const slice = (index: number | undefined, delta: object): Event => ({ type: "content_block_delta", index, delta })
const stop = (index: number): Event => ({ type: "content_block_stop", index })
const said = (index: number | undefined, text: string) => slice(index, { type: "text_delta", text })
const args = (index: number | undefined, partial_json: string) =>
  slice(index, { type: "input_json_delta", partial_json })
const toolUse = (more?: object) => ({ type: "tool_use", id: "t", name: "f", input: {}, ...more })
const ends = (stop_reason: string | null): Event => ({ type: "message_delta", delta: { stop_reason } })
const over: Event = { type: "message_stop" }
const text = [blockStart(0, { type: "text", text: "" }), said(0, "Hello"), stop(0)]
const hello = [start(), ...text, ends("end_turn"), over]
const caller = { type: "code_execution_20250825", tool_id: "srvtoolu_1" }

describe("the whole message in message_start", () => {
  const content = [{ type: "text", text: "Hello" }]
  const given = start({ content, stop_reason: "end_turn", usage: { input_tokens: 3, output_tokens: 2 } })
  gives(messages, "its stop reason is the finish", [given, over], { text: "Hello", outputTokens: 2 })
  gives(messages, "a later stop reason replaces it", [given, ends("max_tokens"), over], {
    text: "Hello",
    finish: "length"
  })
  gives(messages, "a later null does not", [given, ends(null), over], { text: "Hello" })
  gives(messages, "[DONE] ends it", [given, DONE], { text: "Hello" })
  gives(messages, "what comes again in events counts once", [given, ...text, ends("end_turn"), over], { text: "Hello" })
  gives(messages, "another text at its place counts, too", [
    given,
    blockStart(0, { type: "text", text: "" }),
    said(0, ", you"),
    stop(0),
    over
  ], { text: "Hello, you" })
  gives(messages, "a message without any framing", [
    `data: ${JSON.stringify({ type: "message", id: "m", role: "assistant", content, stop_reason: "end_turn" })}\n\n`
  ], { text: "Hello" })
  fails(messages, "without an end it is cut off", [given], "TruncatedError")

  const programmatic = [
    start({
      content: [
        { type: "server_tool_use", id: "srvtoolu_1", name: "code_execution", input: { code: "f(1)" } },
        { ...toolUse({ input: { a: 1 } }), caller }
      ],
      stop_reason: "tool_use"
    }),
    ends(null),
    over
  ]
  gives(messages, "calls of Anthropic's own code", programmatic, {
    calls: [["t", "f", { a: 1 }]],
    finish: "tool_calls"
  })
  it.effect("Messages: the caller of a call goes back", () =>
    Effect.gen(function*() {
      const first = yield* answer(messages, programmatic)
      const bodies: Array<string> = []
      const model = yield* messages.withFetch((_, init) => {
        bodies.push(String(init?.body))
        return Promise.resolve(
          new Response(streamOf(hello), { headers: { "content-type": "text/event-stream" } })
        )
      })
      yield* model.invoke([Message.human("Hi"), first, Message.tool({ toolCallId: "t", content: "1" })])
      assert.deepInclude(JSON.parse(bodies[0] ?? "").messages[1].content[1], { id: "t", input: { a: 1 }, caller })
    }))
})

describe("what follows the end", () => {
  const usage: Event = { type: "message_delta", delta: {}, usage: { output_tokens: 9 } }
  for (
    const [name, after] of [["[DONE]", DONE], ["text", said(0, "!")], ["an error", {
      type: "error",
      error: {}
    }]] as const
  ) {
    gives(messages, `${name} is ignored`, [...hello, after], { text: "Hello" })
  }
  gives(messages, "usage counts", [...hello, usage, DONE], { text: "Hello", outputTokens: 9 })
  fails(messages, "a second message is an error", [...hello, ...hello], "MalformedResponseError")
})

describe("an error in another form", () => {
  const error = { message: "Rate limit reached", type: "rate_limit_error", code: 429 }
  fails(messages, "in a frame of OpenAI's", [start(), `data: ${JSON.stringify({ error })}\n\n`], "RateLimitError")
  fails(messages, "in the first event", [{ type: "message_start", error }], "RateLimitError")
  fails(messages, "as a stop reason", [start(), ends("error"), over], "InternalProviderError")
})

describe("blocks that are numbered or ended wrongly", () => {
  gives(messages, "without their end", [
    start(),
    blockStart(0, toolUse()),
    args(0, "{\"a\":1}"),
    blockStart(1, toolUse({ id: "u" })),
    args(1, "{\"b\":2}"),
    ends("tool_use"),
    over
  ], { calls: [["t", "f", { a: 1 }], ["u", "f", { b: 2 }]], finish: "tool_calls" })
  gives(messages, "with one index", [
    start(),
    blockStart(0, { type: "text", text: "" }),
    said(0, "Hel"),
    blockStart(0, toolUse()),
    args(0, "{\"a\":1}"),
    said(0, "lo"),
    stop(0),
    ends("tool_use"),
    over
  ], { text: "Hello", calls: [["t", "f", { a: 1 }]], finish: "tool_calls" })
  gives(messages, "without an index", [
    start(),
    blockStart(undefined, { type: "text", text: "" }),
    said(undefined, "Hello"),
    blockStart(undefined, toolUse()),
    args(undefined, "{\"a\""),
    args(7, ":1}"),
    { type: "content_block_stop" },
    ends("tool_use"),
    over
  ], { text: "Hello", calls: [["t", "f", { a: 1 }]], finish: "tool_calls" })
  gives(messages, "a call that a limit cut off is invalid", [
    start(),
    blockStart(0, toolUse()),
    args(0, "{\"a\":"),
    ends("max_tokens"),
    over
  ], { invalid: 1, finish: "length" })
})

describe("arguments of Messages", () => {
  const called = (
    ...slices: ReadonlyArray<Event>
  ) => [start(), blockStart(0, toolUse()), ...slices, stop(0), ends("tool_use"), over]
  const nested = ["{\"a\":", "{\"b\":1}", "}"]
  gives(
    messages,
    "that come once more as a whole count once",
    called(...nested.map((each) => args(0, each)), args(0, nested.join(""))),
    {
      calls: [["t", "f", { a: { b: 1 } }]],
      finish: "tool_calls"
    }
  )
  gives(
    messages,
    "that come once more in slices count once",
    called(args(0, "{\"a\":1}"), args(0, "{\"a\":"), args(0, "1}")),
    {
      calls: [["t", "f", { a: 1 }]],
      finish: "tool_calls"
    }
  )
  gives(messages, "that begin with an empty object", called(args(0, "{}"), args(0, "{\"a\""), args(0, ":1}")), {
    calls: [["t", "f", { a: 1 }]],
    finish: "tool_calls"
  })
  gives(messages, "that are an empty object, told twice", called(args(0, "{}"), args(0, "{}")), {
    calls: [["t", "f", {}]],
    finish: "tool_calls"
  })
  const braces = JSON.stringify({ a: "}{".repeat(9) })
  gives(
    messages,
    "with many braces in a text, once more as a whole",
    called(...braces.split(/(?=\{)/).map((each) => args(0, each)), args(0, braces)),
    { calls: [["t", "f", { a: "}{".repeat(9) }]], finish: "tool_calls" }
  )
  gives(messages, "with others after them are invalid", called(args(0, "{\"a\":1}"), args(0, "{\"a\":2}")), {
    invalid: 1,
    finish: "tool_calls"
  })
  gives(messages, "whose slices look like objects inside a string", called(args(0, "{\"a\":\"}"), args(0, "{\"}")), {
    calls: [["t", "f", { a: "}{" }]],
    finish: "tool_calls"
  })
  gives(messages, "that are a text at the start", [
    start(),
    blockStart(0, toolUse({ id: "", input: "{\"a\":1}" })),
    stop(0),
    ends("tool_use"),
    over
  ], { calls: [["call_m_0", "f", { a: 1 }]], finish: "tool_calls" })
})

// -----------------------------------------------------------------------------
// Responses
// -----------------------------------------------------------------------------

const response = (more?: object) => ({ id: "r", status: "in_progress", output: [], ...more })
const created: Event = { type: "response.created", response: response() }
const msg = (text: string, id = "msg_1") => ({
  id,
  type: "message",
  role: "assistant",
  status: "completed",
  content: text === "" ? [] : [{ type: "output_text", text, annotations: [] }]
})
const fc = (more?: object) => ({
  id: "fc_1",
  type: "function_call",
  call_id: "c1",
  name: "f",
  arguments: "{\"a\":1}",
  ...more
})
const added = (output_index: number | undefined, item: object): Event => ({
  type: "response.output_item.added",
  output_index,
  item
})
const done = (output_index: number | undefined, item: object): Event => ({
  type: "response.output_item.done",
  output_index,
  item
})
const delta = (output_index: number | undefined, item_id: string | undefined, delta: string): Event => ({
  type: "response.output_text.delta",
  output_index,
  item_id,
  content_index: 0,
  delta
})
const argsDelta = (output_index: number | undefined, item_id: string | undefined, delta: string): Event => ({
  type: "response.function_call_arguments.delta",
  output_index,
  item_id,
  delta
})
const completed = (output: ReadonlyArray<object>, more?: object): Event => ({
  type: "response.completed",
  response: response({ status: "completed", output, usage: { input_tokens: 3, output_tokens: 2 }, ...more })
})
const whole = response({ status: "completed", output: [msg("Hello")], usage: { input_tokens: 3, output_tokens: 2 } })
const called = { calls: [["c1", "f", { a: 1 }]], finish: "tool_calls" } as const

describe("the whole response in one event", () => {
  gives(responsesApi, "at its start", [{ type: "response.created", response: whole }], {
    text: "Hello",
    outputTokens: 2
  })
  gives(responsesApi, "at its start, with [DONE]", [{ type: "response.created", response: whole }, DONE], {
    text: "Hello"
  })
  gives(responsesApi, "at its start and at its end", [
    { type: "response.created", response: whole },
    { type: "response.completed", response: whole }
  ], { text: "Hello" })
  gives(responsesApi, "by another name", [created, { type: "response.done", response: whole }], { text: "Hello" })
  fails(responsesApi, "that failed", [
    { type: "response.created", response: response({ status: "failed", error: { code: "rate_limit_exceeded" } }) }
  ], "RateLimitError")
})

describe("what follows the end of a response", () => {
  const end = [created, completed([msg("Hello")])]
  for (
    const [name, after] of [["[DONE]", DONE], ["text", delta(0, "msg_1", "!")], ["an error", {
      type: "error"
    }]] as const
  ) {
    gives(responsesApi, `${name} is ignored`, [...end, after], { text: "Hello" })
  }
  gives(responsesApi, "usage counts", [...end, { type: "response.done", response: { usage: { output_tokens: 9 } } }], {
    text: "Hello",
    outputTokens: 9
  })
  fails(responsesApi, "a second response is an error", [...end, ...end], "MalformedResponseError")
})

describe("items that are numbered or named wrongly", () => {
  const items = [fc({ arguments: "" }), msg("")] as const
  const output = [fc(), msg("Hello")]
  gives(responsesApi, "at one place: item_id decides", [
    created,
    added(0, items[0]),
    added(0, items[1]),
    delta(0, "msg_1", "Hello"),
    argsDelta(0, "fc_1", "{\"a\":1}"),
    done(0, output[0]!),
    done(0, output[1]!),
    completed(output)
  ], { text: "Hello", ...called })
  gives(responsesApi, "at one place, without item_id", [
    created,
    added(0, items[0]),
    added(0, items[1]),
    delta(0, undefined, "Hello"),
    argsDelta(0, undefined, "{\"a\":1}"),
    done(0, output[0]!),
    done(0, output[1]!),
    completed(output)
  ], { text: "Hello", ...called })
  gives(responsesApi, "by places that count up and ids that change", [
    created,
    added(0, items[0]),
    argsDelta(1, "fc_x", "{\"a\""),
    argsDelta(2, "fc_y", ":1}"),
    done(3, fc({ id: "fc_z" })),
    completed([fc({ id: "fc_w" })])
  ], called)
  gives(responsesApi, "told twice, one call is one", [
    created,
    added(0, items[0]),
    added(0, items[0]),
    argsDelta(0, "fc_1", "{\"a\":1}"),
    done(0, fc()),
    done(0, fc()),
    completed([fc()])
  ], called)
  gives(responsesApi, "two calls stay two, whatever their ids", [
    created,
    added(undefined, fc({ arguments: "" })),
    done(undefined, fc()),
    done(undefined, fc({ id: "fc_2", call_id: "c2", name: "g" })),
    completed([])
  ], { calls: [["c1", "f", { a: 1 }], ["c2", "g", { a: 1 }]], finish: "tool_calls" })
  gives(responsesApi, "a call whose name and id come with its end", [
    created,
    added(0, fc({ call_id: undefined, name: undefined, arguments: "" })),
    argsDelta(0, "fc_1", "{\"a\":1}"),
    done(0, fc()),
    completed([fc()])
  ], called)
  gives(responsesApi, "a call whose name comes with its end", [
    created,
    added(0, fc({ name: undefined, arguments: "" })),
    argsDelta(0, "fc_1", "{\"a\":1}"),
    done(0, fc()),
    completed([fc()])
  ], called)
})

describe("arguments of Responses", () => {
  const call = (first: string, ...slices: ReadonlyArray<string>) => [
    created,
    added(0, fc({ arguments: first })),
    ...slices.map((each) => argsDelta(0, "fc_1", each)),
    done(0, fc()),
    completed([fc()])
  ]
  gives(responsesApi, "that come at the start, too, count once", call("{\"a\":1}", "{\"a\"", ":1}"), called)
  gives(responsesApi, "an empty object at the start stands for those that follow", call("{}", "{\"a\":1}"), called)
  gives(responsesApi, "and an empty object in a slice", call("", "{}", "{\"a\"", ":1}"), called)
  gives(responsesApi, "and an empty object alone, when the end tells them", call("", "{}"), called)
  gives(responsesApi, "that come once more as a whole count once", call("", "{\"a\"", ":1}", "{\"a\":1}"), called)
})
