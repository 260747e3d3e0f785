/**
 * The description of one of OpenAI's APIs, for `model.ts` and the files of the APIs. A type only.
 */
import type { CallOptions } from "../../CallOptions.ts"
import type { Capabilities } from "../../Capabilities.ts"
import type { Reason } from "../../ChatModelError.ts"
import type { Decoder } from "../../internal/http/httpStream.ts"
import type { DecoderOptions } from "../../internal/provider/decoder.ts"
import type { Encoded } from "../../internal/provider/model.ts"
import type { Message } from "../../Message.ts"

/** One of OpenAI's APIs: its path, its capabilities and its wire. */
export interface ApiSpec {
  readonly path: string
  readonly capabilities: Partial<Capabilities>
  readonly encode: (
    model: { readonly provider: string; readonly model: string },
    messages: ReadonlyArray<Message>,
    options: CallOptions
  ) => Encoded | Reason
  readonly decoder: (options: DecoderOptions) => Decoder
}
