/**
 * What a provider takes of JSON Schema, and how a schema is said in that.
 *
 * A provider that holds a model to a schema knows less than JSON Schema has. What it does not know and only narrows a
 * value (bounds, patterns, formats) is told in words, in the `description`: the answer is checked here in any case.
 * What it cannot have at all (objects with keys of any name, say) is told before a request is made.
 */
import type * as JsonSchema from "effect/JsonSchema"
import * as Result from "effect/Result"
import { isJsonSchema, joinWords, mergeAllOf } from "./nodes.ts"
import { definitionOf, recursiveIn, withRoot } from "./refs.ts"
import type { SchemaProblem } from "./representation.ts"

type Node = JsonSchema.JsonSchema

/** What one provider takes, beside `type`, `properties`, `items`, `anyOf`, `enum`, `const`, `$ref` and words. */
export interface SchemaDialect {
  /** Whose it is, as it is called in messages. */
  readonly provider: string
  /** Keywords that narrow a value and may stay. */
  readonly keywords: ReadonlySet<string>
  /** Values of `format` that may stay. */
  readonly formats: ReadonlySet<string>
  /** The largest `minItems` that may stay, where it is not one of the `keywords`. */
  readonly minItems: number
  /** Whether the root must be an object, and not one of several. */
  readonly objectRoot: boolean
  /** Whether a definition may refer to itself. */
  readonly recursion: boolean
  /** Whether a key may be left out, or must be there and may be null instead. {@link restore} takes such nulls out again. */
  readonly optionalKeys: "absent" | "null"
}

/** Says a schema in a dialect, or tells what in it cannot be said. */
export const toDialect = (schema: Node, dialect: SchemaDialect): Result.Result<Node, SchemaProblem> => {
  const translation = new Translation(schema, dialect)
  const translated = translation.root()
  return translation.problem === undefined ? Result.succeed(translated) : Result.fail(translation.problem)
}

class Translation {
  problem: SchemaProblem | undefined
  private readonly definitions: { [key: string]: Node } = {}
  private readonly recursive: ReadonlySet<string>
  private readonly schema: Node
  private readonly dialect: SchemaDialect

  constructor(schema: Node, dialect: SchemaDialect) {
    this.schema = schema
    this.dialect = dialect
    this.recursive = recursiveIn(schema)
  }

  root(): Node {
    const translated = this.node(withRoot(this.schema), "")
    if (this.dialect.objectRoot && translated["type"] !== "object") this.fail("", "it must be the schema of an object")
    return Object.keys(this.definitions).length === 0 ? translated : { ...translated, $defs: this.definitions }
  }

  private fail(path: string, message: string): Node {
    this.problem ??= { path, message: `${this.dialect.provider} cannot hold a model to it: ${message}` }
    return {}
  }

  private node(schema: unknown, path: string): Node {
    // `true`, or nothing said.
    if (!isJsonSchema(schema)) return this.fail(path, "any value may be there")
    const node = withoutTypes(mergeAllOf(schema))
    if (node["$ref"] !== undefined) return this.reference(node, path)
    if (node["not"] !== undefined) return this.fail(path, "it says what a value is not")
    if (node["allOf"] !== undefined) return this.fail(path, "it must be several things at once (allOf)")
    const options = node["anyOf"] ?? node["oneOf"]
    if (Array.isArray(options)) return this.union(node, options, path)
    if (node["enum"] !== undefined || node["const"] !== undefined) return this.words(node, valueKeys)
    switch (node["type"] ?? (node["properties"] === undefined ? undefined : "object")) {
      case "object":
        return this.object(node, path)
      case "array":
        return this.array(node, path)
      case undefined:
        return this.fail(path, "any value may be there")
      default:
        return this.words(node, typeKeys)
    }
  }

  /** Nothing may be said beside a `$ref`, so what is said of it in its place is said in a copy. */
  private reference(node: Node, path: string): Node {
    const { $ref: ref, ...said } = node
    const $ref = String(ref)
    const target = definitionOf(this.schema, $ref)
    if (target === undefined) return this.fail(path, `there is no ${$ref}`)
    if (!this.recursive.has($ref)) {
      if (Object.keys(said).length > 0) return this.node({ ...target, ...said }, path)
    } else if (!this.dialect.recursion) {
      return this.fail(path, "it refers to itself")
    }
    const key = keyOf($ref)
    if (!Object.hasOwn(this.definitions, key)) {
      // It is there before its own parts are looked at, as they may refer to it.
      define(this.definitions, key, {})
      define(this.definitions, key, this.node(target, path))
    }
    return { $ref: `#/$defs/${key}` }
  }

  private union(node: Node, options: ReadonlyArray<unknown>, path: string): Node {
    const beside = Object.keys(node).find((key) => !unionKeys.has(key) && !wordKeys.has(key))
    if (beside !== undefined) return this.fail(path, `it must be one of several things and something else (${beside})`)
    const { anyOf: _, oneOf: __, type: ___, ...said } = node
    return this.words({ ...said, anyOf: options.map((option) => this.node(option, path)) }, new Set(["anyOf"]))
  }

