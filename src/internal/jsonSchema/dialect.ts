/**
 * Translates a JSON Schema into the subset that a provider supports for structured output. Called by the wires, through
 * internal/provider; it must not import a provider.
 *
 * Keywords that the provider does not know and that only narrow a value (bounds, patterns, formats) move into the
 * `description`; the answer is decoded by the original schema in any case. A construct that the provider cannot
 * express, such as an object with arbitrary keys, is a {@link SchemaProblem}, so the call fails before a request is
 * made.
 */
import type * as JsonSchema from "effect/JsonSchema"
import * as Result from "effect/Result"
import { setKey } from "../json/object.ts"
import {
  definitionOf,
  isJsonSchema,
  joinWords,
  mergeAllOf,
  recursiveIn,
  withoutPrefixItems,
  withPrefixItems,
  withRoot
} from "./nodes.ts"
import type { SchemaProblem } from "./representation.ts"

type Node = JsonSchema.JsonSchema

/**
 * The subset of JSON Schema that one provider supports, in addition to `type`, `properties`, `items`, `anyOf`, `enum`,
 * `const`, `$ref`, `title` and `description`.
 */
export interface SchemaDialect {
  /** The provider's name in error messages. */
  readonly provider: string
  /** The supported keywords that narrow a value. */
  readonly keywords: ReadonlySet<string>
  /** The supported values of `format`. */
  readonly formats: ReadonlySet<string>
  /** The largest supported `minItems`, unless `keywords` has `minItems`. */
  readonly minItems: number
  /** Whether the root must be an object, and not a union. */
  readonly objectRoot: boolean
  /** Whether a definition may refer to itself. */
  readonly recursion: boolean
  /**
   * How a key is optional: it may be absent, or it is required and may be null. `restore` removes such nulls from the
   * answer.
   */
  readonly optionalKeys: "absent" | "null"
}

