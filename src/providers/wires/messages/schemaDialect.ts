import type { SchemaDialect } from "../../../internal/jsonSchema/dialect.ts"

/**
 * What the API takes where it holds the model to a schema: `output_config.format`, and tools that are `strict`
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
