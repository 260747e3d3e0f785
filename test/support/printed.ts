import { Cause, Schema } from "effect"
import { inspect } from "node:util"
import { ChatModelError } from "rivulet"

/** Every printed form of an error. */
export const printed = (error: ChatModelError.ChatModelError): string =>
  [
    String(error),
    error.message,
    error.stack,
    JSON.stringify(error),
    JSON.stringify(Schema.encodeSync(ChatModelError.ChatModelError)(error)),
    inspect(error, { depth: null, showHidden: true, getters: true }),
    inspect(error.reason, { depth: null, showHidden: true }),
    Cause.pretty(Cause.fail(error))
  ].join("\n")
