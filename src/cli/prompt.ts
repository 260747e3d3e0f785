/**
 * The prompt of a command: its argument, the text on stdin, or both. commands.ts calls it. Stdin is read to its end
 * before a request is made, up to a limit.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { fstatSync } from "node:fs"
import { UsageError } from "./errors.ts"
import { dim, note } from "./output.ts"

/** The longest text that is read from stdin, in MiB. It is more than any model reads. */
const maxMebibytes = 16

/** The time after which a command that waits for the first byte on stdin says so. */
const patience = "3 seconds"

/**
 * The prompt. A text on stdin follows the argument after an empty line. It is the whole prompt if the argument is absent
 * or "-".
 */
export const readPrompt = Effect.fnUntraced(function*(command: string, argument: Option.Option<string>) {
  const stdio = yield* Stdio.Stdio
  const example = `rivulet ${command} "Tell me a joke"`
  const isTerminal = yield* stdio.stdinIsTerminal
  // With "-" the user can type the prompt. Without it, a command that waits for a terminal would seem to hang.
  if (Option.isNone(argument) && isTerminal) {
    return yield* new UsageError({
      message: `The prompt is missing. Pass it as in: ${example}. Or pipe it in, or pass - to type it`
    })
  }
  const typed = Option.getOrElse(argument, () => "-")
  const text = typed === "-"
    ? yield* isTerminal ? readTyped(stdio) : readStdin(stdio, stillWaiting)
    : isTerminal
    ? ""
    : yield* readBesides(stdio)
  const prompt = join(typed === "-" ? "" : typed, text)
  if (prompt.trim() !== "") return prompt
  return yield* new UsageError({
    message: `The prompt is empty. Pass it as in: ${example}. Or pipe it in`
  })
})

/** The text that a user types. The terminal echoes Ctrl-C as `^C`, and the line of that is ended too. */
const readTyped = (stdio: Stdio.Stdio) =>
  Effect.andThen(
    note("Type the prompt, and end it with Ctrl-D", (line) => dim(process.stderr, line)),
    Effect.onInterrupt(readStdin(stdio, Effect.never), () => note(""))
  )

/** The argument, an empty line, and the text. Either may be blank. */
export const join = (argument: string, text: string): string =>
  argument.trim() === "" ? text : text.trim() === "" ? argument : `${argument.trimEnd()}\n\n${text}`

/**
 * The text on stdin beside a prompt: that of a pipe or a file. A program that starts the command may leave a socket open,
 * as `exec` of Node.js does, which would be waited for without end.
 */
const readBesides = (stdio: Stdio.Stdio): Effect.Effect<string, UsageError> => {
  const kind = stdinKind()
  if (kind === undefined) return Effect.succeed("")
  return readStdin(
    stdio,
    kind === "pipe" ? stillWaiting : Effect.as(note("No text has come on stdin, so the prompt is used alone"), "")
  )
}

const stillWaiting = Effect.andThen(
  note("Waiting for the text on stdin. If there is none, run the command with < /dev/null"),
  Effect.never
)

/** The kind of stdin, as far as it can hold a text. */
const stdinKind = (): "pipe" | "socket" | undefined => {
  try {
    const stat = fstatSync(0)
    return stat.isFIFO() || stat.isFile() ? "pipe" : stat.isSocket() ? "socket" : undefined
  } catch {
    // It is closed.
    return undefined
  }
}

/** The text on stdin, or what `onSilence` gives if no byte comes in time. */
const readStdin = ({ stdin }: Stdio.Stdio, onSilence: Effect.Effect<string>): Effect.Effect<string, UsageError> =>
  Effect.suspend(() => {
    const pieces: Array<Uint8Array> = []
    let size = 0
    const read = Stream.runForEachArray(stdin, (arrived) => {
      for (const piece of arrived) {
        pieces.push(piece)
        size += piece.length
      }
      return size <= maxMebibytes * 1024 * 1024
        ? Effect.void
        : Effect.fail(wrong(`is longer than ${maxMebibytes} MiB, which no model reads`))
    })
    return Effect.raceFirst(
      read.pipe(
        Effect.catchTag("PlatformError", (error) => Effect.fail(wrong(`cannot be read: ${error.message}`))),
        Effect.andThen(Effect.suspend(() => textOf(Buffer.concat(pieces))))
      ),
      Effect.delay(Effect.suspend(() => size === 0 ? onSilence : Effect.never), patience)
    )
  })

const wrong = (problem: string) => new UsageError({ message: `The text on stdin ${problem}` })

/** The text without the end of its last line, and with the line ends of Unix. PowerShell writes files in UTF-16. */
const textOf = (bytes: Buffer): Effect.Effect<string, UsageError> => {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : "utf-8"
  const text = decode(bytes, encoding)
  if (text === undefined) return Effect.fail(wrong("is not UTF-8. Convert it, for example with iconv"))
  if (text.includes("\0")) return Effect.fail(wrong("has a NUL character, so it is binary data"))
  return Effect.succeed(text.replaceAll("\r\n", "\n").replace(/\n$/, ""))
}

const decode = (bytes: Buffer, encoding: string): string | undefined => {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    // The bytes are not in this encoding.
    return undefined
  }
}
