/**
 * Merges the references, `allOf` and siblings of a JSON Schema into one node, so that a value can be built for it. What
 * cannot be merged exactly is checked after the value is built; `needsCheck` says so.
 *
 * @internal
 */
import type * as JsonSchema from "effect/JsonSchema"
import { definitionOf, isJsonSchema, withPrefixItems } from "../../internal/jsonSchema/nodes.ts"
import { listOf, objectOf, schemasOf } from "./valid.ts"

type Node = JsonSchema.JsonSchema

/** A schema without references and `allOf` at its root. */
export interface Flat {
  /** All keywords but `allOf`, `anyOf`, `oneOf`, `$ref`, `if`, `then` and `else`. */
  readonly node: Node
  /** Lists of schemas. A value fits one of each list. */
  readonly unions: ReadonlyArray<ReadonlyArray<unknown>>
  /** Conditions, with the schemas that follow. */
  readonly conditions: ReadonlyArray<Condition>
  /** Whether a value that is built for it may still be wrong. */
  readonly needsCheck: boolean
}

/** A condition. A value that fits `if` fits `yes`, and another value `no`. */
export interface Condition {
  readonly if: unknown
  readonly yes: unknown
  readonly no: unknown
}

const anything: Flat = { node: {}, unions: [], conditions: [], needsCheck: false }

const checked = [
  "not",
  "contains",
  "propertyNames",
  "uniqueItems",
  "multipleOf",
  "minProperties",
  "maxProperties",
  "dependentRequired",
  "dependentSchemas",
  "pattern",
  "patternProperties"
]

/** Flattens a schema. `undefined`: no value fits it. `around` are the schemas that are being flattened. */
export const flatten = (root: Node, schema: unknown, around: ReadonlyArray<unknown> = []): Flat | undefined => {
  // A schema that is a part of itself, and not of an item or a property, has no value.
  if (schema === false || around.includes(schema)) return undefined
  if (!isJsonSchema(schema)) return anything
  const { $ref, allOf, anyOf, else: no, if: condition, oneOf, then: yes, ...node } = withPrefixItems(schema)
  const own: Flat = {
    node,
    unions: [anyOf, oneOf].flatMap((union) => Array.isArray(union) ? [union] : []),
    conditions: condition === undefined ? [] : [{ if: condition, yes, no }],
    needsCheck: oneOf !== undefined || condition !== undefined || checked.some((key) => key in node)
  }
  const target = typeof $ref === "string" ? [definitionOf(root, $ref) ?? false] : []
  return [...target, ...listOf(allOf)].reduce<Flat | undefined>(
    (flat, member) => flat && both(flat, flatten(root, member, [...around, schema])),
    own
  )
}

/** The schema of what fits both. */
export const both = (self: Flat, that: Flat | undefined): Flat | undefined => {
  const node = that && bothNodes(self.node, that.node)
  return node && {
    node,
    unions: [...self.unions, ...that.unions],
    conditions: [...self.conditions, ...that.conditions],
    // A part that one of them lacks is merged exactly.
    needsCheck: self.needsCheck || that.needsCheck ||
      (Object.keys(self.node).length > 0 && Object.keys(that.node).length > 0)
  }
}

const lower = new Set(["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"])
const upper = new Set(["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"])
const ofKeys = new Set(["properties", "patternProperties", "additionalProperties"])
const ofItems = new Set(["prefixItems", "items"])

const bothNodes = (self: Node, that: Node): Node | undefined => {
  if (Object.keys(self).length === 0) return that
  const out: { [key: string]: unknown } = { ...self }
  for (const [key, value] of Object.entries(that)) {
    const before = out[key]
    if (before === undefined) out[key] = value
    else if (lower.has(key)) out[key] = Math.max(Number(before), Number(value))
    else if (upper.has(key)) out[key] = Math.min(Number(before), Number(value))
    else if (key === "type") {
      const types = bothTypes(listOf(before), listOf(value))
      if (types.length === 0) return undefined
      out[key] = types
    } else if (key === "enum") {
      const others = new Set(listOf(value).map((each) => JSON.stringify(each)))
      out[key] = listOf(before).filter((each) => others.has(JSON.stringify(each)))
    } else if (key === "required") out[key] = [...new Set([...listOf(before), ...listOf(value)])]
    else if (key === "propertyNames") out[key] = { allOf: [before, value] }
    else if (key === "multipleOf") out[key] = commonMultiple(Number(before), Number(value))
    else if (key === "uniqueItems") out[key] = before === true || value === true
    // Of anything else one stands, and the value is checked.
  }
  if ([...ofKeys].some((key) => key in that)) Object.assign(out, bothObjects(self, that))
  if ([...ofItems].some((key) => key in that)) Object.assign(out, bothLists(self, that))
  return out
}

const bothTypes = (self: ReadonlyArray<unknown>, that: ReadonlyArray<unknown>): ReadonlyArray<unknown> => [
  ...new Set(self.flatMap((type) =>
    that.includes(type) || (type === "integer" && that.includes("number"))
      ? [type]
      : type === "number" && that.includes("integer")
      ? ["integer"]
      : []
  ))
]

const commonMultiple = (self: number, that: number): number => {
  const divisor = (a: number, b: number): number => b === 0 ? a : divisor(b, a % b)
  return Number.isInteger(self) && Number.isInteger(that) ? self * that / divisor(self, that) : Math.max(self, that)
}

/** A schema that allows what all of these allow. */
const all = (schemas: ReadonlyArray<unknown>): unknown =>
  schemas.includes(false) ? false : schemas.length === 1 ? schemas[0] : { allOf: schemas }

const bothObjects = (self: Node, that: Node): Node => {
  const keys = new Set([...Object.keys(objectOf(self["properties"])), ...Object.keys(objectOf(that["properties"]))])
  const rest = [self["additionalProperties"], that["additionalProperties"]].filter((each) => each !== undefined)
  const patterns = [self, that].flatMap((node) => Object.entries(objectOf(node["patternProperties"])))
  return {
    properties: Object.fromEntries(
      [...keys].map((key) => [key, all([...schemasOf(self, key), ...schemasOf(that, key)])])
    ),
    ...(rest.length === 0 ? undefined : { additionalProperties: all(rest) }),
    ...(patterns.length === 0 ? undefined : { patternProperties: Object.fromEntries(patterns) })
  }
}

const bothLists = (self: Node, that: Node): Node => {
  const [first, second] = [listOf(self["prefixItems"]), listOf(that["prefixItems"])]
  const schemas = (node: Node, prefix: ReadonlyArray<unknown>, i: number) =>
    i < prefix.length ? [prefix[i]] : node["items"] === undefined ? [] : [node["items"]]
  const length = Math.max(first.length, second.length)
  const rest = [self["items"], that["items"]].filter((each) => each !== undefined)
  return {
    prefixItems: Array.from({ length }, (_, i) => all([...schemas(self, first, i), ...schemas(that, second, i)])),
    ...(rest.length === 0 ? undefined : { items: all(rest) })
  }
}
