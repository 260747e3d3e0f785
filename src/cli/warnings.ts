/**
 * The library's warnings, such as of an option that a model does not take, as lines on stderr. app.ts provides the layer.
 * Other logs, which `--log-level` shows, keep Effect's form.
 */
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { note } from "./output.ts"

/** Writes a warning as one line, without the time and the fiber. */
const logger = Logger.make((entry) => {
  const { cause, logLevel, message } = entry
  if (logLevel !== "Warn" || cause.reasons.length > 0) return Logger.defaultLogger.log(entry)
  // Behind the text stand its facts, for programs.
  const [text] = Array.isArray(message) ? message : [message]
  Effect.runSync(note(`Warning: ${String(text)}`))
})

/** The logger of the command line. */
export const layer = Logger.layer([logger])
