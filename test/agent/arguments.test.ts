// What models write for arguments other than the schema says, and what the handler gets.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { ChatModel, Tool } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"

const { struct, array, string, number, optional, union } = {
  struct: Schema.Struct,
  array: Schema.Array,
  string: Schema.String,
  number: Schema.Number,
  optional: Schema.optionalKey,
  union: Schema.Union
}

/** What the handler gets, or the words that the model is told. */
const taken = (parameters: Tool.Codec, args: Schema.Json) => {
  let got: unknown
  const tool = Tool.make("t", { parameters, handler: (params) => Effect.sync(() => void (got = params)) })
  return tool["~rivulet/Tool"].open({ type: "tool_call", id: "call_1", name: "t", args }).pipe(
    Effect.flatMap(Stream.runDrain),
    Effect.match({ onSuccess: () => got, onFailure: String })
  )
}

interface Tree {
  readonly name: string
  readonly trees: ReadonlyArray<Tree>
}
const Tree = Schema.Struct({ name: string, trees: array(Schema.suspend((): Schema.Codec<Tree> => Tree)) })
const Item = Schema.Struct({ text: string }).annotate({ identifier: "Item" })
const a = { text: "a" }
const text = (json: unknown) => JSON.stringify(json)

describe("an object or a list that is given as JSON text is read", () => {
  for (
    const [title, parameters, args, expected] of [
      ["a list", struct({ items: array(Item) }), { items: text([a]) }, { items: [a] }],
      ["an object", struct({ item: Item }), { item: text(a) }, { item: a }],
      ["with white space around", struct({ item: Item }), { item: `\n ${text(a)} ` }, { item: a }],
      ["within a list", struct({ items: array(Item) }), { items: [text(a), a] }, { items: [a, a] }],
      ["text within text", struct({ items: array(Item) }), { items: text([text(a)]) }, { items: [a] }],
      ["all arguments", struct({ items: array(Item) }), text({ items: text([a]) }), { items: [a] }],
      ["of an optional key", struct({ item: optional(Item) }), { item: text(a) }, { item: a }],
      ["with nulls for absent keys", struct({ o: struct({ n: optional(number) }) }), { o: text({ n: null }) }, {
        o: {}
      }],
      ["with an integer of any length", struct({ o: struct({ id: Schema.BigInt }) }), {
        o: `{"id":2512292042121000001}`
      }, { o: { id: 2512292042121000001n } }],
      ["of a union", struct({ o: union([Item, array(Item), number]) }), { o: text([a]) }, { o: [a] }],
      ["within a member of a union", struct({ o: union([struct({ n: number }), struct({ xs: array(string) })]) }), {
        o: { xs: text(["x"]) }
      }, { o: { xs: ["x"] } }],
      ["of a record", struct({ o: Schema.Record(string, array(number)) }), { o: { x: "[1]" } }, { o: { x: [1] } }],
      ["of a tuple", struct({ o: Schema.Tuple([string, array(number)]) }), { o: ["[1]", "[1]"] }, { o: ["[1]", [1]] }],
      ["of a recursive schema", Tree, { name: "[]", trees: text([{ name: "b", trees: "[]" }]) }, {
        name: "[]",
        trees: [{ name: "b", trees: [] }]
      }]
    ] as const
  ) {
    it.effect(title, () => Effect.map(taken(parameters, args), (got) => assert.deepStrictEqual(got, expected)))
  }
})

describe("a text stays one", () => {
  for (
    const [title, parameters, args, expected] of [
      ["where the schema says so", struct({ s: string }), { s: "[1]" }, { s: "[1]" }],
      ["where the schema allows it", struct({ s: union([array(number), string]) }), { s: "[1]" }, { s: "[1]" }],
      ["where the schema allows anything", struct({ s: Schema.Json }), { s: "{}" }, { s: "{}" }],
      ["where it is decoded", struct({ s: Schema.fromJsonString(array(number)) }), { s: "[1]" }, { s: [1] }],
      ["if it is no JSON", struct({ s: array(number) }), { s: "[1" }, "Expected array"],
      ["if it is JSON of another kind", struct({ s: array(number) }), { s: "{}" }, "Expected array"],
      [
        "if it is nested too deeply",
        struct({ s: array(Schema.Json) }),
        { s: "[".repeat(9999) + "]".repeat(9999) },
        "Expected array"
      ],
      ["if a number or nothing is wanted", struct({ n: Schema.NullOr(number) }), { n: "[1]" }, "Expected number"]
    ] as const
  ) {
    it.effect(
      title,
      () =>
        Effect.map(
          taken(parameters, args),
          (got) => typeof expected === "string" ? assert.include(got, expected) : assert.deepStrictEqual(got, expected)
        )
    )
  }

  it.effect("and an integer inside that a number cannot hold is told", () =>
    Effect.map(
      taken(struct({ o: struct({ id: number }) }), { o: `{"id":2512292042121000001}` }),
      (got) => assert.include(got, "2512292042121000001")
    ))

  it.effect("and what does not fit inside is named", () =>
    Effect.map(
      taken(struct({ items: array(Item) }), { items: `[{"text":1}]` }),
      (got) => assert.include(got, `["items"][0]["text"]`)
    ))
})

it.effect("an object of a model is read in the same way", () =>
  Effect.map(
    ChatModel.generateObject("Hi", { schema: struct({ items: array(Item) }), method: "tool" }),
    ({ value }) => assert.deepStrictEqual(value, { items: [a] })
  ).pipe(Effect.provide(ScriptedChatModel.layer([
    ScriptedChatModel.toolCalls([{ name: "answer", args: { items: text([a]) } }])
  ]))))

describe("null, an empty list and an empty text are no arguments", () => {
  const none = [null, [], "", " \n"]
  for (const args of none) {
    it.effect(JSON.stringify(args), () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* taken(struct({}), args), {})
        assert.deepStrictEqual(yield* taken(struct({ n: optional(number) }), args), {})
        assert.deepStrictEqual(yield* taken(Schema.Record(string, number), args), {})
        assert.include(yield* taken(struct({ n: number }), args), "The arguments do not fit the schema")
      }))
  }

  it.effect("but not other values", () =>
    Effect.gen(function*() {
      for (const args of [0, false, "none", [null]]) {
        assert.include(yield* taken(struct({ n: optional(number) }), args), "The arguments do not fit the schema")
      }
    }))
})

const Value = struct({
  o: struct({ l: array(struct({ s: string, n: Schema.Int })), r: Schema.Record(string, string) })
})
it.effect.prop("arguments are the same, whichever objects and lists are given as text", [
  Value,
  Schema.Array(Schema.Boolean)
], ([
  value,
  choices
]) => {
  let at = 0
  const cloaked = (json: unknown, root = false): Schema.Json => {
    const inner = Array.isArray(json)
      ? json.map((each) => cloaked(each))
      : typeof json === "object" && json !== null
      ? Object.fromEntries(Object.entries(json).map(([key, each]) => [key, cloaked(each)]))
      : json as Schema.Json // the values are JSON
    return !root && typeof inner === "object" && choices[at++ % (choices.length || 1)] === true ? text(inner) : inner
  }
  return Effect.map(taken(Value, cloaked(value, true)), (got) => assert.strictEqual(text(got), text(value)))
})
