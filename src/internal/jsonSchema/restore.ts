/**
 * Mends what models write other than their schema says: nulls that stand for absent keys, objects and lists that are
 * given as JSON text, and integers. Called by parsers, object generation and tools. It is the reverse of the dialects
 * that have no optional keys.
 */
import type * as JsonSchema from "effect/JsonSchema"
import { isDeeperThan, limitsOf, parseExact } from "../json/limits.ts"
import { definitionOf, isJsonSchema } from "./nodes.ts"

type Node = JsonSchema.JsonSchema

/**
 * Removes the nulls of optional keys: a model that must write every key, or prefers to, writes null for an absent one.
 * A null that the schema allows stays. A string is read as JSON where the schema wants an object or a list and takes no
 * string. An integer is a string where the schema wants the digits of one, as `Schema.BigInt` does. If there is nothing
 * to mend, the same value is returned.
 *
 * A value that Effect would take for another one than the model wrote stays, or becomes one, that no schema takes: a
 * bigint where a number is wanted, which would be rounded, and a symbol for `"NaN"` and `"Infinity"`.
 */
export const restore = (json: unknown, schema: Node): unknown => new Restoration(schema).value(json, schema)

class Restoration {
  private readonly schema: Node

  constructor(schema: Node) {
    this.schema = schema
  }

  value(json: unknown, schema: unknown): unknown {
    const node = isJsonSchema(schema) ? schema : anything
    if (typeof json === "string") return this.text(json, node)
    if (typeof json === "number" || typeof json === "bigint") return this.integer(json, node)
    if (typeof json !== "object" || json === null) return json
    const { $ref, allOf, ...rest } = node
    if (typeof $ref === "string") return this.value(this.value(json, definitionOf(this.schema, $ref)), rest)
    if (Array.isArray(allOf)) return [...allOf, rest].reduce((value, member) => this.value(value, member), json)
    const options = node["anyOf"] ?? node["oneOf"]
    if (Array.isArray(options)) {
      const option: unknown = options.find((option) => this.mayBe(json, option))
      return option === undefined ? json : this.value(json, option)
    }
    return Array.isArray(json) ? this.list(json, node) : this.object(json as { [key: string]: unknown }, node)
  }

  private integer(json: number | bigint, node: Node): unknown {
    const isNumber = typeof json === "number" && (this.takes("number", node) || !Number.isInteger(json))
    if (isNumber) return json
    if (this.takesDigits(node)) return String(BigInt(json))
    // Where any JSON is wanted, it is what `JSON.parse` gives.
    return anyKeys.some((key) => key in node) ? json : Number(json)
  }

  /** Whether a schema takes the digits of an integer, as a string. */
  private takesDigits(node: unknown): boolean {
    if (!isJsonSchema(node)) return false
    const { $ref, allOf, anyOf, oneOf, pattern } = node
    if (typeof $ref === "string") return this.takesDigits(definitionOf(this.schema, $ref))
    const members = [allOf, anyOf, oneOf].flatMap((each) => Array.isArray(each) ? each : [])
    return pattern === digits || members.some((member) => this.takesDigits(member))
  }

