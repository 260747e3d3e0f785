/**
 * The options of `Anthropic.make` and `Anthropic.layer`, part of the public types.
 */
import type * as Redacted from "effect/Redacted"
import type { CallOptions } from "../../CallOptions.ts"
import type { HeaderOptions } from "../../internal/provider/settings.ts"

/** The settings of Anthropic's Messages API, and the options for every call. */
export interface Options extends CallOptions {
  /** The name of the model, as Anthropic spells it: `claude-haiku-4-5`. */
  readonly model: string
  /**
   * The name of a known model with the same features, for a name that tells nothing, such as that of a deployment. By
   * default the features are those known of `model`.
   */
  readonly like?: string | undefined
  /** The API key. Defaults to `ANTHROPIC_API_KEY`. */
  readonly apiKey?: Redacted.Redacted<string> | undefined
  /** A bearer token instead of a key. Defaults to `ANTHROPIC_AUTH_TOKEN` if there is no key. */
  readonly authToken?: Redacted.Redacted<string> | undefined
  /** The address of the API. Defaults to `ANTHROPIC_BASE_URL`, or else `https://api.anthropic.com`. */
  readonly baseUrl?: string | undefined
  /** Beta features to enable, as the `anthropic-beta` header names them. None by default. */
  readonly betas?: ReadonlyArray<string> | undefined
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
