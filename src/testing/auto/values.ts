/**
 * Makes JSON values that fit a JSON Schema, by the numbers of a turn. Effect's arbitraries do not take half of the schemas
 * that models are sent (`if`, `not`, `contains`, references to the root, patterns with lookarounds), and cannot be shrunk
 * from within a conversation.
 *
 * A value is built from the keywords, checked where that may be inexact, and built again with other numbers if it does
 * not fit. Deep and large values are ended as soon as the schema allows it.
 *
 * @internal
 */
import type * as JsonSchema from "effect/JsonSchema"
import type * as Schema from "effect/Schema"
import { setKey } from "../../internal/json/object.ts"
import { isJsonSchema } from "../../internal/jsonSchema/nodes.ts"
import { Choices, mix } from "./choices.ts"
import type { Numbers } from "./choices.ts"
import { both, flatten } from "./flat.ts"
import type { Flat } from "./flat.ts"
import { textsOf } from "./pattern.ts"
import { formatted, textOf } from "./texts.ts"
import { isValid, listOf, objectOf, schemasOf } from "./valid.ts"

type Node = JsonSchema.JsonSchema
type Json = Schema.Json

/** A value that fits the schema, `undefined` if none was found. `size` is the most optional items of a list. */
export const valueFor = (schema: Node, choices: Choices, size: number): Json | undefined => {
  // Other numbers are only asked for if these find nothing.
  for (let attempt = 0; attempt < wholeAttempts; attempt++) {
    const source = attempt === 0 ? choices : again(choices, attempt)
    const value = new Builder(schema, source, size).value(schema, 0)
    if (value !== undefined && isValid(schema, schema, value)) return value
  }
  return undefined
}

/** How often a whole value, a part of it, and a string, is built before it counts as impossible. */
const wholeAttempts = 3
const attempts = 8
const textAttempts = 24

/** A value below this level, or after this many values, is as small as the schema allows. */
const maxDepth = 4
const maxValues = 80

/** No schema for a model has as many required parts; only one that holds itself without an end has. */
const mostValues = 2000

/** The most times that parts of one value are built again. After that it counts as impossible. */
const maxRetries = 100

/** The most schemas within each other. A union that is an option of itself would be chosen without an end. */
const maxNesting = 100

const again = (choices: Choices, attempt: number): Choices =>
  new Choices({ seed: mix(choices.next(), attempt), limit: Infinity, fixed: new Map() }, attempt)

/** The analysis of a schema is kept as long as the schema is. */
const known = new WeakMap<Node, WeakMap<Node, Flat | "none">>()

class Builder {
  readonly #root: Node
  readonly #size: number
  readonly #flats: WeakMap<Node, Flat | "none">
  #choices: Choices
  #values = 0
  #retries = 0
  #nesting = 0

