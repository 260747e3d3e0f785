/**
 * JSON Schemas in requests of OpenAI's wires: strict ones, and those of other tools. Called by the encoders of `chat`
 * and `responses`.
 */
import type * as JsonSchema from "effect/JsonSchema"
import type { ToolDefinition } from "../../../CallOptions.ts"
import { isJsonSchema, mapNodes, withoutPrefixItems, withPrefixItems } from "../../../internal/jsonSchema/nodes.ts"
import { encodeParameters, encodeSchema } from "../../../internal/provider/encoding.ts"
import type { EncodingIssues } from "../../../internal/provider/encoding.ts"
import { strictDialect } from "./strictDialect.ts"

/** The schema of an answer. If a strict one is more than the dialect can express, the request is impossible. */
export const answerSchema = (
  provider: string,
  { schema, strict }: { readonly schema: JsonSchema.JsonSchema; readonly strict: boolean },
  issues: EncodingIssues
): JsonSchema.JsonSchema =>
  strict ? encodeSchema(schema, strictDialect(provider), "responseFormat.schema", issues) : completed(schema)

/** The parameters of a tool. */
export const toolSchema = (
  provider: string,
  tool: Pick<ToolDefinition, "parameters" | "strict">,
  at: string,
  issues: EncodingIssues
): JsonSchema.JsonSchema =>
  encodeParameters(tool, { at, dialect: strictDialect(provider), complete: completed }, issues)

/** OpenAI refuses objects without `properties`, arrays without `items`, and does not know tuples, strict or not. */
const completed = (schema: JsonSchema.JsonSchema): JsonSchema.JsonSchema =>
  mapNodes(schema, (each) => {
    const node = withPrefixItems(each)
    const { items, prefixItems, properties, type } = node
    if (Array.isArray(prefixItems)) return withoutPrefixItems(node, [...prefixItems, items].filter(isJsonSchema))
    const types: ReadonlyArray<unknown> = Array.isArray(type) ? type : [type]
    return {
      ...node,
      ...(types.includes("object") && !isJsonSchema(properties) ? { properties: {} } : undefined),
      ...(types.includes("array") && !isJsonSchema(items) ? { items: {} } : undefined)
    }
  })
