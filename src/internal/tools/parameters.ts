import type * as JsonSchema from "effect/JsonSchema"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import { isJsonSchema, joinWords } from "../jsonSchema/nodes.ts"
import { toJsonSchema } from "../jsonSchema/ofSchema.ts"
import type { SchemaProblem } from "../jsonSchema/ofSchema.ts"
import { withRoot } from "../jsonSchema/refs.ts"

type Node = JsonSchema.JsonSchema

/** The parameters of a tool, as JSON Schema. */
export interface Parameters {
  readonly schema: Node
  /**
   * The same as the schema of one object, which is all that providers take. Of several objects it has the keys of all,
   * and tells in words what goes together; the arguments are decoded by what they were made from.
   */
  readonly object: Node
}

export const parametersOf = (schema: Schema.Constraint): Result.Result<Parameters, SchemaProblem> =>
  Result.flatMap(toJsonSchema(schema), (schema) => {
    const object = objectOf(schema)
    return object === undefined
      ? Result.fail({ path: "", message: "the parameters of a tool must be an object" })
      : Result.succeed({ schema, object })
  })

/** Undefined if it is not sure to be an object. */
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

/** What each object that has a key says of it. */
const schemasAt = (objects: ReadonlyArray<Node>, key: string): ReadonlyArray<unknown> =>
  objects.map(propertiesOf).filter((properties) => Object.hasOwn(properties, key)).map((properties) => properties[key])

const namesIn = (object: Node | undefined): ReadonlyArray<unknown> => {
  const required = object?.["required"]
  return Array.isArray(required) ? required : []
}

/** Literals, such as tell the objects apart, are put together. */
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
