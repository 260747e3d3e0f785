/**
 * The options of `OpenAi.make` and `OpenAi.layer`, part of the public types.
 */
import type * as Redacted from "effect/Redacted"
import type { CallOptions } from "../../CallOptions.ts"
import type { HeaderOptions } from "../../internal/provider/settings.ts"

/** One of OpenAI's two APIs. */
export type Api = "responses" | "chat"

/** The settings of OpenAI's APIs, and the options for every call. */
export interface Options extends CallOptions {
  /** The name of the model, as OpenAI spells it: `gpt-6-luna`. */
  readonly model: string
  /**
   * The name of a known model with the same features, for a name that tells nothing, such as that of a deployment. By
   * default the features are those known of `model`.
   */
  readonly like?: string | undefined
  /** The Responses API or Chat Completions. Defaults to `responses`. */
  readonly api?: Api | undefined
  /** The API key. Defaults to `OPENAI_API_KEY`. */
  readonly apiKey?: Redacted.Redacted<string> | undefined
  /** The address of the API. Defaults to `OPENAI_BASE_URL`, or else `https://api.openai.com/v1`. */
  readonly baseUrl?: string | undefined
  /** The organization to bill, for keys that belong to several. Defaults to `OPENAI_ORG_ID`. */
  readonly organization?: string | undefined
  /** The project to bill. Defaults to `OPENAI_PROJECT_ID`. */
  readonly project?: string | undefined
  /**
   * Headers to add to every request. No error repeats a Redacted value, nor a plain one of 8 characters or more whose
   * header is not a common public one, such as `content-type` or `user-agent`. None by default.
   */
  readonly headers?: HeaderOptions | undefined
  /** The `fetch` to use, for a proxy or a test. Defaults to the global one. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /**
   * Whether a web page may send the key, which its visitors can read. Defaults to `false`: calls in a page then fail with
   * `UnsupportedError`.
   */
  readonly dangerouslyAllowBrowser?: boolean | undefined
}
