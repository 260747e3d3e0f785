/**
 * The part of JSON Schema that Anthropic enforces, as data. Used by `request.ts`, and by models to tell whether a
 * schema is supported.
 */
import type { SchemaDialect } from "../../../internal/jsonSchema/dialect.ts"

/**
 * Schemas of `output_config.format` and of `strict` tools
 * (https://platform.claude.com/docs/en/build-with-claude/structured-outputs).
 */
export const schemaDialect: SchemaDialect = {
  provider: "Anthropic",
  keywords: new Set(),
  formats: new Set([
    "date-time",
    "time",
    "date",
    "duration",
    "email",
    "hostname",
    "uri",
    "ipv4",
    "ipv6",
    "uuid"
  ]),
  minItems: 1,
  objectRoot: false,
  recursion: false,
  optionalKeys: "absent"
}
