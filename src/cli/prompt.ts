import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { UsageError } from "./errors.ts"

/** The prompt of the command line, or of stdin when there is none or it is "-". */
export const readPrompt = Effect.fnUntraced(function*(command: string, argument: Option.Option<string>) {
  if (Option.isSome(argument) && argument.value !== "-") return argument.value
  const stdio = yield* Stdio.Stdio
  // With "-" a user may type it in; without, a command that waits for input would look like one that hangs.
  if (Option.isNone(argument) && (yield* stdio.stdinIsTerminal)) {
    return yield* new UsageError({
      message:
        `There is no prompt: give it as in rivulet ${command} "Tell me a joke", or pipe it in, or type it after -`
    })
  }
  const text = yield* Stream.mkString(Stream.decodeText(stdio.stdin)).pipe(
    Effect.mapError((error) => new UsageError({ message: `Cannot read the prompt from stdin: ${error.message}` }))
  )
  return text.replace(/\r?\n$/, "")
})
