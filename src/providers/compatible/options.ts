import type * as Redacted from "effect/Redacted"
import type { CallOptions } from "../../CallOptions.ts"
import type { Capabilities } from "../../Capabilities.ts"
import type { HeaderOptions } from "../../internal/provider/client.ts"
import type { Quirks } from "../wires/chat/quirks.ts"
import type { Preset, PresetName } from "./presets.ts"

/** How to reach a server that speaks Chat Completions, and the options for every call. */
export interface Options extends CallOptions {
  /** The model, as the server spells it. */
  readonly model: string
  /**
   * What is known of the server: one of the names in `presets`, or facts of your own. A name that is not known is the
   * failure of the first call.
   */
  readonly preset?: PresetName | (string & Record<never, never>) | Preset | undefined
  /** Absent: what the preset's variable holds. Without a preset, no key is sent. */
  readonly apiKey?: Redacted.Redacted<string> | undefined
  /** Up to and without `/chat/completions`. Absent: the preset's. */
  readonly baseUrl?: string | undefined
  /** How the server differs from OpenAI's, over what the preset says. */
  readonly quirks?: Quirks | undefined
  /** What the model can do, over what the preset says. */
  readonly capabilities?: Partial<Capabilities> | undefined
  /** More headers for every request. They may hold secrets, and are treated so. */
  readonly headers?: HeaderOptions | undefined
  /** The fetch to use, for a proxy or a test. */
  readonly fetch?: typeof globalThis.fetch | undefined
}
