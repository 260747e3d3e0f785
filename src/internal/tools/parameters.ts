/**
 * The JSON Schema of a tool's parameters, as one object. Called by make.ts, once for each tool. Providers do not accept
 * a union of objects, so this file merges one.
 */
import type * as JsonSchema from "effect/JsonSchema"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import { isJsonSchema, joinWords, withRoot } from "../jsonSchema/nodes.ts"
import { toJsonSchema } from "../jsonSchema/ofSchema.ts"
import type { SchemaProblem } from "../jsonSchema/ofSchema.ts"

type Node = JsonSchema.JsonSchema

/** The parameters of a tool as JSON Schema. */
export interface Parameters {
  /** The JSON Schema of the parameters. It may be a union of objects. */
  readonly schema: Node
  /**
   * The JSON Schema of one object, for providers. A union of objects becomes an object with the keys of all of them and
   * a description of the allowed combinations. Arguments are decoded by the original schema.
   */
  readonly object: Node
}

/** The parameters of a schema. Fails if it has no JSON Schema or is not that of objects. */
export const parametersOf = (schema: Schema.Constraint): Result.Result<Parameters, SchemaProblem> =>
  Result.flatMap(toJsonSchema(schema), (schema) => {
    const object = objectOf(schema)
    return object === undefined
      ? Result.fail({ path: "", message: "the parameters of a tool must be an object, such as a Schema.Struct" })
      : Result.succeed({ schema, object })
  })

/** Whether an object must have keys. */
export const requiresKeys = (object: Node): boolean => namesIn(object).length > 0

/** The schema as that of one object, or `undefined` if it also allows other values. */
const objectOf = (schema: Node): Node | undefined => {
  const root = withRoot(schema)
  const { anyOf, description, oneOf, ...rest } = root
  const options = anyOf ?? oneOf
  if (!Array.isArray(options)) return root["type"] === "object" ? root : undefined
  const definitions = schema["$defs"] === undefined ? {} : { $defs: schema["$defs"] }
  const objects: Array<Node> = []
  for (const option of options) {
    const object = isJsonSchema(option) ? objectOf({ ...definitions, ...option }) : undefined
    if (object === undefined) return undefined
    const { $defs: _, ...own } = object
    objects.push(own)
  }
  return {
    ...rest,
    type: "object",
    description: joinWords(
      typeof description === "string" ? description : undefined,
      `fits one of these: ${JSON.stringify(objects)}`
    ),
    properties: Object.fromEntries(keysOf(objects).map((key) => [key, eitherOf(schemasAt(objects, key))])),
    required: namesIn(objects[0]).filter((name) => objects.every((object) => namesIn(object).includes(name))),
    ...(objects.every((object) => object["additionalProperties"] === false)
      ? { additionalProperties: false }
      : undefined)
  }
}

const propertiesOf = (object: Node): Node => isJsonSchema(object["properties"]) ? object["properties"] : {}

const keysOf = (objects: ReadonlyArray<Node>): ReadonlyArray<string> => [
  ...new Set(objects.flatMap((object) => Object.keys(propertiesOf(object))))
]

/** The schemas of a key in the objects that have it. */
const schemasAt = (objects: ReadonlyArray<Node>, key: string): ReadonlyArray<unknown> =>
  objects.map(propertiesOf).filter((properties) => Object.hasOwn(properties, key)).map((properties) => properties[key])

const namesIn = (object: Node | undefined): ReadonlyArray<unknown> => {
  const required = object?.["required"]
  return Array.isArray(required) ? required : []
}

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
  const { enum: literals, type, ...more } = schema
  return type === "string" && Array.isArray(literals) && Object.keys(more).length === 0 ? literals : undefined
}
