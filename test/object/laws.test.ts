// What a schema encodes comes back from a model, whatever the schema, the method and the cuts.
import { assert, it } from "@effect/vitest"
import { Ajv2020 } from "ajv/dist/2020.js"
import type { ValidateFunction } from "ajv/dist/2020.js"
import { Arbitrary, Effect, Result, Schema, Stream } from "effect"
import type { JsonSchema } from "effect"
import { AIMessageChunk, ChatModel } from "rivulet"
import { toDialect } from "rivulet/internal/jsonSchema/dialect"
import { strictDialect } from "rivulet/providers/wires/openai/strictDialect"
import { ScriptedChatModel } from "rivulet/Testing"

type Codec = Schema.Codec<unknown, unknown>

/** One of these, as the schema of the choice is. */
const oneOf = <A>(options: ReadonlyArray<A>): Arbitrary.Arbitrary<A> =>
  Arbitrary.map(
    Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: options.length - 1 }))),
    (i) => options[i]!
  )

const leaves: ReadonlyArray<Codec> = [
  Schema.String,
  Schema.NonEmptyString,
  Schema.String.pipe(Schema.brand("Id")),
  Schema.Int,
  Schema.Finite,
  Schema.Finite.check(Schema.isBetween({ minimum: 1, maximum: 5 })),
  Schema.Boolean,
  Schema.Null,
  Schema.Date,
  Schema.BigInt,
  Schema.Uint8Array,
  Schema.Literals(["a", "b", 3]),
  Schema.FiniteFromString,
  Schema.DateTimeUtc
]

const fieldName = oneOf(["a", "b", "the name", "c\"'\\"])

/** A list whose items hold the item and more of them. */
const treeOf = (item: Codec): Codec => {
  interface Tree {
    readonly item: unknown
    readonly kids: ReadonlyArray<Tree>
  }
  const Tree: Schema.Codec<Tree, unknown> = Schema.Struct({
    item,
    kids: Schema.Array(Schema.suspend((): Schema.Codec<Tree, unknown> => Tree))
  })
  return Tree
}

const containers: ReadonlyArray<(inner: Codec, other: Codec, key: string) => Codec> = [
  (inner) => Schema.Array(inner),
  (inner) => Schema.Record(Schema.String, inner),
  (inner) => Schema.NullOr(inner),
  (inner) => Schema.Option(inner),
  (inner, other) => Schema.Tuple([inner, other]),
  (inner, other, key) => Schema.Struct({ [key]: Schema.optionalKey(inner), z: other }),
  (inner, other, key) => Schema.Struct({ [key]: inner, z: Schema.optional(other) }),
  (inner, other) =>
    Schema.Union([
      Schema.TaggedStruct("A", { value: Schema.optionalKey(inner) }),
      Schema.TaggedStruct("B", { value: other })
    ]),
  treeOf
]

const codecs = (depth: number): Arbitrary.Arbitrary<Codec> =>
  depth === 0
    ? oneOf(leaves)
    : Arbitrary.flatMap(
      Arbitrary.all({
        container: oneOf(containers),
        inner: codecs(depth - 1),
        other: oneOf(leaves),
        key: fieldName
      }),
      ({ container, inner, key, other }) => oneOf([container(inner, other, key), inner])
    )

const cases = Arbitrary.flatMap(codecs(3), (schema) =>
  Arbitrary.map(
    Arbitrary.all({
      value: Arbitrary.schema(schema),
      cuts: Arbitrary.array(Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 30 }))))
    }),
    // As a function the schema is not printed.
    ({ cuts, value }) => ({ schema: () => schema, value, cuts })
  ))

/** A text in pieces of these lengths, and a last one. */
const cut = (text: string, lengths: ReadonlyArray<number>): ReadonlyArray<string> => {
  const pieces: Array<string> = []
  let at = 0
  for (const length of lengths) pieces.push(text.slice(at, at += length))
  return [...pieces, text.slice(at)]
}

const said = (json: string, lengths: ReadonlyArray<number>, method: ChatModel.ObjectMethod): ScriptedChatModel.Reply =>
  method !== "tool" ? ScriptedChatModel.text(cut(json, lengths)) : [
    ...cut(json, lengths).map((args, i, all) =>
      ScriptedChatModel.chunk({
        ...AIMessageChunk.empty,
        parts: [{
          type: "tool_call",
          index: 0,
          args,
          ...(i === 0 ? { id: "c", name: "answer" } : undefined),
          ...(i === all.length - 1 ? { end: true } : undefined)
        }]
      })
    ),
    ScriptedChatModel.finish("tool_calls")
  ]

/** The JSON Schema the model was asked to follow. */
const askedFor = ({ messages, options }: ChatModel.ChatRequest): JsonSchema.JsonSchema => {
  if (options.responseFormat?.type === "json_schema") return options.responseFormat.schema
  const tool = options.tools?.[0]
  if (tool !== undefined && "parameters" in tool) return tool.parameters
  const told = String(messages[0]?.content)
  return JSON.parse(told.slice(told.indexOf("{")))
}

