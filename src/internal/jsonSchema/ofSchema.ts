/**
 * Makes the JSON Schema (draft 2020-12) that a model has to follow, from an Effect schema. Called by parsers, object
 * generation and tools. A Standard Schema brings its own; see standard.ts.
 *
 * The JSON Schema describes the encoded side of `Schema.toCodecJson(schema)`, so the answer must be decoded by that
 * codec. Dates, bigints, bytes, maps and options have a JSON form there.
 */
import type * as JsonSchema from "effect/JsonSchema"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import * as SchemaRepresentation from "effect/SchemaRepresentation"
import { isJsonSchema, mapNodes, mergeAllOf, refsFrom, withRoot } from "./nodes.ts"
import { representationOf } from "./representation.ts"
import type { SchemaProblem } from "./representation.ts"
import { givenJsonSchema } from "./standard.ts"

export type { SchemaProblem } from "./representation.ts"

/**
 * Makes the JSON Schema of a schema. Fails if a part of the schema has no JSON form.
 *
 * Objects are closed (`additionalProperties: false`). Schemas with an identifier and recursive ones are in the root's
 * `$defs`. The root itself is not a `$ref`.
 */
export const toJsonSchema = (schema: Schema.Constraint): Result.Result<JsonSchema.JsonSchema, SchemaProblem> =>
  givenJsonSchema(schema) ?? Result.flatMap(
    // Effect throws on schemas that it cannot convert, such as those with symbol keys. So may annotation callbacks.
    Result.try({ try: () => representationOf(Schema.toCodecJson(schema)), catch: thrown }),
    (document) =>
      "path" in document ? Result.fail(document) : Result.try({ try: () => compile(document), catch: thrown })
  )

const thrown = (cause: unknown): SchemaProblem => {
  if (!(cause instanceof Error)) return { path: "", message: `it has no JSON Schema: ${String(cause)}` }
  // Effect's error carries the schema whose keys JSON cannot hold.
  const keys = SchemaAST.isAST(cause.cause) && SchemaAST.isObjects(cause.cause) ? cause.cause.propertySignatures : []
  const symbol = keys.find(({ name }) => typeof name === "symbol")
  return symbol === undefined
    ? { path: "", message: `it has no JSON Schema: ${cause.message}` }
    : {
      path: String(symbol.name),
      message: "JSON keys are strings: give the symbol a name on the encoded side with Schema.encodeKeys"
    }
}

const compile = (from: SchemaRepresentation.Document): JsonSchema.JsonSchema => {
  const document = SchemaRepresentation.toJsonSchemaDocument(from, {
    onExcessProperty: "error",
    generateDescriptions: true
  })
  const definitions = Object.entries(document.definitions).map(([key, schema]) => [key, tidy(schema)] as const)
  const all = { ...tidy(document.schema), $defs: Object.fromEntries(definitions) }
  const { $defs: _, ...root } = withRoot(all)
  const used = refsFrom(all, root)
  const kept = definitions.filter(([key]) => used.has(`#/$defs/${key}`))
  return kept.length === 0 ? root : { ...root, $defs: Object.fromEntries(kept) }
}

/** Removes from a schema constructs that models and providers do not expect. */
const tidy = (schema: JsonSchema.JsonSchema): JsonSchema.JsonSchema =>
  mapNodes(schema, (node) => emptyObject(mergeAllOf(node)))

/** Turns the schema of an empty struct, which Effect writes as "anything but null", into that of an empty object. */
const emptyObject = (node: JsonSchema.JsonSchema): JsonSchema.JsonSchema => {
  const { not, ...rest } = node
  return isJsonSchema(not) && not["type"] === "null" && Object.keys(not).length === 1
    ? { ...rest, type: "object", properties: {}, additionalProperties: false }
    : node
}
