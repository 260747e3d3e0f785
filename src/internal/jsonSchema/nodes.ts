/**
 * Walking, merging and following the nodes of a JSON Schema. The other files of this folder and the parameters of tools
 * use it. It knows no provider and no Effect schema. References outside of the schema are not followed.
 */
import type * as JsonSchema from "effect/JsonSchema"
import { isObject } from "../json/object.ts"

type Node = JsonSchema.JsonSchema

/** Whether a value is a schema other than `true` or `false`. */
export const isJsonSchema: (value: unknown) => value is Node = isObject

// The keywords whose value is one schema, a list of schemas, or schemas by name.
const one = new Set(["items", "additionalProperties", "propertyNames", "not", "contains", "if", "then", "else"])
const many = new Set(["anyOf", "oneOf", "allOf", "prefixItems"])
const named = new Set(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"])

/** Rewrites every node of a schema, the innermost first, its definitions included. References are not followed. */
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

/** Rewrites the values of an object. A key may be `__proto__`. */
export const mapEntries = (object: Node, f: (value: unknown, key: string) => unknown): Node =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, f(value, key)]))

const lower = new Set(["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"])
const upper = new Set(["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"])
const words = new Set(["title", "examples", "default", "readOnly", "writeOnly", "deprecated"])
/** Keywords whose meaning depends on their siblings. They are merged only into a schema that has none of them. */
const together = new Set([
  "$ref",
  "properties",
  "patternProperties",
  "additionalProperties",
  "prefixItems",
  "items",
  "contains"
])

/** Merges the members of `allOf` into the schema itself. A member that conflicts with it stays in `allOf`. */
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

/** A tuple in the form of today: until 2019, `items` was the list and `additionalItems` the schema of the rest. */
export const withPrefixItems = (node: Node): Node => {
  if (!Array.isArray(node["items"])) return node
  const { additionalItems, items: prefixItems, ...rest } = node
  return { ...rest, prefixItems, ...(additionalItems === undefined ? undefined : { items: additionalItems }) }
}

/**
 * A tuple as an array of any of these items, with their order in the description. `schemas` are those of the items, and
 * of the rest if there may be one.
 */
export const withoutPrefixItems = (node: Node, schemas: ReadonlyArray<Node>): Node => {
  const { items: _, prefixItems: __, ...rest } = node
  const kinds = [...new Map(schemas.map((schema) => [JSON.stringify(schema), schema])).values()]
  return {
    ...rest,
    items: kinds.length > 1 ? { anyOf: kinds } : kinds[0] ?? {},
    description: joinWords(
      typeof rest["description"] === "string" ? rest["description"] : undefined,
      `items in this order: ${JSON.stringify(schemas)}`
    )
  }
}

/** Appends words to a description, unless it has them already. */
export const joinWords = (self: string | undefined, that: string): string =>
  self === undefined || self === "" ? that : self.includes(that) ? self : `${self}; ${that}`

// -----------------------------------------------------------------------------
// references
// -----------------------------------------------------------------------------

/** The node that a `$ref` (`#` or `#` and a JSON pointer) refers to, or `undefined` if the schema has none. */
export const definitionOf = (schema: Node, $ref: string): Node | undefined => {
  if (!$ref.startsWith("#")) return undefined
  let found: unknown = schema
  for (const token of $ref.slice(1).split("/").slice(1)) {
    const key = token.replaceAll("~1", "/").replaceAll("~0", "~")
    found = isJsonSchema(found) && Object.hasOwn(found, key) ? found[key] : undefined
  }
  return isJsonSchema(found) ? found : undefined
}

/** The schema with a `$ref` at its root replaced by the referenced definition. */
export const withRoot = (schema: Node): Node => {
  const seen = new Set<unknown>()
  let root = schema
  while (typeof root["$ref"] === "string" && !seen.has(root["$ref"])) {
    const { $ref, ...rest } = root
    seen.add($ref)
    const target = definitionOf(schema, String($ref))
    if (target === undefined) break
    root = { ...target, ...rest }
  }
  return root
}

/** Every `$ref` that is reachable from a node. The definitions of the node itself count only if they are referenced. */
export const refsFrom = (schema: Node, node: Node): ReadonlySet<string> => {
  const refs = new Set<string>()
  const visit = (node: Node): void => {
    const { $defs: _, definitions: __, ...parts } = node
    mapNodes(parts, (part) => {
      const { $ref } = part
      if (typeof $ref === "string" && !refs.has($ref)) {
        refs.add($ref)
        const target = definitionOf(schema, $ref)
        if (target !== undefined) visit(target)
      }
      return part
    })
  }
  visit(node)
  return refs
}