  private text(text: string, node: Node): unknown {
    if (notFinite.test(text) && this.takes("number", node) && !this.takes("string", node)) return Symbol(text)
    if (!/^\s*[[{]/.test(text) || this.takes("string", node)) return text
    const json = parse(text)
    const kind = Array.isArray(json) ? "array" : "object"
    return json !== undefined && this.takes(kind, node) ? this.value(json, node) : text
  }

  /** Whether a schema takes values of a type. */
  private takes(kind: "string" | "number" | "boolean" | "array" | "object", node: unknown): boolean {
    if (!isJsonSchema(node)) return node !== false
    const { $ref, allOf, const: constant, enum: values, type } = node
    if (typeof $ref === "string") return this.takes(kind, definitionOf(this.schema, $ref))
    if (Array.isArray(allOf) && !allOf.every((member) => this.takes(kind, member))) return false
    const options = node["anyOf"] ?? node["oneOf"]
    if (Array.isArray(options)) return options.some((option) => this.takes(kind, option))
    if (constant !== undefined) return isOf(kind, constant)
    if (Array.isArray(values)) return values.some((value) => isOf(kind, value))
    return type === undefined ||
      [type].flat().some((each) => each === kind || (each === "integer" && kind === "number"))
  }

  private list(json: ReadonlyArray<unknown>, { items, prefixItems }: Node): unknown {
    const first = Array.isArray(prefixItems) ? prefixItems : []
    return mapOrSame(json, (value, i) => this.value(value, i < first.length ? first[i] : items))
  }

  private object(json: { readonly [key: string]: unknown }, node: Node): unknown {
    const { additionalProperties, properties, required } = node
    const known = isJsonSchema(properties) ? properties : {}
    const names = Array.isArray(required) ? required : []
    const entries = Object.entries(json)
    const kept = entries.filter(([key, value]) =>
      value !== null || !Object.hasOwn(known, key) || names.includes(key) || this.mayBe(null, known[key])
    )
    const values = kept.map(([key, value]) =>
      this.value(value, Object.hasOwn(known, key) ? known[key] : additionalProperties)
    )
    return kept.length === entries.length && values.every((value, i) => value === kept[i]![1])
      ? json
      : Object.fromEntries(kept.map(([key], i) => [key, values[i]]))
  }

  /** Whether a value may fit a schema, judged by its type, its keys and their literals only. */
  private mayBe(json: unknown, node: unknown): boolean {
    if (!isJsonSchema(node)) return node !== false
    const { $ref, anyOf, const: constant, enum: values, not, oneOf, properties, required, type } = node
    if (typeof $ref === "string") return this.mayBe(json, definitionOf(this.schema, $ref))
    const options = anyOf ?? oneOf
    if (Array.isArray(options)) return options.some((option) => this.mayBe(json, option))
    if ((typeof json === "number" || typeof json === "bigint") && this.takesDigits(node)) return true
    if (constant !== undefined && constant !== json) return false
    if (Array.isArray(values) && !values.includes(json)) return false
    if (not !== undefined || (type !== undefined && ![type].flat().some((each) => isOf(each, json)))) return false
    if (typeof json !== "object" || json === null || Array.isArray(json) || !isJsonSchema(properties)) return true
    const object = json as { readonly [key: string]: unknown }
    if (Array.isArray(required) && required.some((key) => !Object.hasOwn(object, key))) return false
    if (node["additionalProperties"] === false && Object.keys(object).some((key) => !Object.hasOwn(properties, key))) {
      return false
    }
    return Object.entries(properties).every(([key, property]) => {
      const value = object[key]
      // A text may be the JSON of an object or a list.
      const read = typeof value === "string" && isJsonSchema(property) ? this.text(value, property) : value
      return typeof read === "object" || read === undefined || this.mayBe(read, property)
    })
  }
}

const anything: Node = {}

/** The keywords without which a schema takes anything. */
const anyKeys = ["$ref", "allOf", "anyOf", "const", "enum", "oneOf", "type"]

/** The pattern of `Schema.BigInt`. */
const digits = "^-?\\d+$"

/** The strings that Effect reads as numbers. */
const notFinite = /^(?:NaN|-?Infinity)$/

/** Whether a value has a JSON Schema type. Any number may be an `integer`: decoding checks that. */
const isOf = (type: unknown, json: unknown): boolean =>
  type === (json === null ? "null" : Array.isArray(json) ? "array" : typeof json) ||
  ((type === "integer" || type === "number") && (typeof json === "number" || typeof json === "bigint"))

/** The object or list of a JSON text, or `undefined`. A deep one is not read, as decoding it could overflow the stack. */
const parse = (text: string): unknown => {
  if (isDeeperThan(text, limitsOf(undefined).maxDepth)) return undefined
  try {
    return parseExact(text)
  } catch {
    return undefined
  }
}

const mapOrSame = (values: ReadonlyArray<unknown>, f: (value: unknown, i: number) => unknown): unknown => {
  const mapped = values.map(f)
  return mapped.every((value, i) => value === values[i]) ? values : mapped
}