const validators = new WeakMap<object, ValidateFunction>()

/** `$defs` are those of the root, where the schema is a part of one. */
const valid = (schema: JsonSchema.JsonSchema, json: unknown, $defs = schema["$defs"]): boolean => {
  let validator = validators.get(schema)
  if (validator === undefined) {
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    validators.set(schema, validator = ajv.compile({ ...schema, ...($defs === undefined ? undefined : { $defs }) }))
  }
  return validator(json)
}

/** Has a model answer with a value, encoded and changed by `say` in the light of the schema it is asked to follow. */
const answered = Effect.fnUntraced(function*(
  each: { readonly cuts: ReadonlyArray<number>; readonly schema: () => Codec; readonly value: unknown },
  method: ChatModel.ObjectMethod,
  say: (json: unknown, asked: JsonSchema.JsonSchema) => unknown
) {
  const { cuts, value } = each
  const schema = each.schema()
  const codec = Schema.toCodecJson(schema)
  // As text it has no negative zero any more.
  const encode = (value: unknown): unknown => JSON.parse(JSON.stringify(Schema.encodeSync(codec)(value)))
  const encoded = encode(value)
  const { model } = ScriptedChatModel.make((request) => {
    const asked = askedFor(request)
    // What is no object is asked for in one.
    const json = valid(asked, encoded) ? encoded : { value: encoded }
    assert.isTrue(valid(asked, json), JSON.stringify([asked, json]))
    const answer = say(json, asked)
    return said(JSON.stringify(answer), cuts, method)
  })
  const chunks = yield* Stream.runCollect(
    Stream.provideService(ChatModel.streamObject("Hi", { schema, method }), ChatModel.ChatModel, model)
  )
  const last = chunks.at(-1)
  assert.strictEqual(last?._tag, "Object")
  return { before: encoded, after: encode(last?.value) }
})

for (const method of ["native", "tool", "json"] as const) {
  it.effect.prop(
    `a value comes back by ${method}, and fits the JSON Schema`,
    [cases],
    ([each]) => answered(each, method, (json) => json)
  )
}

// -----------------------------------------------------------------------------
// the strict mode of OpenAI and others: every key is there, and null if it is left out
// -----------------------------------------------------------------------------

const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The keys that are missing, as null. */
const filled = (json: unknown, schema: JsonSchema.JsonSchema, root: JsonSchema.JsonSchema): unknown => {
  const { $ref, anyOf, items, properties } = schema
  if (typeof $ref === "string") {
    const key = $ref.slice($ref.lastIndexOf("/") + 1)
    return filled(json, (root["$defs"] as Record<string, JsonSchema.JsonSchema>)[key]!, root)
  }
  if (Array.isArray(anyOf)) {
    for (const option of anyOf) {
      const full = filled(json, option, root)
      if (valid(option, full, root["$defs"])) return full
    }
  }
  if (Array.isArray(json)) return json.map((item) => filled(item, items as JsonSchema.JsonSchema, root))
  if (!isObject(json) || !isObject(properties)) return json
  return Object.fromEntries(
    Object.entries(properties).map(([key, property]) => [
      key,
      Object.hasOwn(json, key) ? filled(json[key], property as JsonSchema.JsonSchema, root) : null
    ])
  )
}

const objectsIn = (schema: unknown): ReadonlyArray<JsonSchema.JsonSchema> => {
  if (Array.isArray(schema)) return schema.flatMap(objectsIn)
  if (!isObject(schema)) return []
  return [...(schema["type"] === "object" ? [schema] : []), ...Object.values(schema).flatMap(objectsIn)]
}

it.effect.prop("a value comes back by the strict mode", [cases], ([each]) =>
  Effect.gen(function*() {
    let fill = (json: unknown): unknown => json
    const { after, before } = yield* answered(each, "native", (json, asked) => {
      const strict = toDialect(asked, strictDialect("Test"))
      // Keys of any name cannot be asked for so.
      if (Result.isFailure(strict)) {
        assert.match(strict.failure.message, /any name/)
        return json
      }
      const schema = strict.success
      for (const object of objectsIn(schema)) {
        assert.strictEqual(object["additionalProperties"], false)
        assert.deepStrictEqual(object["required"], Object.keys(object["properties"] as object))
      }
      const full = filled(json, schema, schema)
      assert.isTrue(valid(schema, full), JSON.stringify([schema, full]))
      // Of a key that may be undefined, which is null in JSON, null does not tell that it was left out.
      fill = (json) => filled(valid(asked, json) ? json : { value: json }, schema, schema)
      return full
    })
    assert.deepStrictEqual(fill(after), fill(before))
  }))
