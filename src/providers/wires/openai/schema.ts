/**
 * Strict schemas in requests of OpenAI's wires. Called by the encoders of `chat` and `responses`.
 */
import type * as JsonSchema from "effect/JsonSchema"
import { encodeSchema } from "../../../internal/provider/encodingIssues.ts"
import type { EncodingIssues } from "../../../internal/provider/encodingIssues.ts"
import { strictDialect } from "./strictDialect.ts"

/** A schema in OpenAI's strict dialect. A schema that the dialect cannot express makes the request impossible. */
export const inStrictDialect = (
  provider: string,
  schema: JsonSchema.JsonSchema,
  at: string,
  issues: EncodingIssues
): JsonSchema.JsonSchema => encodeSchema(schema, strictDialect(provider), at, issues)
