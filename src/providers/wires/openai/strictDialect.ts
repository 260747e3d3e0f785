import type { SchemaDialect } from "../../../internal/jsonSchema/dialect.ts"

/**
 * The strict mode of OpenAI's APIs (https://platform.openai.com/docs/guides/structured-outputs#supported-schemas),
 * which others have taken over. `provider` is whose it is in messages.
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
