/**
 * The command `models` with the name of a model: prints what is known of it, and the request of a call. commands.ts loads
 * this file when it is needed, as the facts of all makers and the encoders of all providers take time to load.
 */
import * as Effect from "effect/Effect"
import type { CallOptions } from "../CallOptions.ts"
import { factsText, inspectionJson, requestText } from "./factsText.ts"
import { inspect } from "./inspect.ts"
import { modelName } from "./models.ts"
import { prose, write } from "./output.ts"

/** Prints what is known of a model, and what a call with these options would send. */
export const showModel = Effect.fnUntraced(
  function*({ call, json, name }: { readonly name: string; readonly call: CallOptions; readonly json: boolean }) {
    const [provider = ""] = name.split(":")
    const inspection = yield* inspect(provider, yield* modelName(name), call)
    if (json) return yield* write(inspectionJson(name, inspection))
    const options = Object.values(call).some((value) => value !== undefined)
    yield* write(`${wrap(factsText(inspection))}\n${requestText(inspection, { options, wrap })}`)
  }
)

const wrap = (text: string): string => prose(process.stdout, text)
