// The JSON values of an automatic model, checked by another implementation of JSON Schema.
import { assert, describe, it } from "@effect/vitest"
import { Ajv2020 } from "ajv/dist/2020.js"
import type { JsonSchema } from "effect"
import { Choices, Numbers } from "../../../src/testing/auto/choices.ts"
import { valueFor } from "../../../src/testing/auto/values.ts"
import { randomSchema } from "./randomSchema.ts"

type Node = JsonSchema.JsonSchema

const list: Node = {
  type: "object",
  properties: { value: { type: "number" }, next: { $ref: "#/$defs/List" } },
  required: ["value"],
  additionalProperties: false
}

const schemas: { readonly [name: string]: Node } = {
  "no keywords": {},
  "an object": {
    type: "object",
    properties: { city: { type: "string" }, days: { type: "integer", minimum: 1, maximum: 5 } },
    required: ["city"],
    additionalProperties: false
  },
  "an object without properties": { type: "object" },
  "keys without a property": { type: "object", required: ["a", "b"] },
  "a key named __proto__": JSON.parse(
    `{"type":"object","properties":{"__proto__":{"type":"number"}},"required":["__proto__"]}`
  ),
  "a map": { type: "object", additionalProperties: { type: "number" }, minProperties: 2, maxProperties: 4 },
  "a map with names": {
    type: "object",
    propertyNames: { pattern: "^[a-z]{2,4}$" },
    additionalProperties: true,
    minProperties: 1
  },
  "keys by pattern": {
    type: "object",
    patternProperties: { "^x-[a-z]+$": { type: "number" } },
    additionalProperties: false
  },
  "keys that require others": {
    type: "object",
    properties: { a: { type: "number" }, b: { type: "number" }, c: { type: "number" } },
    dependentRequired: { a: ["b"], b: ["c"] }
  },
  "a key that asks for a schema": {
    type: "object",
    properties: { card: { type: "string" } },
    dependentSchemas: { card: { properties: { address: { type: "string" } }, required: ["address"] } }
  },
  "a string of a length": { type: "string", minLength: 20, maxLength: 30 },
  "a string of one character": { type: "string", minLength: 1, maxLength: 1 },
  "a pattern": { type: "string", pattern: "^[A-Z]{2}-\\d{3,5}$" },
  "a pattern without ends": { type: "string", pattern: "\\d+", minLength: 5 },
  "a pattern with a lookahead": { type: "string", pattern: "^(?=.*[0-9])[a-z0-9]{4,8}$" },
  "a pattern with everything": {
    type: "string",
    pattern: "^(?:(a|b)|[^a-z\\s]{2}|\\u0041\\x42\\w\\W?)(?<name>\\.\\d{1,2})*\\p{Lu}?[\\d\\-_.]+$"
  },
  "a number with bounds": { type: "number", minimum: -1, exclusiveMaximum: 1 },
  "a number in a gap": { type: "number", exclusiveMinimum: 0, exclusiveMaximum: 1 },
  "a multiple": { type: "number", multipleOf: 0.5, minimum: 3, exclusiveMaximum: 9 },
  "an integer multiple": { type: "integer", multipleOf: 7, exclusiveMinimum: 14 },
  "a large integer": { type: "integer", minimum: 1_000_000_000_000 },
  "some literals": { enum: ["a", 1, null, { deep: [1] }] },
  "literals of a type": { type: "string", enum: ["a", 1, "b"] },
  "a constant": { const: { x: [1, null] } },
  "several types": { type: ["string", "null", "array"] },
  "a list": { type: "array", items: { type: "boolean" }, minItems: 2, maxItems: 3 },
  "a set": { type: "array", items: { enum: ["a", "b", "c"] }, uniqueItems: true, minItems: 3 },
  "a tuple": { type: "array", prefixItems: [{ type: "string" }, { type: "number" }], items: false, minItems: 2 },
  "a tuple with a rest": { type: "array", prefixItems: [{ const: 1 }], items: { type: "string" }, minItems: 3 },
  "a list that contains": { type: "array", contains: { type: "number", minimum: 9 }, minContains: 2, maxContains: 3 },
  "one of two": {
    oneOf: [
      { type: "object", properties: { kind: { const: "a" }, x: { type: "number" } }, required: ["kind", "x"] },
      { type: "object", properties: { kind: { const: "b" } }, required: ["kind"] }
    ]
  },
  "exactly one": { oneOf: [{ type: "number", multipleOf: 2 }, { type: "number", multipleOf: 3 }] },
  "any of some, beside others": {
    type: "object",
    properties: { a: { type: "number" }, b: { type: "string" } },
    anyOf: [{ required: ["a"] }, { required: ["b"] }]
  },
  "two unions": {
    allOf: [{ anyOf: [{ type: "string" }, { type: "number" }] }, { anyOf: [{ type: "number" }, { type: "null" }] }]
  },
  "all of two": {
    allOf: [
      { type: "object", properties: { a: { type: "string" } }, required: ["a"] },
      { type: "object", properties: { a: { minLength: 3 }, b: { type: "integer" } }, required: ["b"] }
    ]
  },
  "not": { type: "object", properties: { a: { type: "number" }, b: { type: "number" } }, not: { required: ["a"] } },
  "not a word": { type: "string", not: { enum: ["", "a"] } },
  // A literal with the key "then" would look like a promise.
  "a condition": JSON.parse(`{
    "type": "object",
    "properties": { "country": { "enum": ["US", "CH"] }, "code": { "type": "string" } },
    "required": ["country", "code"],
    "if": { "properties": { "country": { "const": "US" } } },
    "then": { "properties": { "code": { "pattern": "^[0-9]{5}$" } } },
    "else": { "properties": { "code": { "pattern": "^[0-9]{4}$" } } }
  }`),
  "recursion": { ...list, $defs: { List: list } },
  "recursion through the root": { type: "object", properties: { children: { type: "array", items: { $ref: "#" } } } },
  "wide recursion": {
    $defs: {
      Tree: {
        anyOf: [
          {
            type: "object",
            properties: { left: { $ref: "#/$defs/Tree" }, right: { $ref: "#/$defs/Tree" } },
            required: ["left", "right"]
          },
          { type: "array", items: { $ref: "#/$defs/Tree" }, minItems: 2 },
          { type: "number" }
        ]
      }
    },
    $ref: "#/$defs/Tree"
  },
  "two that need each other": {
    $defs: {
      A: { type: "object", properties: { b: { $ref: "#/$defs/B" } }, required: ["b"] },
      B: { type: "array", items: { $ref: "#/$defs/A" } }
    },
    $ref: "#/$defs/A"
  },
  "definitions of old": {
    type: "object",
    properties: { a: { $ref: "#/definitions/A" } },
    required: ["a"],
    definitions: { A: { type: "string" } }
  },
  "a reference with siblings": {
    $ref: "#/$defs/Name",
    maxLength: 3,
    $defs: { Name: { type: "string", minLength: 2 } }
  },
  "keys of two closed objects": {
    allOf: [
      {
        type: "object",
        properties: { a: { type: "number" } },
        required: ["a"],
        additionalProperties: { type: "number" }
      },
      { type: "object", properties: { a: { minimum: 3 }, b: true }, additionalProperties: false }
    ]
  }
}

