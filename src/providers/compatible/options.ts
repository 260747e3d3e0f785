/**
 * The options of `OpenAiCompatible.make` and `OpenAiCompatible.layer`, part of the public types.
 */
import type * as Redacted from "effect/Redacted"
import type { CallOptions } from "../../CallOptions.ts"
import type { Capabilities } from "../../Capabilities.ts"
import type { HeaderOptions } from "../../internal/provider/settings.ts"
import type { Quirks } from "../wires/chat/quirks.ts"
import type { Preset, PresetName } from "./presets.ts"

/** The settings of a server that speaks Chat Completions, and the options for every call. */
export interface Options extends CallOptions {
  /** The name of the model, as the server spells it. */
  readonly model: string
  /**
   * The name of a known model with the same features, for a name that tells nothing, such as that of a deployment. By
   * default the features are those known of `model`.
   */
  readonly like?: string | undefined
  /**
   * The server: a name in `presets`, or a preset of your own. An unknown name fails the first call. Without a preset
   * nothing is assumed of the server.
   */
  readonly preset?: PresetName | (string & Record<never, never>) | Preset | undefined
  /** The API key. Defaults to the preset's variable. Without either, no key is sent. */
  readonly apiKey?: Redacted.Redacted<string> | undefined
  /** The address of the server, without `/chat/completions`. Defaults to the preset's. */
  readonly baseUrl?: string | undefined
  /** Differences from OpenAI's server. They override those of the preset. */
  readonly quirks?: Quirks | undefined
  /** Capabilities of the model. They override those of the preset. */
  readonly capabilities?: Partial<Capabilities> | undefined
  /**
   * Headers to add to every request. No error repeats a Redacted value, nor a plain one of 8 characters or more whose
   * header is not a common public one, such as `content-type` or `user-agent`. None by default.
   */
  readonly headers?: HeaderOptions | undefined
  /** The `fetch` to use, for a proxy or a test. Defaults to the global one. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /**
   * Whether a web page may send the key, which its visitors can read. Defaults to `false`: calls in a page then fail with
   * `UnsupportedError`, unless there is no key.
   */
  readonly dangerouslyAllowBrowser?: boolean | undefined
}
