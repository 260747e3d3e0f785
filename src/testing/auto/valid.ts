/**
 * Checks a JSON value against a JSON Schema (draft 2020-12, and the older forms of tuples and bounds). The generator uses
 * it for what it cannot build right at once: `not`, `oneOf`, `if`, lookarounds. `format` is not checked.
 *
 * @internal
 */
import type * as JsonSchema from "effect/JsonSchema"
import { isObject } from "../../internal/json/object.ts"
import { definitionOf, isJsonSchema, withPrefixItems } from "../../internal/jsonSchema/nodes.ts"

type Node = JsonSchema.JsonSchema

/** A reference that is being followed for a value. */
type Followed = readonly [target: unknown, value: unknown]

/** Whether a value fits a schema, whose references are to `root`. A reference that leads back to itself fits nothing. */
export const isValid = (
  root: Node,
  schema: unknown,
  value: unknown,
  around: ReadonlyArray<Followed> = []
): boolean => {
  if (schema === false) return false
  if (!isJsonSchema(schema)) return true
  const node = withPrefixItems(schema)
  const fits = (schema: unknown, value: unknown) => isValid(root, schema, value, around)
  const { $ref } = node
  if (typeof $ref === "string") {
    const target = definitionOf(root, $ref) ?? false
    if (around.some(([schema, of]) => schema === target && of === value)) return false
    if (!isValid(root, target, value, [...around, [target, value]])) return false
  }
  if (node["type"] !== undefined && !listOf(node["type"]).some((type) => isOfType(type, value))) return false
  if ("const" in node && !isSame(node["const"], value)) return false
  if (Array.isArray(node["enum"]) && !node["enum"].some((each) => isSame(each, value))) return false
  if (!listOf(node["allOf"]).every((each) => fits(each, value))) return false
  if (Array.isArray(node["anyOf"]) && !node["anyOf"].some((each) => fits(each, value))) return false
  if (Array.isArray(node["oneOf"]) && node["oneOf"].filter((each) => fits(each, value)).length !== 1) return false
  if (node["not"] !== undefined && fits(node["not"], value)) return false
  if (node["if"] !== undefined && !fits(fits(node["if"], value) ? node["then"] : node["else"], value)) return false
  if (typeof value === "string") return isValidString(node, value)
  if (typeof value === "number") return isValidNumber(node, value)
  if (Array.isArray(value)) return isValidList(node, value, fits)
  return !isObject(value) || isValidObject(node, value, fits)
}

type Fits = (schema: unknown, value: unknown) => boolean

/** The members of a list; another value is a list of its own, and none is empty. */
export const listOf = (value: unknown): ReadonlyArray<unknown> =>
  value === undefined ? [] : Array.isArray(value) ? value : [value]

/** Whether a pattern matches somewhere in a text. One that is no regular expression matches nothing. */
export const matches = (pattern: unknown, text: string): boolean => patternOf(String(pattern))?.test(text) ?? false

const patterns = new Map<string, RegExp | undefined>()

const patternOf = (source: string): RegExp | undefined => {
  if (!patterns.has(source)) patterns.set(source, regExp(source, "u") ?? regExp(source, ""))
  return patterns.get(source)
}

const regExp = (source: string, flags: string): RegExp | undefined => {
  try {
    return new RegExp(source, flags)
  } catch {
    return undefined
  }
}

const isOfType = (type: unknown, value: unknown): boolean => {
  switch (type) {
    case "null":
      return value === null
    case "array":
      return Array.isArray(value)
    case "object":
      return isObject(value)
    case "integer":
      return Number.isInteger(value)
    default:
      return typeof value === type
  }
}

const isValidString = (node: Node, value: string): boolean => {
  const { maxLength = Infinity, minLength = 0, pattern } = node
  const length = [...value].length
  return length >= Number(minLength) && length <= Number(maxLength) &&
    (pattern === undefined || matches(pattern, value))
}

const isValidNumber = (node: Node, value: number): boolean => {
  const { exclusiveMaximum, exclusiveMinimum, maximum = Infinity, minimum = -Infinity, multipleOf } = node
  const above = exclusiveMinimum === true ? value > Number(minimum) : value >= Number(minimum)
  const below = exclusiveMaximum === true ? value < Number(maximum) : value <= Number(maximum)
  return above && below &&
    !(typeof exclusiveMinimum === "number" && value <= exclusiveMinimum) &&
    !(typeof exclusiveMaximum === "number" && value >= exclusiveMaximum) &&
    !(typeof multipleOf === "number" && !Number.isInteger(value / multipleOf))
}

const isValidList = (node: Node, value: ReadonlyArray<unknown>, fits: Fits): boolean => {
  const { contains, items, maxContains = Infinity, maxItems = Infinity, minContains = 1, minItems = 0 } = node
  const first = listOf(node["prefixItems"])
  if (value.length < Number(minItems) || value.length > Number(maxItems)) return false
  if (!value.every((each, i) => fits(i < first.length ? first[i] : items, each))) return false
  if (node["uniqueItems"] === true && new Set(value.map(canonical)).size < value.length) return false
  const found = contains === undefined ? 0 : value.filter((each) => fits(contains, each)).length
  return contains === undefined || (found >= Number(minContains) && found <= Number(maxContains))
}

const isValidObject = (node: Node, value: { readonly [key: string]: unknown }, fits: Fits): boolean => {
  const { maxProperties = Infinity, minProperties = 0, propertyNames } = node
  const keys = Object.keys(value)
  if (keys.length < Number(minProperties) || keys.length > Number(maxProperties)) return false
  if (!listOf(node["required"]).every((key) => Object.hasOwn(value, String(key)))) return false
  if (propertyNames !== undefined && !keys.every((key) => fits(propertyNames, key))) return false
  if (!keys.every((key) => schemasOf(node, key).every((schema) => fits(schema, value[key])))) return false
  const given = (name: string) => Object.entries(objectOf(node[name])).filter(([key]) => Object.hasOwn(value, key))
  return given("dependentRequired").every(([, more]) =>
    listOf(more).every((key) => Object.hasOwn(value, String(key)))
  ) &&
    given("dependentSchemas").every(([, schema]) => fits(schema, value))
}

/** The schemas of a key of an object: its own, those of patterns, or that of all other keys. */
export const schemasOf = (node: Node, key: string): ReadonlyArray<unknown> => {
  const properties = objectOf(node["properties"])
  const own = Object.hasOwn(properties, key) ? [properties[key]] : []
  const more = Object.entries(objectOf(node["patternProperties"])).flatMap(([pattern, schema]) =>
    matches(pattern, key) ? [schema] : []
  )
  const all = [...own, ...more]
  return all.length > 0 ? all : node["additionalProperties"] === undefined ? [] : [node["additionalProperties"]]
}

/** An object, or an empty one in the place of any other value. */
export const objectOf = (value: unknown): { readonly [key: string]: unknown } => isObject(value) ? value : {}

const isSame = (self: unknown, that: unknown): boolean => self === that || canonical(self) === canonical(that)

/** A text that is the same for the same JSON, whatever the order of its keys. */
const canonical = (value: unknown): string =>
  JSON.stringify(
    value,
    (_, each: unknown) =>
      isObject(each) ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1))) : each
  )
