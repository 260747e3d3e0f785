/**
 * The description of one of OpenAI's APIs, for `model.ts` and the files of the APIs. A type only.
 */
import type { Capabilities } from "../../Capabilities.ts"
import type { Reason } from "../../ChatModelError.ts"
import type { Decoder } from "../../internal/http/httpStream.ts"
import type { ChatRequest } from "../../internal/model/request.ts"
import type { DecoderOptions } from "../../internal/provider/decoder.ts"
import type { Encoded } from "../../internal/provider/encoding.ts"

/** One of OpenAI's APIs: its path, its capabilities and its wire. */
export interface ApiSpec {
  readonly path: string
  /** The endpoint for counting tokens, and the fields of a request that it takes. Absent: there is none. */
  readonly counter?: { readonly path: string; readonly fields: ReadonlyArray<string> } | undefined
  readonly capabilities: Partial<Capabilities>
  readonly encode: (
    model: { readonly provider: string; readonly model: string },
    request: ChatRequest
  ) => Encoded | Reason
  readonly decoder: (options: DecoderOptions, encoded: Encoded) => Decoder
}
