/** Random JSON Schemas, by the numbers that decide. Not all of them have values. */
import type { JsonSchema } from "effect"
import type { Numbers } from "../../../src/testing/auto/choices.ts"

type Node = JsonSchema.JsonSchema

const keys = ["a", "b", "c", "d", "x y"] as const

/** A schema with definitions `A` and `B`, which may refer to each other. */
export const randomSchema = (numbers: Numbers): Node => ({
  $defs: { A: node(numbers, 2), B: node(numbers, 2) },
  ...node(numbers, 3)
})

const node = (numbers: Numbers, depth: number): Node => {
  const plain = [string, number, literals, types] as const
  const deep = [object, object, list, union, all, others, plain[numbers.below(plain.length)]!] as const
  return depth <= 0 ? numbers.pick(plain)(numbers, 0) : numbers.pick(deep)(numbers, depth - 1)
}

type Make = (numbers: Numbers, depth: number) => Node

const chance = (numbers: Numbers) => numbers.below(3) === 0

const maybe = (numbers: Numbers, name: string, value: () => unknown): Node => chance(numbers) ? { [name]: value() } : {}

const string: Make = (numbers) => {
  const min = numbers.below(4)
  return {
    type: "string",
    ...maybe(numbers, "minLength", () => min),
    ...maybe(numbers, "maxLength", () => min + numbers.below(6)),
    ...maybe(numbers, "pattern", () => numbers.pick(["^[a-z]*$", "\\d", "^(ab|c)+", "[^a]$", "^(?!a)", "^.{2,}$"]))
  }
}

const number: Make = (numbers) => {
  const min = numbers.below(20) - 10
  return {
    type: numbers.pick(["integer", "number"]),
    ...maybe(numbers, numbers.pick(["minimum", "exclusiveMinimum"]), () => min),
    ...maybe(numbers, numbers.pick(["maximum", "exclusiveMaximum"]), () => min + 2 + numbers.below(20)),
    ...maybe(numbers, "multipleOf", () => numbers.pick([1, 2, 0.5, 3]))
  }
}

const literals: Make = (numbers) =>
  chance(numbers)
    ? { const: numbers.pick<unknown>(["a", 1, null, [1], { a: 1 }]) }
    : { enum: ["a", "b", 1, null].slice(numbers.below(3)) }

const types: Make = (numbers) => ({ type: ["string", "null", "boolean", "integer"].slice(numbers.below(3)) })

/** The schema of a property or an item, which may lead back to the whole: a union of itself has no meaning. */
const schema = (numbers: Numbers, depth: number): unknown =>
  numbers.below(12) === 11
    ? numbers.below(2) === 0
    : numbers.below(8) === 7
    ? reference(numbers, depth)
    : node(numbers, depth)

const object: Make = (numbers, depth) => {
  const own = keys.slice(numbers.below(3), 2 + numbers.below(4))
  return {
    type: "object",
    properties: Object.fromEntries(own.map((key) => [key, schema(numbers, depth)])),
    ...maybe(numbers, "required", () => keys.filter(() => chance(numbers))),
    ...maybe(numbers, "additionalProperties", () => schema(numbers, depth)),
    ...maybe(numbers, "minProperties", () => numbers.below(4)),
    ...maybe(numbers, "maxProperties", () => 2 + numbers.below(4)),
    ...(numbers.below(8) === 7 ? { patternProperties: { "^x": schema(numbers, depth) } } : {}),
    ...(numbers.below(8) === 7 ? { propertyNames: { maxLength: 5 } } : {}),
    ...(numbers.below(8) === 7 ? { dependentRequired: { a: ["b"] } } : {}),
    ...(numbers.below(8) === 7 ? { dependentSchemas: { b: { required: ["c"] } } } : {})
  }
}

const list: Make = (numbers, depth) => {
  const min = numbers.below(3)
  return {
    type: "array",
    // Not both: ajv lets an empty list pass that contains nothing, if it has prefixItems as well.
    ...(numbers.below(6) === 5
      ? { contains: schema(numbers, depth) }
      : maybe(numbers, "prefixItems", () => [schema(numbers, depth), schema(numbers, depth)])),
    ...maybe(numbers, "items", () => schema(numbers, depth)),
    ...maybe(numbers, "minItems", () => min),
    ...maybe(numbers, "maxItems", () => min + numbers.below(4)),
    ...maybe(numbers, "uniqueItems", () => true)
  }
}

const union: Make = (numbers, depth) => ({
  ...(chance(numbers) ? node(numbers, 0) : {}),
  [numbers.pick(["anyOf", "oneOf"])]: [node(numbers, depth), node(numbers, depth), node(numbers, depth)]
})

const all: Make = (numbers, depth) => ({ allOf: [object(numbers, depth), object(numbers, depth)] })

const reference: Make = (numbers) => ({ $ref: numbers.pick(["#/$defs/A", "#/$defs/B", "#"]) })

const others: Make = (numbers, depth) =>
  chance(numbers)
    ? { ...node(numbers, depth), not: node(numbers, 0) }
    : Object.fromEntries(["if", "then", "else"].map((key) => [key, node(numbers, key === "if" ? 0 : depth)]))