  constructor(root: Node, choices: Choices, size: number) {
    this.#root = root
    this.#choices = choices
    this.#size = size
    this.#flats = known.get(root) ?? new WeakMap()
    known.set(root, this.#flats)
  }

  value(schema: unknown, depth: number): Json | undefined {
    const flat = this.#flat(schema)
    if (flat === undefined || ++this.#values > mostValues) return undefined
    const before = this.#choices
    const tries = flat.needsCheck ? attempts : 1
    for (let attempt = 0; attempt < tries; attempt++) {
      if (attempt > 0) {
        if (!this.#mayRetry()) break
        this.#choices = again(before, attempt)
      }
      const value = this.#build(flat, depth)
      if (value !== undefined && (!flat.needsCheck || isValid(this.#root, schema, value))) {
        this.#choices = before
        return value
      }
    }
    this.#choices = before
    return undefined
  }

  #flat(schema: unknown): Flat | undefined {
    if (!isJsonSchema(schema)) return flatten(this.#root, schema)
    const seen = this.#flats.get(schema)
    if (seen !== undefined) return seen === "none" ? undefined : seen
    const flat = flatten(this.#root, schema)
    this.#flats.set(schema, flat ?? "none")
    return flat
  }

  #frugal(depth: number): boolean {
    return depth >= maxDepth || this.#values > maxValues
  }

  #build(flat: Flat, depth: number): Json | undefined {
    if (this.#nesting > maxNesting) return undefined
    this.#nesting++
    const value = this.#buildFlat(flat, depth)
    this.#nesting--
    return value
  }

  #buildFlat(flat: Flat, depth: number): Json | undefined {
    const { node } = flat
    if ("const" in node) return node["const"] as Json // a schema is JSON
    if (Array.isArray(node["enum"])) {
      const { enum: options, ...others } = node
      const fitting = options.filter((option) => isValid(this.#root, others, option))
      return fitting[this.#choices.below(Math.max(fitting.length, 1))] as Json | undefined // as above
    }
    if (flat.conditions.length > 0) return this.#conditional(flat, depth)
    if (flat.unions.length > 0) return this.#union(flat, depth)
    switch (this.#type(node, depth)) {
      case "string":
        return this.#string(node)
      case "integer":
        return this.#number(node, true)
      case "number":
        return this.#number(node, false)
      case "boolean":
        return this.#choices.below(2) === 1
      case "null":
        return null
      case "array":
        return this.#list(node, depth)
      case "object":
        return this.#object(node, depth)
      default:
        return undefined
    }
  }

  #conditional(flat: Flat, depth: number): Json | undefined {
    const [condition, ...conditions] = flat.conditions
    if (condition === undefined) return undefined
    const rest: Flat = { ...flat, conditions }
    const yes = this.#flat({ allOf: [condition.if, condition.yes ?? true] })
    const no = this.#flat(condition.no ?? true)
    const options = this.#choices.below(2) === 0 ? [no, yes] : [yes, no]
    return this.#first(options.map((option) => option && both(rest, option)), depth)
  }

  #union(flat: Flat, depth: number): Json | undefined {
    const [options = [], ...unions] = flat.unions
    const rest: Flat = { ...flat, unions }
    const first = this.#choices.below(Math.max(options.length, 1))
    const ordered = this.#frugal(depth)
      ? options.toSorted((a, b) => this.#least(a) - this.#least(b))
      : [...options.slice(first), ...options.slice(0, first)]
    return this.#first(
      ordered.map((option) => {
        const member = this.#flat(option)
        return member && both(rest, member)
      }),
      depth
    )
  }

  #mayRetry(): boolean {
    return this.#retries++ < maxRetries
  }

  #first(flats: ReadonlyArray<Flat | undefined>, depth: number): Json | undefined {
    for (const flat of flats) {
      const value = flat && this.#build(flat, depth)
      if (value !== undefined) return value
      if (flat !== undefined && !this.#mayRetry()) break
    }
    return undefined
  }

  #type(node: Node, depth: number): unknown {
    const types = node["type"] === undefined ? typesOf(node) : listOf(node["type"])
    if (types.length === 1) return types[0]
    const small = this.#frugal(depth) ? types.filter((type) => type !== "object" && type !== "array") : types
    const some = small.length === 0 ? types : small
    return some[this.#choices.below(some.length)]
  }

  // ---------------------------------------------------------------------------
  // plain values
  // ---------------------------------------------------------------------------

  #string(node: Node): string | undefined {
    const { format, pattern } = node
    const min = Number(node["minLength"] ?? 0)
    const max = Math.max(min, Math.min(Number(node["maxLength"] ?? Infinity), min + 4 * this.#size))
    const numbers = this.#choices.many()
    const made = typeof pattern === "string" ? textsOf(pattern) : undefined
    for (let attempt = 0; attempt < textAttempts; attempt++) {
      const text = this.#text(format, made, numbers.retry(attempt), min, max)
      if (isValid(this.#root, node, text)) return text
    }
    return undefined
  }

  #text(format: unknown, made: ReturnType<typeof textsOf>, numbers: Numbers, min: number, max: number): string {
    const text = formatted(format, numbers) ?? made?.(numbers)
    if (text === undefined) return textOf(numbers, min, max)
    // A pattern may stand anywhere in a text, so a short one is filled up.
    const missing = min - [...text].length
    return missing > 0 && made !== undefined ? text + text.slice(-1).repeat(missing) : text
  }

  #number(node: Node, integer: boolean): number | undefined {
    const { exclusiveMaximum, exclusiveMinimum } = node
    const step = typeof node["multipleOf"] === "number" ? node["multipleOf"] : undefined
    const inclusiveMin = Number(node["minimum"] ?? -limit)
    const inclusiveMax = Number(node["maximum"] ?? limit)
    const min = typeof exclusiveMinimum === "number" ? Math.max(inclusiveMin, exclusiveMinimum) : inclusiveMin
    const max = typeof exclusiveMaximum === "number" ? Math.min(inclusiveMax, exclusiveMaximum) : inclusiveMax
    const openMin = exclusiveMinimum === true || exclusiveMinimum === min
    const openMax = exclusiveMaximum === true || exclusiveMaximum === max
    // A sum of integers and fractions: the number of steps, and a part of the last one.
    const unit = step ?? 1
    const low = openMin ? Math.floor(min / unit) + 1 : Math.ceil(min / unit)
    const high = openMax ? Math.ceil(max / unit) - 1 : Math.floor(max / unit)
    const number = this.#choices.next()
    if (low > high) {
      // There is no integer between them.
      return integer || step !== undefined ? undefined : min + (max - min) * (1 + number % 7) / 8
    }
    if (step !== undefined || integer || number % 4 === 0) {
      const steps = within(integer || step !== undefined ? number : number / 4, low, high) * unit
      // Binary fractions: 3 * 0.1 is no multiple of 0.1 for a validator that divides.
      return step === undefined || Number.isInteger(steps / step) ? steps : low * unit
    }
    const whole = within(Math.floor(number / 16), low, high)
    const part = whole + [0.5, 0.25, 0.1, 1 / 3][number % 4 - 1 + Math.floor(number / 4) % 2]!
    return part < max && part > min ? part : whole
  }

  // ---------------------------------------------------------------------------
  // lists and objects
  // ---------------------------------------------------------------------------

  #list(node: Node, depth: number): Json | undefined {
    const prefix = listOf(node["prefixItems"])
    const contains = node["contains"]
    const wanted = contains === undefined ? 0 : Number(node["minContains"] ?? 1)
    const min = Math.max(Number(node["minItems"] ?? 0), wanted)
    const bound = Math.min(Number(node["maxItems"] ?? Infinity), node["items"] === false ? prefix.length : Infinity)
    const most = Math.min(bound - min, Math.max(this.#size, prefix.length - min))
    const length = min + (this.#frugal(depth) || most <= 0 ? 0 : this.#choices.size(most))
    const list: Array<Json> = []
    const seen = new Set<string>()
    for (let i = 0; i < length; i++) {
      const own = i < prefix.length ? prefix[i] : node["items"] ?? true
      const schema = i < wanted ? { allOf: [own, contains] } : own
      const value = node["uniqueItems"] === true ? this.#unique(schema, depth, seen) : this.value(schema, depth + 1)
      if (value === undefined) return i < min ? undefined : list
      list.push(value)
    }
    return list
  }

  #unique(schema: unknown, depth: number, seen: Set<string>): Json | undefined {
    const before = this.#choices
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (attempt > 0) {
        if (!this.#mayRetry()) break
        this.#choices = again(before, attempt)
      }
      const value = this.value(schema, depth + 1)
      const text = JSON.stringify(value)
      if (value === undefined || seen.has(text)) continue
      seen.add(text)
      this.#choices = before
      return value
    }
    this.#choices = before
    return undefined
  }

  #object(node: Node, depth: number): Json | undefined {
    const properties = objectOf(node["properties"])
    const min = Number(node["minProperties"] ?? 0)
    const max = Number(node["maxProperties"] ?? Infinity)
    const needed = this.#needed(node, listOf(node["required"]).map(String))
    const frugal = this.#frugal(depth)
    const chosen = new Set([...needed].filter((key) => !Object.hasOwn(properties, key)))
    for (const key of Object.keys(properties)) {
      const wanted = needed.has(key) || (!frugal && chosen.size < max && this.#choices.below(2) === 1)
      if (wanted) { for (const each of this.#needed(node, [key])) chosen.add(each) }
    }
    for (const key of Object.keys(properties)) if (chosen.size < min) chosen.add(key)
    const object: { [key: string]: Json } = {}
    for (const key of [...Object.keys(properties).filter((key) => chosen.has(key)), ...chosen]) {
      if (Object.hasOwn(object, key)) continue
      const value = this.value(this.#schemaOf(node, key), depth + 1)
      if (value !== undefined) setKey(object, key, value)
      else if (needed.has(key)) return undefined
    }
    const more = Math.max(min - Object.keys(object).length, frugal || !isOpen(node) ? 0 : this.#choices.size(2))
    for (let i = 0; i < more && Object.keys(object).length < max; i++) {
      const key = this.#key(node, i)
      if (key === undefined || Object.hasOwn(properties, key) || Object.hasOwn(object, key)) continue
      const value = this.value(this.#schemaOf(node, key), depth + 1)
      if (value !== undefined) setKey(object, key, value)
    }
    return this.#dependent(node, object, depth)
  }

  /** The keys, and those that they require. */
  #needed(node: Node, keys: ReadonlyArray<string>): Set<string> {
    const all = new Set(keys)
    const more = objectOf(node["dependentRequired"])
    for (const key of all) if (Object.hasOwn(more, key)) { for (const each of listOf(more[key])) all.add(String(each)) }
    return all
  }

  /** An object with the keys that its keys ask for by schemas. */
  #dependent(node: Node, object: { readonly [key: string]: Json }, depth: number): Json | undefined {
    const { dependentSchemas, ...rest } = node
    const schemas = Object.entries(objectOf(dependentSchemas)).filter(([key]) => Object.hasOwn(object, key))
    if (schemas.length === 0) return object
    const required = [...listOf(node["required"]), ...schemas.map(([key]) => key)]
    const flat = this.#flat({ allOf: [{ ...rest, required }, ...schemas.map(([, schema]) => schema)] })
    return flat && this.#build(flat, depth)
  }

  #schemaOf(node: Node, key: string): unknown {
    const schemas = schemasOf(node, key)
    return schemas.length === 0 ? true : schemas.length === 1 ? schemas[0] : { allOf: schemas }
  }

  #key(node: Node, position: number): string | undefined {
    const patterns = Object.keys(objectOf(node["patternProperties"]))
    const pattern =
      patterns[this.#choices.below(patterns.length + (node["additionalProperties"] === false ? 0 : 1) || 1)]
    if (pattern !== undefined) return textsOf(pattern)?.(this.#choices.many())
    if (node["additionalProperties"] === false) return undefined
    const names = node["propertyNames"]
    if (names === undefined) return `${textOf(this.#choices.many(), 1, 6)}${position === 0 ? "" : position}`
    const key = this.value({ allOf: [{ type: "string" }, names] }, maxDepth)
    return typeof key === "string" ? key : undefined
  }

  // ---------------------------------------------------------------------------
  // the least depth
  // ---------------------------------------------------------------------------

  readonly #ends = new Map<unknown, Array<boolean>>()

  /** The least number of levels of a value, so that recursion ends. */
  #least(schema: unknown): number {
    for (let levels = 0; levels < 24; levels++) if (this.#canEnd(schema, levels)) return levels
    return Infinity
  }

  #canEnd(schema: unknown, levels: number): boolean {
    if (levels < 0) return false
    const known = this.#ends.get(schema) ?? []
    this.#ends.set(schema, known)
    const before = known[levels]
    if (before !== undefined) return before
    // A union that holds itself has no value by that way.
    known[levels] = false
    const flat = this.#flat(schema)
    return known[levels] = flat !== undefined && this.#flatCanEnd(flat, levels)
  }

  #flatCanEnd({ node, unions }: Flat, levels: number): boolean {
    if (!unions.every((union) => union.some((option) => this.#canEnd(option, levels)))) return false
    if ("const" in node || "enum" in node) return true
    const types = node["type"] === undefined ? typesOf(node) : listOf(node["type"])
    return types.some((type) => {
      if (type === "array") {
        return Number(node["minItems"] ?? 0) === 0 ||
          [...listOf(node["prefixItems"]), node["items"] ?? true].every((each) => this.#canEnd(each, levels - 1))
      }
      if (type !== "object") return true
      return listOf(node["required"]).every((key) => this.#canEnd(this.#schemaOf(node, String(key)), levels - 1))
    })
  }
}

/** The bound of numbers without one: those above are not exact. */
const limit = Number.MAX_SAFE_INTEGER

/** The number at this distance from the one that is nearest to 0: 0, 1, -1, 2, -2... Far numbers come round again. */
const within = (distance: number, low: number, high: number): number => {
  const origin = low > 0 ? low : high < 0 ? high : 0
  const [down, up] = [origin - low, high - origin]
  const steps = Math.floor(distance) % (down + up + 1)
  const shared = Math.min(down, up)
  if (steps <= 2 * shared) return origin + (steps % 2 === 1 ? (steps + 1) / 2 : -steps / 2)
  return origin + (up > down ? steps - shared : shared - steps)
}

const hints: ReadonlyArray<readonly [type: string, keywords: ReadonlyArray<string>]> = [
  ["object", [
    "properties",
    "required",
    "additionalProperties",
    "patternProperties",
    "propertyNames",
    "minProperties",
    "dependentRequired",
    "dependentSchemas"
  ]],
  ["array", ["items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"]],
  ["string", ["pattern", "format", "minLength", "maxLength"]],
  ["number", ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]]
]

const everything = ["string", "integer", "boolean", "null", "number"]

/** The types that a schema without a type is about. */
const typesOf = (node: Node): ReadonlyArray<string> => {
  const found = hints.flatMap(([type, keywords]) => keywords.some((key) => key in node) ? [type] : [])
  return found.length === 0 ? everything : found
}

/** Whether an object is a map, which has keys without a name in the schema. */
const isOpen = (node: Node): boolean => {
  const { additionalProperties, patternProperties, properties, unevaluatedProperties } = node
  if (patternProperties !== undefined || isJsonSchema(additionalProperties)) return true
  return properties === undefined && additionalProperties !== false && unevaluatedProperties !== false
}
