/** The two ends of the process: stdout for what was asked for, at the reader's pace, and stderr for all the rest. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { constVoid, identity } from "effect/Function"

/** Stdout cannot be written. `closed`: because its reader has gone. */
export class OutputError extends Data.TaggedError("OutputError")<{
  readonly message: string
  readonly closed: boolean
}> {}

const closedCodes = new Set<unknown>(["EPIPE", "EOF", "ERR_STREAM_DESTROYED", "ERR_STREAM_WRITE_AFTER_END"])

/** Writes to stdout, and resolves when the system has taken the text: a reader that is slow slows the writer. */
export const write = (text: string): Effect.Effect<void, OutputError> =>
  Effect.callback((resume) => {
    process.stdout.write(text, (error: NodeJS.ErrnoException | null | undefined) =>
      resume(
        error == null
          ? Effect.void
          : Effect.fail(new OutputError({ message: error.message, closed: closedCodes.has(error.code) }))
      ))
  })

/** Writes to stdout without waiting, when the process is about to end and must not depend on a reader. */
export const writeNow = (text: string): Effect.Effect<void> =>
  Effect.sync(() => {
    process.stdout.write(text)
  })

/** Writes one line to stderr, whatever the text holds; grey where it is only by the way. */
export const note = (text: string, style: (line: string) => string = identity): Effect.Effect<void> =>
  Effect.sync(() => {
    process.stderr.write(`${style(visible(text.replace(/\s+/g, " ")))}\n`)
  })

/** Resolves when all that was written has left, or its reader has. */
export const flush: Effect.Effect<void> = Effect.callback((resume) => {
  process.stdout.write("", () => resume(Effect.void))
})

/** A stream whose reader goes emits an error, which ends the process with a stack unless someone listens. */
export const ignoreStreamErrors: Effect.Effect<void> = Effect.sync(() => {
  process.stdout.on("error", constVoid)
  process.stderr.on("error", constVoid)
})

/** Whether stderr is read by a person, who wants to know how it went. */
export const stderrIsTerminal = (): boolean => process.stderr.isTTY === true

/** Whether stdout is read by a person. */
export const stdoutIsTerminal = (): boolean => process.stdout.isTTY === true

/** Makes a text look otherwise where the terminal can, and the user does not object. */
const styled = (on: number, off: number) => (stream: NodeJS.WriteStream, text: string): string => {
  const wanted = stream.isTTY === true && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb"
  return wanted && text !== "" ? `\u001b[${on}m${text}\u001b[${off}m` : text
}

/** Grey, for what is only by the way. */
export const dim = styled(2, 22)

/** For names. */
export const bold = styled(1, 22)

/** For failures. */
export const red = styled(31, 39)

/** Without the characters that a terminal obeys instead of showing them: what comes from a server may hold anything. */
// oxlint-disable-next-line no-control-regex
export const visible = (text: string): string => text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "")
