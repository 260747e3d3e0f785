/**
 * The facts about one model, and the request that a call of it would send: made by the encoder of its provider, without
 * a network, a key or an SDK. Used by showModel.ts.
 */
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import type { CallOptions } from "../CallOptions.ts"
import { UnsupportedError } from "../ChatModelError.ts"
import type { Reason } from "../ChatModelError.ts"
import { Known } from "../internal/facts/known.ts"
import { ModelFacts } from "../internal/facts/settings.ts"
import type { Facts } from "../internal/facts/types.ts"
import type { ChatRequest } from "../internal/model/request.ts"
import type { Encoded } from "../internal/provider/encoding.ts"
import { providerModel } from "../internal/provider/model.ts"
import type { ProviderModel } from "../internal/provider/model.ts"
import { partsOf as anthropicParts } from "../providers/anthropic/model.ts"
import { partsOf as compatibleParts } from "../providers/compatible/model.ts"
import { partsOf as openAiParts } from "../providers/openai/model.ts"

/** An option that is left out or changed. */
export type Warning = ChatRequest["warnings"][number] | Encoded["warnings"][number]

/** A request that was not sent. */
interface Recorded {
  readonly body: Encoded["body"]
  readonly warnings: ReadonlyArray<Warning>
}

/** A model, and a call of it. */
export interface Inspection {
  /** The name of the provider in errors and `providerOptions`. */
  readonly provider: string
  readonly model: string
  /** The API: `messages`, `responses` or `chat`. */
  readonly api: string | undefined
  readonly facts: Facts
  /** Whether anything is known of the model itself, and not of its provider's API alone. */
  readonly known: boolean
  /** The model has no facts of its own, and is taken for the newest of its family. */
  readonly guess: boolean
  /** The body of the request, or the reason why there is none. */
  readonly request: Recorded | { readonly reason: Reason }
}

/** The prompt of the call. */
const prompt = "Hi"

/** Inspects a model by the name of its provider and its own. The provider is a built-in one or the demo. */
export const inspect = Effect.fnUntraced(function*(provider: string, model: string, call: CallOptions) {
  const settings = yield* ModelFacts
  switch (provider) {
    case "anthropic":
      return yield* inspectParts(anthropicParts({ model }, settings), call)
    case "openai":
      return yield* inspectParts(openAiParts({ model, api: "responses" }, settings), call)
    case "openai-chat":
      return yield* inspectParts(openAiParts({ model, api: "chat" }, settings), call)
    default: {
      const preset = provider === "demo" ? { name: "demo" } : provider
      return yield* inspectParts(compatibleParts({ model, preset }, settings), call)
    }
  }
})

const inspectParts = Effect.fnUntraced(
  function*<E extends Encoded>(parts: ProviderModel<E>, call: CallOptions): Effect.fn.Return<Inspection> {
    const { facts: source, model, provider, settings } = parts
    const { facts, guess } = new Known({ provider, model }, source, settings).found
    const unsent = "A recorded request is not sent"
    let request: Inspection["request"] | undefined
    const recorder = providerModel({
      ...parts,
      connect: Effect.succeed(() => Promise.reject(new Error(unsent))),
      encode: (asked) => {
        const encoded = parts.encode(asked)
        if ("_tag" in encoded) return encoded
        request = { body: encoded.body, warnings: [...asked.warnings, ...encoded.warnings] }
        return new UnsupportedError({ message: unsent })
      }
    })
    const { reason } = yield* Effect.flip(recorder.invoke(prompt, call)).pipe(
      // A model that sends nothing never answers.
      Effect.orDie,
      // The result has the warnings.
      Effect.provideService(References.MinimumLogLevel, "None")
    )
    return { provider, model, api: source.api, facts, known: isKnown(facts), guess, request: request ?? { reason } }
  }
)

const isKnown = ({ context, maxOutput, status, thinking }: Facts): boolean =>
  [context, maxOutput, status, thinking].some((fact) => fact !== undefined)
