/**
 * The JSON Schema (draft 2020-12) of the JSON that a schema decodes, for a model to follow.
 *
 * What it describes is the encoded side of `Schema.toCodecJson(schema)`, so that codec must decode the answer: dates,
 * bigints, bytes, maps and options all have a JSON form there.
 */
import type * as JsonSchema from "effect/JsonSchema"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import * as SchemaRepresentation from "effect/SchemaRepresentation"
import { isJsonSchema, mapNodes, mergeAllOf } from "./nodes.ts"
import { refsFrom, withRoot } from "./refs.ts"
import { representationOf } from "./representation.ts"
import type { SchemaProblem } from "./representation.ts"

export type { SchemaProblem } from "./representation.ts"

/**
 * Makes the JSON Schema of a schema, or tells what in it has no JSON form. Objects are closed; definitions, of which
 * there are any only for what has an identifier or is recursive, are in the root's `$defs`; the root is no `$ref`.
 */
export const toJsonSchema = (schema: Schema.Constraint): Result.Result<JsonSchema.JsonSchema, SchemaProblem> =>
  Result.flatMap(
    // Effect throws for what it cannot make JSON of: keys that are symbols, say, and callbacks of annotations may.
    Result.try({ try: () => representationOf(Schema.toCodecJson(schema)), catch: thrown }),
    (document) =>
      "path" in document ? Result.fail(document) : Result.try({ try: () => compile(document), catch: thrown })
  )

const thrown = (cause: unknown): SchemaProblem => {
  if (!(cause instanceof Error)) return { path: "", message: `there is no JSON Schema of it: ${String(cause)}` }
  // The schema with the keys that JSON cannot have comes with Effect's error.
  const keys = SchemaAST.isAST(cause.cause) && SchemaAST.isObjects(cause.cause) ? cause.cause.propertySignatures : []
  const symbol = keys.find(({ name }) => typeof name === "symbol")
  return symbol === undefined
    ? { path: "", message: `there is no JSON Schema of it: ${cause.message}` }
    : {
      path: String(symbol.name),
      message: "a key of JSON is text: name it so on the encoded side (Schema.encodeKeys)"
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

const tidy = (schema: JsonSchema.JsonSchema): JsonSchema.JsonSchema =>
  mapNodes(schema, (node) => emptyObject(mergeAllOf(node)))

/** A struct without fields would take anything but null. What is meant is an object, with nothing to fill in. */
const emptyObject = (node: JsonSchema.JsonSchema): JsonSchema.JsonSchema => {
  const { not, ...rest } = node
  return isJsonSchema(not) && not["type"] === "null" && Object.keys(not).length === 1
    ? { ...rest, type: "object", properties: {}, additionalProperties: false }
    : node
}
