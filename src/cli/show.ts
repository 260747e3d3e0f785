/** Shows an answer as it arrives. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { AIMessageChunk } from "../AIMessageChunk.ts"
import type { CallOptions } from "../CallOptions.ts"
import * as ChatModel from "../ChatModel.ts"
import type { Finish } from "../Finish.ts"
import type { Usage } from "../Usage.ts"
import { failIfDeclined } from "./errors.ts"
import { describeUsage, factsOf } from "./format.ts"
import { dim, note, stderrIsTerminal, visible, write, writeNow } from "./output.ts"

/** What is asked, and how the answer is shown. */
export interface ShowOptions {
  readonly input: ChatModel.ChatInput
  readonly call?: CallOptions | undefined
  /** What stands between two chunks of text. */
  readonly delimiter: string
  /** Break off after so many chunks. */
  readonly take?: number | undefined
  /** One chunk a line, as JSON, instead of the text. */
  readonly json?: boolean | undefined
}

/** What is known of an answer so far. */
interface Progress {
  readonly startedAt: number
  firstAt: number | undefined
  characters: number
  usage: Usage | undefined
  finish: Finish | undefined
  /** Whether the line that stdout stands on has something on it. */
  lineOpen: boolean
}

/**
 * Prints the answer of the context's model. Whatever ends it, the connection is closed by then and the line of output
 * finished; an interruption is told on stderr, a failure is the caller's.
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
    yield* note(`[${factsOf(progress, clock.currentTimeMillisUnsafe())}]`, (line) => dim(process.stderr, line))
  }
  yield* failIfDeclined(finish)
})

const printJson = (progress: Progress) => (chunks: ReadonlyArray<AIMessageChunk>) =>
  // Chunks are plain data, and their JSON is what their schema encodes them to.
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