const ajv = new Ajv2020({ strict: false, validateFormats: false, logger: false })

const numbered = (seed: number, limit = Infinity) => new Choices({ seed, limit, fixed: new Map() }, 1)

describe("a value fits its schema", () => {
  for (const [name, schema] of Object.entries(schemas)) {
    it(name, () => {
      const validate = ajv.compile(schema)
      const seen = new Set<string>()
      for (let seed = 0; seed < 300; seed++) {
        // A turn that is being shrunk has few numbers.
        const value = valueFor(schema, numbered(seed, seed % 3 === 0 ? seed % 10 : Infinity), 4)
        assert.isDefined(value, `no value for seed ${seed}`)
        const text = JSON.stringify(value)
        assert.isTrue(validate(JSON.parse(text)), `${text} ${ajv.errorsText(validate.errors)}`)
        assert.notMatch(JSON.stringify(value), /\\ud[89a-f]/, "half a surrogate pair")
        seen.add(text)
      }
      if (!("const" in schema)) assert.isAbove(seen.size, 1, "all values are the same")
    })
  }

  it("the simplest numbers give a simple value", () => {
    const simplest = (schema: Node) => valueFor(schema, numbered(1, 0), 4)
    assert.deepStrictEqual(simplest({ type: "integer", minimum: -3 }), 0)
    assert.deepStrictEqual(simplest({ type: "integer", minimum: 3 }), 3)
    assert.deepStrictEqual(simplest({ type: "string" }), "")
    assert.deepStrictEqual(simplest({ type: "array", items: { type: "string", minLength: 1 }, minItems: 1 }), ["a"])
    assert.deepStrictEqual(simplest(schemas["an object"]!), { city: "" })
  })

  for (
    const [name, schema] of Object.entries<Node>({
      "false": { type: "object", properties: { a: false }, required: ["a"] },
      "bounds that cross": { type: "integer", minimum: 3, maximum: 2 },
      "types without a common one": { allOf: [{ type: "string" }, { type: "number" }] },
      "recursion without an end": { type: "object", properties: { a: { $ref: "#" } }, required: ["a"] },
      "a reference to itself": { $ref: "#" },
      "a reference to nothing": { $ref: "#/$defs/Missing" }
    })
  ) {
    it(`there is none for ${name}`, () => {
      assert.isUndefined(valueFor(schema, numbered(1), 4))
    })
  }
})

describe("a random schema", () => {
  it("has values that fit, or none", () => {
    let found = 0
    for (let i = 1; i <= 40; i++) {
      const schema = randomSchema(new Numbers(i))
      const validate = new Ajv2020({ strict: false }).compile(schema)
      for (const [seed, limit] of [0, 3, 20, Infinity, Infinity].entries()) {
        const value = valueFor(schema, numbered(seed, limit), 4)
        if (value === undefined) break
        assert.isTrue(validate(value), `${JSON.stringify(value)} of ${JSON.stringify(schema)}`)
        found++
      }
    }
    // About every seventh of these schemas contradicts itself.
    assert.isAbove(found, 140)
  })
})

describe("a string has its format", () => {
  const forms: { readonly [format: string]: RegExp } = {
    "date-time": /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
    date: /^\d{4}-\d\d-\d\d$/,
    time: /^\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
    email: /^[\w.-]+@[\w.-]+$/,
    uuid: /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
    ipv4: /^(\d{1,3}\.){3}\d{1,3}$/,
    uri: /^https?:\/\/\S+$/
  }
  for (const [format, form] of Object.entries(forms)) {
    it(format, () => {
      for (let seed = 0; seed < 200; seed++) {
        const text = String(valueFor({ type: "string", format }, numbered(seed), 4))
        assert.match(text, form)
        if (format.startsWith("date")) assert.isFalse(Number.isNaN(Date.parse(text)), text)
        if (format === "uri") assert.isTrue(URL.canParse(text), text)
      }
    })
  }
})
