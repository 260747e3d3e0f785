import type * as JsonSchema from "effect/JsonSchema"
import type { EncodingIssues } from "../../../internal/provider/encodingIssues.ts"
import { encodeSchema } from "../../../internal/provider/schema.ts"
import { strictDialect } from "./strictDialect.ts"

/** A strict schema in OpenAI's dialect; what in it cannot be said there makes the request impossible. */
export const inStrictDialect = (
  provider: string,
  schema: JsonSchema.JsonSchema,
  at: string,
  issues: EncodingIssues
): JsonSchema.JsonSchema => encodeSchema(schema, strictDialect(provider), at, issues)