/** Every `$ref` whose target refers, directly or not, to itself. */
export const recursiveIn = (schema: Node): ReadonlySet<string> =>
  new Set([...refsFrom(schema, schema)].filter(($ref) => {
    const target = definitionOf(schema, $ref)
    return target !== undefined && refsFrom(schema, target).has($ref)
  }))

// -----------------------------------------------------------------------------
// one object
// -----------------------------------------------------------------------------

/**
 * The schema as that of one object, which providers require of the parameters of a tool; `undefined` if it also allows
 * other values. A union of objects becomes an object with the keys of all of them and a description of the allowed
 * combinations. So does a union that only narrows the object beside it, by lists of required keys for example.
 */
export const objectOf = (schema: Node, depth = 0): Node | undefined => {
  // A union may refer to itself.
  if (depth > 16) return undefined
  const { allOf, anyOf, oneOf, ...rest } = mergeAllOf(withRoot(schema))
  const { type = rest["properties"] === undefined ? undefined : "object" } = rest
  const named = type === "object" || (Array.isArray(type) && type.includes("object"))
  const definitions = Object.fromEntries(
    Object.entries(schema).filter(([key]) => key === "$defs" || key === "definitions")
  )
  const objectsIn = (members: unknown, named: boolean): ReadonlyArray<Node> | undefined => {
    const objects = (Array.isArray(members) ? members : []).map((member: unknown) => {
      if (!isJsonSchema(member)) return undefined
      const object = objectOf({ ...definitions, ...(named ? { type } : undefined), ...member }, depth + 1)
      const { $defs: _, definitions: __, ...own } = object ?? {}
      return object && own
    })
    return objects.every((object) => object !== undefined) ? objects : undefined
  }
  const all = objectsIn(allOf, named)
  const either = objectsIn(anyOf ?? oneOf, named || allOf !== undefined)
  if (all === undefined || either === undefined || (anyOf !== undefined && oneOf !== undefined)) return undefined
  if (all.length === 0 && either.length === 0) return named ? { ...rest, type: "object" } : undefined
  const common = namesIn(either[0]).filter((name) => either.every((object) => namesIn(object).includes(name)))
  const closed = either.length > 0 && either.every((object) => object["additionalProperties"] === false)
  return {
    ...rest,
    type: "object",
    ...(either.length === 0 ? undefined : {
      description: joinWords(
        typeof rest["description"] === "string" ? rest["description"] : undefined,
        `fits one of these: ${JSON.stringify(either)}`
      )
    }),
    properties: { ...unionOf(either, eitherOf), ...unionOf([rest, ...all], bothOf) },
    required: [...new Set([rest, ...all].flatMap(namesIn).concat(common))],
    ...(closed ? { additionalProperties: false } : undefined)
  }
}

/** Whether an object must have keys. */
export const requiresKeys = (object: Node): boolean => namesIn(object).length > 0

const propertiesOf = (object: Node): Node => isJsonSchema(object["properties"]) ? object["properties"] : {}

/** The properties of all objects. `join` makes one schema of those that a key has in several. */
const unionOf = (objects: ReadonlyArray<Node>, join: (schemas: ReadonlyArray<unknown>) => unknown): Node => {
  const keys = new Set(objects.flatMap((object) => Object.keys(propertiesOf(object))))
  return Object.fromEntries([...keys].map((key) => [
    key,
    join(objects.map(propertiesOf).filter((all) => Object.hasOwn(all, key)).map((all) => all[key]))
  ]))
}

const namesIn = (object: Node | undefined): ReadonlyArray<unknown> => {
  const required = object?.["required"]
  return Array.isArray(required) ? required : []
}

/** A schema that allows what all of these allow. */
const bothOf = (schemas: ReadonlyArray<unknown>): unknown => schemas.length === 1 ? schemas[0] : { allOf: schemas }

/** A schema that allows what any of these allows. String literals, such as discriminators, become one `enum`. */
const eitherOf = (schemas: ReadonlyArray<unknown>): unknown => {
  const kinds = [...new Map(schemas.map((schema) => [JSON.stringify(schema), schema])).values()]
  if (kinds.length === 1) return kinds[0]
  const literals = kinds.map(literalsOf)
  return literals.every((each) => each !== undefined)
    ? { type: "string", enum: [...new Set(literals.flat())] }
    : { anyOf: kinds }
}

const literalsOf = (schema: unknown): ReadonlyArray<unknown> | undefined => {
  if (!isJsonSchema(schema)) return undefined
  const { const: literal, enum: literals = [literal], type, ...more } = schema
  const all = Array.isArray(literals) && literals.every((each) => typeof each === "string") ? literals : undefined
  return (type === "string" || type === undefined) && Object.keys(more).length === 0 ? all : undefined
}
