/**
 * The output of the process: stdout for results, at the pace of its reader, and stderr for everything else. All other
 * files of the command line write through it.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { constVoid, identity } from "effect/Function"
import { wrapProse } from "./text.ts"

/** Stdout cannot be written. */
export class OutputError extends Data.TaggedError("OutputError")<{
  readonly message: string
  /** Whether the reader has closed the pipe. */
  readonly closed: boolean
}> {}

const closedCodes = new Set<unknown>(["EPIPE", "EOF", "ERR_STREAM_DESTROYED", "ERR_STREAM_WRITE_AFTER_END"])

/** Whether the last line of stdout has text. */
let lineOpen = false

/** Writes to stdout and ends when the system has accepted the text, so a slow reader slows the writer. */
export const write = (text: string): Effect.Effect<void, OutputError> =>
  Effect.callback((resume) => {
    if (text !== "") lineOpen = !text.endsWith("\n")
    process.stdout.write(text, (error: NodeJS.ErrnoException | null | undefined) =>
      resume(
        error == null
          ? Effect.void
          : Effect.fail(new OutputError({ message: error.message, closed: closedCodes.has(error.code) }))
      ))
  })

/** Writes to stdout without waiting, for a process that is about to exit. */
export const writeNow = (text: string): Effect.Effect<void> =>
  Effect.sync(() => {
    process.stdout.write(text)
  })

/**
 * Writes a text to stderr as one line, which wraps at the width of a terminal. `style` may change its look.
 */
export const note = (text: string, style: (line: string) => string = identity): Effect.Effect<void> =>
  Effect.sync(() => {
    process.stderr.write(`${prose(process.stderr, style(visible(text.replace(/\s+/g, " "))))}\n`)
  })

/** Writes a line to stderr as it stands, on a line of its own if stdout is the same terminal. */
export const trace = (line: string): void => {
  if (lineOpen && stdoutIsTerminal() && stderrIsTerminal()) process.stderr.write("\n")
  lineOpen = false
  process.stderr.write(`${line}\n`)
}

/** A text of our own, wrapped if the stream is a terminal. */
export const prose = (stream: NodeJS.WriteStream, text: string): string =>
  wrapProse(text, stream.isTTY === true ? stream.columns : undefined)

/** Ends when the text written so far has been read, or its reader has closed the pipe. */
export const flush: Effect.Effect<void> = Effect.callback((resume) => {
  process.stdout.write("", () => resume(Effect.void))
})

/** Handles the errors of closed pipes, which would end the process with a stack trace without a listener. */
export const ignoreStreamErrors: Effect.Effect<void> = Effect.sync(() => {
  process.stdout.on("error", constVoid)
  process.stderr.on("error", constVoid)
})

/** Whether stderr is a terminal. */
export const stderrIsTerminal = (): boolean => process.stderr.isTTY === true

/** Whether stdout is a terminal. */
export const stdoutIsTerminal = (): boolean => process.stdout.isTTY === true

/** Styles a text if the stream is a terminal that supports it and the user has not set `NO_COLOR`. */
const styled = (on: number, off: number) => (stream: NodeJS.WriteStream, text: string): string => {
  const wanted = stream.isTTY === true && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb"
  return wanted && text !== "" ? `\u001b[${on}m${text}\u001b[${off}m` : text
}

/** Dim text, for secondary information. */
export const dim = styled(2, 22)

/** Bold text, for names. */
export const bold = styled(1, 22)

/** Red text, for failures. */
export const red = styled(31, 39)

/** The text without control characters, with which the answer of a server could control the terminal. */
// oxlint-disable-next-line no-control-regex
export const visible = (text: string): string => text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "")