  private object(node: Node, path: string): Node {
    const { additionalProperties: more, patternProperties, properties: given = {}, required } = node
    if (isJsonSchema(more) || patternProperties !== undefined) {
      return this.fail(path, "its keys may have any name")
    }
    if (!isJsonSchema(given) || (more !== false && Object.keys(given).length === 0)) {
      return this.fail(path, "any object may be there")
    }
    const names = new Set(Array.isArray(required) ? required : [])
    const properties: { [key: string]: Node } = {}
    for (const [key, schema] of Object.entries(given)) {
      const optional = !names.has(key)
      if (optional && isNever(schema)) continue
      const property = this.node(schema, path === "" ? key : `${path}.${key}`)
      define(properties, key, optional && this.dialect.optionalKeys === "null" ? nullable(property) : property)
    }
    const all = Object.keys(properties)
    const kept = this.dialect.optionalKeys === "null" ? all : all.filter((key) => names.has(key))
    return this.words({
      ...node,
      type: "object",
      properties,
      required: required === undefined && kept.length === 0 ? undefined : kept,
      additionalProperties: false
    }, objectKeys)
  }

  private array(node: Node, path: string): Node {
    const { prefixItems, items, ...rest } = node
    if (!Array.isArray(prefixItems)) return this.words({ ...node, items: this.node(items, `${path}[]`) }, arrayKeys)
    // Which item is which can only be told in words.
    const schemas = prefixItems.map((item, i) => this.node(item, `${path}[${i}]`))
    if (isJsonSchema(items)) schemas.push(this.node(items, `${path}[]`))
    const kinds = schemas.filter((schema, i) => schemas.findIndex((other) => same(schema, other)) === i)
    return this.words({
      ...rest,
      items: kinds.length === 1 ? kinds[0] : { anyOf: kinds },
      description: joinWords(text(node["description"]), `items in this order: ${JSON.stringify(schemas)}`)
    }, arrayKeys)
  }

  /** Keeps what the dialect has, and tells the rest in words. */
  private words(node: Node, own: ReadonlySet<string>): Node {
    const { formats, keywords, minItems } = this.dialect
    const kept: { [key: string]: unknown } = {}
    const told: Array<string> = []
    for (const [key, value] of Object.entries(node)) {
      if (value === undefined) continue
      if (
        own.has(key) || keywords.has(key) || plainKeys.has(key) ||
        (key === "format" && typeof value === "string" && formats.has(value)) ||
        (key === "minItems" && typeof value === "number" && value <= minItems)
      ) {
        kept[key] = value
      } else if (!silentKeys.has(key)) {
        told.push(`${key}: ${JSON.stringify(value)}`)
      }
    }
    return told.length === 0
      ? kept
      : { ...kept, description: joinWords(text(kept["description"]), told.join(", ")) }
  }
}

const plainKeys = new Set(["title", "description"])
const wordKeys = new Set([...plainKeys, "default", "examples", "deprecated", "readOnly", "writeOnly"])
const silentKeys = new Set(["$id", "$comment", "$schema", "$defs", "definitions"])
const unionKeys = new Set(["anyOf", "oneOf", "type"])
const typeKeys = new Set(["type"])
const valueKeys = new Set(["type", "enum", "const"])
const objectKeys = new Set(["type", "properties", "required", "additionalProperties"])
const arrayKeys = new Set(["type", "items"])

/** A list of types as what it is short for. */
const withoutTypes = (node: Node): Node => {
  const { type } = node
  if (!Array.isArray(type) || node["anyOf"] !== undefined || node["oneOf"] !== undefined) return node
  const said: Array<[string, unknown]> = []
  const shape: Array<[string, unknown]> = []
  for (const entry of Object.entries(node)) if (entry[0] !== "type") (wordKeys.has(entry[0]) ? said : shape).push(entry)
  return {
    ...Object.fromEntries(said),
    anyOf: type.map((each) => each === "null" ? { type: each } : { ...Object.fromEntries(shape), type: each })
  }
}

const nullable = (schema: Node): Node => {
  if (schema["type"] === "null") return schema
  const { anyOf } = schema
  if (!Array.isArray(anyOf)) return { anyOf: [schema, { type: "null" }] }
  return anyOf.some((option) => isJsonSchema(option) && option["type"] === "null")
    ? schema
    : { ...schema, anyOf: [...anyOf, { type: "null" }] }
}

const isNever = (schema: unknown): boolean =>
  schema === false || (isJsonSchema(schema) && isJsonSchema(schema["not"]) && Object.keys(schema["not"]).length === 0)

const text = (value: unknown): string | undefined => typeof value === "string" ? value : undefined

const same = (a: Node, b: Node): boolean => JSON.stringify(a) === JSON.stringify(b)

/** A name that needs no escaping; `#` alone is the root. */
const keyOf = ($ref: string): string =>
  $ref === "#" ? "root" : $ref.slice($ref.lastIndexOf("/") + 1).replaceAll(/[^\w.-]+/g, "_")

/** A key may be named __proto__, which only this way is a key. */
const define = (object: { [key: string]: Node }, key: string, value: Node): void => {
  Object.defineProperty(object, key, { value, configurable: true, enumerable: true, writable: true })
}
