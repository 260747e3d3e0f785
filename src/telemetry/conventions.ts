/**
 * The names of OpenTelemetry's conventions for generative AI, in one place: those of semantic-conventions-genai 0.1, and
 * the older ones that many back ends read. Used by spans and metrics. It must import no module of Effect.
 */
import type { CallOptions } from "../CallOptions.ts"
import type { Usage } from "../Usage.ts"

/** Which names are written: `current`, those of semantic-conventions-genai 0.1; `older`, those before it; or both. */
export type Conventions = "current" | "older" | "both"

/** The attributes of a span or a metric. Undefined ones are left out. */
export type Attributes = Record<string, unknown>

/** The names of providers that the conventions know under another name than ours. */
const wellKnown: Readonly<Record<string, string>> = {
  azure: "azure.ai.openai",
  mistral: "mistral_ai",
  xai: "x_ai",
  moonshotai: "moonshot_ai",
  google: "gcp.gemini",
  vertex: "gcp.vertex_ai",
  bedrock: "aws.bedrock"
}

/** Who is asked, and for what. */
export const requestAttributes = (
  conventions: Conventions,
  operation: string,
  provider: string | undefined,
  model: string | undefined
): Attributes => {
  const name = provider === undefined ? undefined : wellKnown[provider] ?? provider
  return {
    "gen_ai.operation.name": operation,
    ...(conventions === "older" ? undefined : { "gen_ai.provider.name": name }),
    ...(conventions === "current" ? undefined : { "gen_ai.system": name }),
    "gen_ai.request.model": model
  }
}

/** The host and the port of the server. Nothing else of an address is told, as it may hold a key. */
export const serverAttributes = (baseUrl: string | undefined): Attributes => {
  if (baseUrl === undefined || !URL.canParse(baseUrl)) return {}
  const { hostname, port, protocol } = new URL(baseUrl)
  return { "server.address": hostname, "server.port": port === "" ? protocol === "http:" ? 80 : 443 : Number(port) }
}

/** The options of a request as they are sent. */
export const optionAttributes = (options: CallOptions): Attributes => {
  const { maxTokens, reasoning, responseFormat, stopSequences, temperature, topK, topP } = options
  return {
    "gen_ai.request.max_tokens": maxTokens,
    "gen_ai.request.temperature": temperature,
    "gen_ai.request.top_p": topP,
    "gen_ai.request.top_k": topK,
    "gen_ai.request.stop_sequences": stopSequences === undefined ? undefined : [...stopSequences],
    "gen_ai.request.reasoning.level": typeof reasoning === "object" ? reasoning.effort : undefined,
    "gen_ai.output.type": responseFormat === undefined ? undefined : responseFormat.type === "text" ? "text" : "json"
  }
}

/** The tokens of an answer, and what they cost. */
export const usageAttributes = (conventions: Conventions, usage: Usage): Attributes => {
  const { cacheReadTokens, cacheWriteTokens, cost, inputTokens, outputTokens, reasoningTokens } = usage
  return {
    "gen_ai.usage.input_tokens": inputTokens,
    "gen_ai.usage.output_tokens": outputTokens,
    "gen_ai.usage.cache_read.input_tokens": cacheReadTokens,
    "gen_ai.usage.reasoning.output_tokens": reasoningTokens,
    ...(conventions === "older" ? undefined : { "gen_ai.usage.cache_write.input_tokens": cacheWriteTokens }),
    ...(conventions === "current" ? undefined : {
      "gen_ai.usage.prompt_tokens": inputTokens,
      "gen_ai.usage.completion_tokens": outputTokens,
      "gen_ai.usage.cache_creation.input_tokens": cacheWriteTokens
    }),
    "rivulet.usage.cost": cost?.total
  }
}
