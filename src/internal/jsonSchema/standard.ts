/**
 * Standard Schemas (zod, valibot, arktype and others) as Effect schemas. Tools, parsers and object generation call it
 * where a user gives a schema. An Effect schema is returned as it is. It must not import a library of schemas.
 */
import * as Effect from "effect/Effect"
import type * as JsonSchema from "effect/JsonSchema"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import * as SchemaIssue from "effect/SchemaIssue"
import type { StandardJSONSchemaV1, StandardSchemaV1 } from "effect/StandardSchema"
import { lazy } from "../lazy.ts"
import { mapNodes } from "./nodes.ts"
import type { SchemaProblem } from "./representation.ts"

/** A schema of Effect or of another library. */
export type AnySchema = Schema.Constraint | StandardSchemaV1

/** The codec of a Standard Schema: its input is the encoded side. */
export type StandardCodec<S extends StandardSchemaV1> = Schema.Codec<
  StandardSchemaV1.InferOutput<S>,
  StandardSchemaV1.InferInput<S>
>

/** The Effect schema of a schema: itself, or the codec of a Standard Schema. */
export type EffectSchema<S> = S extends Schema.Constraint ? S : S extends StandardSchemaV1 ? StandardCodec<S> : never

/** Whether a schema is of another library. An Effect schema may be a Standard Schema too. */
export const isStandard = (schema: AnySchema): schema is StandardSchemaV1 => !Schema.isSchema(schema)

/** The Effect schema of a schema. */
export const effectSchemaOf = <S extends AnySchema>(schema: S): EffectSchema<S> =>
  // The codec has the types that the Standard Schema declares.
  (isStandard(schema) ? codecOf(schema) : schema) as EffectSchema<S>

type JsonSchemaResult = Result.Result<JsonSchema.JsonSchema, SchemaProblem>

/** The annotation of a codec that holds its JSON Schema. */
const jsonSchemaKey = "~rivulet/jsonSchema"

/** The JSON Schema that a Standard Schema brings along. Undefined for the schemas of Effect. */
export const givenJsonSchema = (schema: Schema.Constraint): JsonSchemaResult | undefined => {
  // Only this file sets the annotation.
  const given = schema.ast.annotations?.[jsonSchemaKey] as (() => JsonSchemaResult) | undefined
  return given?.()
}

/** The schema of an object with one key. */
export const inObject = (key: string, schema: Schema.Constraint):
  & Schema.Constraint
  & Schema.Struct<{
    readonly [key: string]: Schema.Constraint
  }> =>
{
  const object = Schema.Struct({ [key]: schema })
  const given = givenJsonSchema(schema)
  return given === undefined
    ? object
    : object.annotate({ [jsonSchemaKey]: () => Result.map(given, (json) => jsonInObject(key, json)) })
}

const jsonInObject = (key: string, json: JsonSchema.JsonSchema): JsonSchema.JsonSchema => {
  const { $defs, ...value } = mapNodes(json, (node) => {
    const { $ref } = node
    return typeof $ref !== "string" || !$ref.startsWith("#") || $ref.startsWith("#/$defs/")
      ? node
      : { ...node, $ref: `#/properties/${key}${$ref.slice(1)}` }
  })
  return {
    type: "object",
    properties: { [key]: value },
    required: [key],
    additionalProperties: false,
    ...($defs === undefined ? undefined : { $defs })
  }
}

// -----------------------------------------------------------------------------
// codec
// -----------------------------------------------------------------------------

/** Any value, as it is. `Schema.Unknown` takes no bigints, which are integers that a number cannot hold. */
const anything = Schema.declare(Predicate.isUnknown, { toCodecJson: () => undefined })

const codecOf = (schema: StandardSchemaV1) =>
  anything.pipe(
    Schema.decodeTo(anything, {
      decode: SchemaGetter.transformEffect((input: unknown) => validate(schema, input)),
      // A Standard Schema has no way back.
      encode: SchemaGetter.passthrough()
    })
  ).annotate({ [jsonSchemaKey]: lazy(() => jsonSchemaOf(schema)) })

const validate = (schema: StandardSchemaV1, input: unknown): Effect.Effect<unknown, SchemaIssue.Issue> =>
  Effect.suspend(() => {
    const result = schema["~standard"].validate(input)
    return Predicate.isPromiseLike(result) ? Effect.flatMap(Effect.promise(() => result), outcome) : outcome(result)
  })

const outcome = (result: StandardSchemaV1.Result<unknown>): Effect.Effect<unknown, SchemaIssue.Issue> => {
  if (result.issues === undefined) return Effect.succeed(result.value)
  const [first = new SchemaIssue.InvalidValue(), ...rest] = result.issues.map(issueOf)
  return Effect.fail(new SchemaIssue.Composite(anything.ast, [first, ...rest]))
}

const issueOf = ({ message, path = [] }: StandardSchemaV1.Issue): SchemaIssue.Issue =>
  new SchemaIssue.Pointer(
    path.map((segment) => typeof segment === "object" ? segment.key : segment),
    new SchemaIssue.InvalidValue({ message })
  )

// -----------------------------------------------------------------------------
// JSON Schema
// -----------------------------------------------------------------------------

const jsonSchemaOf = (schema: StandardSchemaV1): JsonSchemaResult => {
  // Libraries add the JSON Schema to the properties of a Standard Schema.
  const { jsonSchema, vendor } = schema["~standard"] as
    & StandardSchemaV1.Props
    & Partial<StandardJSONSchemaV1.Props>
  if (jsonSchema === undefined) {
    return Result.fail({
      path: "",
      message: `it has no JSON Schema: ${
        converters[vendor] ?? `use a version of ${vendor} with Standard JSON Schema, or an Effect schema`
      }`
    })
  }
  return Result.try({
    try: () => tidy(jsonSchema.input({ target: "draft-2020-12" })),
    catch: (cause) => ({
      path: "",
      message: `it has no JSON Schema: ${cause instanceof Error ? cause.message : String(cause)}`
    })
  })
}

const converters: { readonly [vendor: string]: string } = {
  valibot: "wrap it with toStandardJsonSchema of @valibot/to-json-schema",
  zod: "use zod 4.2 or later"
}

/** Removes what says nothing to a model: the version, and the bounds of JavaScript's integers. */
const tidy = (schema: JsonSchema.JsonSchema): JsonSchema.JsonSchema => {
  const { $schema: _, ...rest } = schema
  return mapNodes(rest, (node) =>
    node["type"] === "integer"
      ? Object.fromEntries(Object.entries(node).filter(([key, value]) => !isSafeBound(key, value)))
      : node)
}

const isSafeBound = (key: string, value: unknown): boolean =>
  (key === "minimum" && value === Number.MIN_SAFE_INTEGER) || (key === "maximum" && value === Number.MAX_SAFE_INTEGER)
