import type * as Redacted from "effect/Redacted"
import type { CallOptions } from "../../CallOptions.ts"
import type { HeaderOptions } from "../../internal/provider/client.ts"

/** Which of OpenAI's two APIs a model is reached by. */
export type Api = "responses" | "chat"

/** How to reach OpenAI, and the options for every call. */
export interface Options extends CallOptions {
  /** The model, as OpenAI spells it: `gpt-5-mini`. */
  readonly model: string
  /** The Responses API, or Chat Completions. `responses` by default. */
  readonly api?: Api | undefined
  /** Absent: `OPENAI_API_KEY`. */
  readonly apiKey?: Redacted.Redacted<string> | undefined
  /** Absent: `OPENAI_BASE_URL`, else `https://api.openai.com/v1`. */
  readonly baseUrl?: string | undefined
  /** The organization that is billed, for keys that belong to several. Absent: `OPENAI_ORG_ID`. */
  readonly organization?: string | undefined
  /** The project that is billed. Absent: `OPENAI_PROJECT_ID`. */
  readonly project?: string | undefined
  /** More headers for every request. They may hold secrets, and are treated so. */
  readonly headers?: HeaderOptions | undefined
  /** The fetch to use, for a proxy or a test. */
  readonly fetch?: typeof globalThis.fetch | undefined
}
