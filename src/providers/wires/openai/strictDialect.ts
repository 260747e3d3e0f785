/**
 * The strict mode of OpenAI's APIs, as data. Used by the encoders, and by models to tell whether a schema is supported.
 */
import type { SchemaDialect } from "../../../internal/jsonSchema/dialect.ts"

/**
 * The part of JSON Schema that strict mode takes
 * (https://platform.openai.com/docs/guides/structured-outputs#supported-schemas). Compatible servers have adopted it.
 * `provider` is the name in error messages.
 */
export const strictDialect = (provider: string): SchemaDialect => ({
  provider,
  keywords: new Set([
    "pattern",
    "multipleOf",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minItems",
    "maxItems"
  ]),
  formats: new Set(["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"]),
  minItems: Infinity,
  objectRoot: true,
  recursion: true,
  optionalKeys: "null"
})
