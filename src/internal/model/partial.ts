/**
 * Errors with the part of an answer that had arrived. Used by a model's call and by the wrappers that change what is shown.
 */
import { ChatModelError } from "../../ChatModelError.ts"
import type { Metadata, PartialAIMessage } from "../../Message.ts"
import { optional } from "../optional.ts"

/** The error with this part of the answer in place of its own, and with more metadata. An empty part is none. */
export const withPartial = (error: ChatModelError, partial: PartialAIMessage, more?: Metadata): ChatModelError => {
  const arrived = partial.id !== "" || partial.parts.length > 0 || partial.usage !== undefined
  if (!arrived && error.partial === undefined && more === undefined) return error
  const { attempts, cause, metadata, model, provider, reason } = error
  const changed = new ChatModelError({
    provider,
    model,
    reason,
    metadata: more === undefined ? metadata : { ...metadata, ...more },
    attempts
  })
  // Assigned, as the constructor would check it: what an adapter gave may be no JSON, and the reason must be told.
  return Object.assign(changed, arrived ? { partial } : {}, optional("cause", cause))
}
