/**
 * The command `stream`: prints an answer while it arrives. commands.ts and tour.ts call it. The connection is closed
 * when its effect ends, whatever ends it.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { AIMessageChunk } from "../AIMessageChunk.ts"
import type { CallOptions } from "../CallOptions.ts"
import * as ChatModel from "../ChatModel.ts"
import type { Finish } from "../Finish.ts"
import type { Usage } from "../Usage.ts"
import { failIfDeclined } from "./errors.ts"
import { describeAnswer, describeUsage } from "./format.ts"
import { dim, note, stderrIsTerminal, visible, write, writeNow } from "./output.ts"

/** Options of {@link show}. */
export interface ShowOptions {
  /** The input of the model. */
  readonly input: ChatModel.ChatInput
  /** The options of the call. Defaults to none. */
  readonly call?: CallOptions | undefined
  /** The text between two chunks. */
  readonly delimiter: string
  /** The most chunks to print. Defaults to all. */
  readonly take?: number | undefined
  /** Whether each chunk is printed as a line of JSON instead of its text. Defaults to `false`. */
  readonly json?: boolean | undefined
}

/** The state of an answer that is being printed. */
interface Progress {
  readonly startedAt: number
  firstAt: number | undefined
  characters: number
  usage: Usage | undefined
  finish: Finish | undefined
  /** Whether the current line of stdout has text. */
  lineOpen: boolean
}

/**
 * Prints the answer of the context's model. However it ends, the connection is closed and the last line of output is
 * ended. An interruption is reported on stderr; a failure is left to the caller.
 */
export const show = Effect.fnUntraced(function*(options: ShowOptions) {
  const clock = yield* Clock.Clock
  const progress: Progress = {
    startedAt: clock.currentTimeMillisUnsafe(),
    firstAt: undefined,
    characters: 0,
    usage: undefined,
    finish: undefined,
    lineOpen: false
  }
  const chunks = ChatModel.stream(options.input, options.call)
  const taken = options.take === undefined ? chunks : Stream.take(chunks, options.take)
  const print = options.json === true ? printJson(progress) : printText(progress, options.delimiter)

  yield* Stream.runForEachArray(taken, (chunks) => {
    progress.firstAt ??= clock.currentTimeMillisUnsafe()
    for (const chunk of chunks) {
      progress.usage = chunk.usage ?? progress.usage
      progress.finish = chunk.finish ?? progress.finish
    }
    return print(chunks)
  }).pipe(
    Effect.onInterrupt(() => Effect.andThen(endLine(progress, writeNow), note(interrupted(progress)))),
    Effect.tapErrorTag("ChatModelError", () => endLine(progress, write))
  )

  yield* endLine(progress, write)
  const finish = progress.finish
  if (finish === undefined && options.json !== true) yield* write("...Truncated\n")
  if (stderrIsTerminal()) {
    yield* note(`[${describeAnswer(progress, clock.currentTimeMillisUnsafe())}]`, (line) => dim(process.stderr, line))
  }
  yield* failIfDeclined(finish)
})

const printJson = (progress: Progress) => (chunks: ReadonlyArray<AIMessageChunk>) =>
  // Chunks are plain data, so their JSON equals their encoded form.
  Effect.tap(
    write(chunks.map((chunk) => `${JSON.stringify(chunk)}\n`).join("")),
    () => count(progress, chunks.map((chunk) => chunk.content).join(""))
  )

const printText = (progress: Progress, delimiter: string) => (chunks: ReadonlyArray<AIMessageChunk>) => {
  const texts = chunks.map((chunk) => chunk.content).filter((text) => text !== "")
  if (texts.length === 0) return Effect.void
  const text = (progress.characters === 0 ? "" : delimiter) + texts.join(delimiter)
  const shown = process.stdout.isTTY === true ? visible(text) : text
  progress.lineOpen = !shown.endsWith("\n")
  return Effect.tap(write(shown), () => count(progress, texts.join("")))
}

const count = (progress: Progress, text: string) =>
  Effect.sync(() => {
    progress.characters += text.length
  })

const endLine = <E>(progress: Progress, write: (text: string) => Effect.Effect<void, E>) =>
  Effect.suspend(() => {
    if (!progress.lineOpen) return Effect.void
    progress.lineOpen = false
    return write("\n")
  })

const interrupted = ({ characters, usage }: Progress): string =>
  `Interrupted: kept ${characters} characters${usage === undefined ? "" : ` (${describeUsage(usage)} so far)`}`
