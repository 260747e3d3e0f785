import type * as JsonSchema from "effect/JsonSchema"

type Node = JsonSchema.JsonSchema

export const isJsonSchema = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Keywords of which the value is a schema, a list of them, or schemas by name. */
const one = new Set(["items", "additionalProperties", "propertyNames", "not", "contains", "if", "then", "else"])
const many = new Set(["anyOf", "oneOf", "allOf", "prefixItems"])
const named = new Set(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"])

/** Rewrites a schema and all in it, the innermost first. Its definitions are in it; nothing is followed. */
export const mapNodes = (schema: Node, f: (node: Node) => Node): Node => {
  const inner = (value: unknown): unknown => isJsonSchema(value) ? mapNodes(value, f) : value
  return f(mapEntries(schema, (value, key) =>
    one.has(key)
      ? inner(value)
      : many.has(key) && Array.isArray(value)
      ? value.map(inner)
      : named.has(key) && isJsonSchema(value)
      ? mapEntries(value, inner)
      : value))
}

/** Rewrites the values of an object; a key may be `__proto__`. */
export const mapEntries = (object: Node, f: (value: unknown, key: string) => unknown): Node =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, f(value, key)]))

const lower = new Set(["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"])
const upper = new Set(["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"])
const words = new Set(["title", "examples", "default", "readOnly", "writeOnly", "deprecated"])
/** These say something only together with others beside them, so they stay where they are. */
const together = new Set([
  "properties",
  "patternProperties",
  "additionalProperties",
  "prefixItems",
  "items",
  "contains"
])

/** Puts the members of `allOf` into the schema itself, as far as nothing contradicts. */
export const mergeAllOf = (node: Node): Node => {
  if (!Array.isArray(node["allOf"])) return node
  const { allOf: members, ...rest } = node
  let merged: Node = rest
  const left: Array<unknown> = []
  for (const member of members as ReadonlyArray<unknown>) {
    const both = isJsonSchema(member) ? merge(merged, member) : undefined
    if (both === undefined) left.push(member)
    else merged = both
  }
  return left.length === 0 ? merged : { ...merged, allOf: left }
}

const merge = (self: Node, that: Node): Node | undefined => {
  const out: { [key: string]: unknown } = { ...self }
  const structural = Object.keys(self).some((key) => together.has(key))
  for (const [key, value] of Object.entries(that)) {
    const before = out[key]
    if (together.has(key) && structural) return undefined
    if (before === undefined) out[key] = value
    else if (key === "description") out[key] = joinWords(String(before), String(value))
    else if (words.has(key)) out[key] = value
    else if (lower.has(key)) out[key] = Math.max(Number(before), Number(value))
    else if (upper.has(key)) out[key] = Math.min(Number(before), Number(value))
    else if (before !== value) return undefined
  }
  return out
}

/** Adds to a description what it does not say yet. */
export const joinWords = (self: string | undefined, that: string): string =>
  self === undefined || self === "" ? that : self.includes(that) ? self : `${self}; ${that}`
