/**
 * Reading the prompt from the arguments or from stdin. commands.ts calls it for every command with a prompt.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { UsageError } from "./errors.ts"

/** The prompt: the argument, or stdin if the argument is absent or "-". */
export const readPrompt = Effect.fnUntraced(function*(command: string, argument: Option.Option<string>) {
  if (Option.isSome(argument) && argument.value !== "-") return argument.value
  const stdio = yield* Stdio.Stdio
  // With "-" the user can type the prompt. Without it, a command that waits for a terminal would seem to hang.
  if (Option.isNone(argument) && (yield* stdio.stdinIsTerminal)) {
    return yield* new UsageError({
      message:
        `The prompt is missing. Pass it as in: rivulet ${command} "Tell me a joke". Or pipe it in, or pass - to type it`
    })
  }
  const text = yield* Stream.mkString(Stream.decodeText(stdio.stdin)).pipe(
    Effect.mapError((error) => new UsageError({ message: `The prompt cannot be read from stdin: ${error.message}` }))
  )
  return text.replace(/\r?\n$/, "")
})