/** Translates a schema into a dialect. Fails with the first construct that the dialect cannot express. */
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
    this.problem ??= { path, message: `${this.dialect.provider} cannot enforce this schema: ${message}` }
    return {}
  }

  private node(schema: unknown, path: string): Node {
    // The schema is `true` or absent.
    if (!isJsonSchema(schema)) return this.fail(path, "it allows any value")
    const node = withoutTypes(mergeAllOf(schema))
    if (node["$ref"] !== undefined) return this.reference(node, path)
    if (node["not"] !== undefined) return this.fail(path, "it excludes values (not)")
    if (node["allOf"] !== undefined) return this.fail(path, "it combines schemas that cannot be merged (allOf)")
    const options = node["anyOf"] ?? node["oneOf"]
    if (Array.isArray(options)) return this.union(node, options, path)
    if (node["enum"] !== undefined || node["const"] !== undefined) return this.supported(node, valueKeys)
    switch (node["type"] ?? (node["properties"] === undefined ? undefined : "object")) {
      case "object":
        return this.object(node, path)
      case "array":
        return this.array(node, path)
      case undefined:
        return this.fail(path, "it allows any value")
      default:
        return this.supported(node, typeKeys)
    }
  }

  /** Translates a `$ref`. It may have no siblings, so a reference with siblings is replaced by a copy of its target. */
  private reference(node: Node, path: string): Node {
    const { $ref: ref, ...siblings } = node
    const $ref = String(ref)
    const target = definitionOf(this.schema, $ref)
    if (target === undefined) return this.fail(path, `the definition ${$ref} does not exist`)
    if (!this.recursive.has($ref)) {
      if (Object.keys(siblings).length > 0) return this.node({ ...target, ...siblings }, path)
    } else if (!this.dialect.recursion) {
      return this.fail(path, "it refers to itself")
    }
    const key = keyOf($ref)
    if (!Object.hasOwn(this.definitions, key)) {
      // The key is set before the definition is translated, because the definition may refer to itself.
      setKey(this.definitions, key, {})
      setKey(this.definitions, key, this.node(target, path))
    }
    return { $ref: `#/$defs/${key}` }
  }

  private union(node: Node, options: ReadonlyArray<unknown>, path: string): Node {
    const sibling = Object.keys(node).find((key) => !unionKeys.has(key) && !wordKeys.has(key))
    if (sibling !== undefined) return this.fail(path, `it combines a union with another keyword (${sibling})`)
    const { anyOf: _, oneOf: __, type: ___, ...words } = node
    return this.supported({ ...words, anyOf: options.map((option) => this.node(option, path)) }, new Set(["anyOf"]))
  }

  private object(node: Node, path: string): Node {
    const { additionalProperties: more, patternProperties, properties: given = {}, required } = node
    if (isJsonSchema(more) || patternProperties !== undefined) {
      return this.fail(path, "its keys may have any name (additionalProperties or patternProperties)")
    }
    if (!isJsonSchema(given) || (more !== false && Object.keys(given).length === 0)) {
      return this.fail(path, "it allows any object")
    }
    const names = new Set(Array.isArray(required) ? required : [])
    const properties: { [key: string]: Node } = {}
    for (const [key, schema] of Object.entries(given)) {
      const optional = !names.has(key)
      if (optional && isNever(schema)) continue
      const property = this.node(schema, path === "" ? key : `${path}.${key}`)
      setKey(properties, key, optional && this.dialect.optionalKeys === "null" ? nullable(property) : property)
    }
    const all = Object.keys(properties)
    const requiredKeys = this.dialect.optionalKeys === "null" ? all : all.filter((key) => names.has(key))
    return this.supported({
      ...node,
      type: "object",
      properties,
      required: required === undefined && requiredKeys.length === 0 ? undefined : requiredKeys,
      additionalProperties: false
    }, objectKeys)
  }

  private array(array: Node, path: string): Node {
    const node = withPrefixItems(array)
    const { items, prefixItems } = node
    if (!Array.isArray(prefixItems)) return this.supported({ ...node, items: this.node(items, `${path}[]`) }, arrayKeys)
    // No dialect supports tuples.
    const schemas = prefixItems.map((item, i) => this.node(item, `${path}[${i}]`))
    if (isJsonSchema(items)) schemas.push(this.node(items, `${path}[]`))
    return this.supported(withoutPrefixItems(node, schemas), arrayKeys)
  }

  /** Keeps the keywords in `own` and those that the dialect supports, and moves the others into the description. */
  private supported(node: Node, own: ReadonlySet<string>): Node {
    const { formats, keywords, minItems } = this.dialect
    const kept: { [key: string]: unknown } = {}
    const moved: Array<string> = []
    for (const [key, value] of Object.entries(node)) {
      if (value === undefined) continue
      if (
        own.has(key) || keywords.has(key) || plainKeys.has(key) ||
        (key === "format" && typeof value === "string" && formats.has(value)) ||
        (key === "minItems" && typeof value === "number" && value <= minItems)
      ) {
        kept[key] = value
      } else if (!omittedKeys.has(key)) {
        moved.push(`${key}: ${JSON.stringify(value)}`)
      }
    }
    return moved.length === 0
      ? kept
      : { ...kept, description: joinWords(text(kept["description"]), moved.join(", ")) }
  }
}

const plainKeys = new Set(["title", "description"])
const wordKeys = new Set([...plainKeys, "default", "examples", "deprecated", "readOnly", "writeOnly"])
const omittedKeys = new Set(["$id", "$comment", "$schema", "$defs", "definitions"])
const unionKeys = new Set(["anyOf", "oneOf", "type"])
const typeKeys = new Set(["type"])
const valueKeys = new Set(["type", "enum", "const"])
const objectKeys = new Set(["type", "properties", "required", "additionalProperties"])
const arrayKeys = new Set(["type", "items"])

/** Expands a list of types into the union that it is short for. */
const withoutTypes = (node: Node): Node => {
  const { type } = node
  if (!Array.isArray(type) || node["anyOf"] !== undefined || node["oneOf"] !== undefined) return node
  const words: Array<[string, unknown]> = []
  const shape: Array<[string, unknown]> = []
  for (const entry of Object.entries(node)) {
    if (entry[0] !== "type") (wordKeys.has(entry[0]) ? words : shape).push(entry)
  }
  return {
    ...Object.fromEntries(words),
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

/** The key of a definition, without characters that a pointer would escape. `#` alone refers to the root. */
const keyOf = ($ref: string): string =>
  $ref === "#" ? "root" : $ref.slice($ref.lastIndexOf("/") + 1).replaceAll(/[^\w.-]+/g, "_")
