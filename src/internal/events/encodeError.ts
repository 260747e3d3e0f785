/**
 * Errors of steps as JSON, for error events and their encoders.
 */
import * as Cause from "effect/Cause"
import * as Schema from "effect/Schema"
import { ChatModelError } from "../../ChatModelError.ts"

// Effect memoizes the codec. Made here and not with the module, it costs the first failure 4 ms instead of every
// import.
const encodeChatModelError = (error: ChatModelError) => Schema.encodeSync(Schema.toCodecJson(ChatModelError))(error)

/** The failure of a step as JSON: its fields and its message, without a stack. Of a defect the message. */
export const encodeError = (cause: Cause.Cause<unknown>): unknown => {
  const found = Cause.findErrorOption(cause)
  const error = found._tag === "Some" ? found.value : Cause.squash(cause)
  if (error instanceof ChatModelError) return encodeChatModelError(error)
  if (typeof error !== "object" || error === null) return error
  const message = "message" in error && typeof error.message === "string" ? { message: error.message } : undefined
  const { stack: _, cause: __, ...fields } = error as Readonly<Record<string, unknown>> // any object has such fields
  return { ...message, ...fields }
}
