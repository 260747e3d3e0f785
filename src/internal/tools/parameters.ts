/**
 * The JSON Schema of a tool's parameters, and the same as one object. Called by make.ts, once for each tool.
 */
import type * as JsonSchema from "effect/JsonSchema"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import { objectOf } from "../jsonSchema/nodes.ts"
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
