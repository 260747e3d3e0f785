import type * as Redacted from "effect/Redacted"
import type { CallOptions } from "../../CallOptions.ts"
import type { HeaderOptions } from "../../internal/provider/client.ts"

/** How to reach Anthropic's Messages API, and the options for every call. */
export interface Options extends CallOptions {
  /** The model, as Anthropic spells it: `claude-haiku-4-5`. */
  readonly model: string
  /** Absent: `ANTHROPIC_API_KEY`. */
  readonly apiKey?: Redacted.Redacted<string> | undefined
  /** A bearer token instead of a key. Absent: `ANTHROPIC_AUTH_TOKEN`, if there is no key. */
  readonly authToken?: Redacted.Redacted<string> | undefined
  /** Absent: `ANTHROPIC_BASE_URL`, else `https://api.anthropic.com`. */
  readonly baseUrl?: string | undefined
  /** Beta features, as the `anthropic-beta` header names them. */
  readonly betas?: ReadonlyArray<string> | undefined
  /** More headers for every request. They may hold secrets, and are treated so. */
  readonly headers?: HeaderOptions | undefined
  /** The fetch to use, for a proxy or a test. */
  readonly fetch?: typeof globalThis.fetch | undefined
}
