/**
 * The command `stream`: prints an answer while it arrives. commands.ts and tour.ts call it. The connection is closed
 * when its effect ends, whatever ends it.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { AIMessageChunk } from "../AIMessageChunk.ts"
import * as ChatModel from "../ChatModel.ts"
import type { Finish } from "../Finish.ts"
import type { Metadata } from "../Message.ts"
import type { Usage } from "../Usage.ts"
import { checkFinish } from "./finish.ts"
import type { FinishOptions } from "./finish.ts"
import { describeAnswer, describeUsage } from "./format.ts"
import { dim, note, stderrIsTerminal, stdoutIsTerminal, visible, write, writeNow } from "./output.ts"
import { Activity, StatusLine, statusTerminal } from "./status.ts"

/** Options of {@link show}. */
export interface ShowOptions extends FinishOptions {
  /** The input of the model. */
  readonly input: ChatModel.ChatInput
  /** The text between two chunks. */
  readonly delimiter: string
  /** The most chunks to print. Defaults to all. */
  readonly take?: number | undefined
  /** Whether each chunk is printed as a line of JSON instead of its text. Defaults to `false`. */
  readonly json?: boolean | undefined
  /** Whether the model's reasoning is written to stderr. The chunks in JSON have it anyway. Defaults to `false`. */
  readonly reasoning?: boolean | undefined
}

/** The state of an answer that is being printed. */
interface Progress {
  readonly startedAt: number
  firstAt: number | undefined
  characters: number
  usage: Usage | undefined
  finish: Finish | undefined
  /** The metadata of the last chunk. */
  metadata: Metadata | undefined
  /** Whether the current line of stdout has text. */
  lineOpen: boolean
  /** Whether reasoning has been written to stderr. */
  reasoned: boolean
  /** Whether the current line of stderr has reasoning. */
  reasoningOpen: boolean
}

/**
 * Prints the answer of the context's model. However it ends, the connection is closed and the last line of output is
 * ended. An interruption is reported on stderr; a failure is left to the caller.
 */
export const show = Effect.fnUntraced(function*(options: ShowOptions) {
  const clock = yield* Clock.Clock
  const { model, provider } = yield* ChatModel.ChatModel
  const startedAt = clock.currentTimeMillisUnsafe()
  const activity = new Activity(`${provider}:${model}`, startedAt)
  const status = new StatusLine(statusTerminal())
  const progress: Progress = {
    startedAt,
    firstAt: undefined,
    characters: 0,
    usage: undefined,
    finish: undefined,
    metadata: undefined,
    lineOpen: false,
    reasoned: false,
    reasoningOpen: false
  }
  const chunks = ChatModel.stream(options.input, { ...options.call, onRetry: activity.onRetry })
  const taken = options.take === undefined ? chunks : Stream.take(chunks, options.take)
  const print = options.json === true
    ? printJson(progress)
    : options.reasoning === true
    ? printReasoning(progress, options.delimiter)
    : printText(progress, options.delimiter)
  const describe = (now: number) => {
    const written = options.json === true ? progress.firstAt !== undefined : activity.hasText
    return progress.reasoned || written && stdoutIsTerminal() ? undefined : activity.describe(now)
  }

  const printing = Stream.runForEachArray(taken, (chunks) => {
    const now = clock.currentTimeMillisUnsafe()
    progress.firstAt ??= now
    for (const chunk of chunks) {
      progress.usage = chunk.usage ?? progress.usage
      progress.finish = chunk.finish ?? progress.finish
      progress.metadata = chunk.metadata
      if (options.reasoning === true) progress.reasoned ||= reasoningOf(chunk) !== ""
    }
    activity.add(chunks)
    if (describe(now) === undefined) status.clear()
    return print(chunks)
  })
  yield* status.during(describe, printing).pipe(
    Effect.onInterrupt(() => Effect.andThen(endLine(progress, writeNow), note(interrupted(progress)))),
    Effect.tapErrorTag("ChatModelError", () => endLine(progress, write))
  )

  yield* endLine(progress, write)
  const finish = progress.finish
  if (finish === undefined && options.json !== true) yield* write("...Truncated\n")
  if (stderrIsTerminal()) {
    yield* note(`[${describeAnswer(progress, clock.currentTimeMillisUnsafe())}]`, (line) => dim(process.stderr, line))
  }
  yield* checkFinish({ finish, metadata: progress.metadata, hasText: progress.characters > 0 }, options)
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

const reasoningOf = ({ parts }: AIMessageChunk): string =>
  parts.map((part) => part.type === "reasoning" ? part.text : "").join("")

/** Prints text as {@link printText} does, and reasoning to stderr, each in lines of its own. */
const printReasoning = (progress: Progress, delimiter: string) => {
  const text = printText(progress, delimiter)
  const one = (chunk: AIMessageChunk) => {
    const reasoning = reasoningOf(chunk)
    const before = reasoning === "" ? Effect.void : Effect.andThen(
      stdoutIsTerminal() ? endText(progress, write) : Effect.void,
      Effect.sync(() => {
        progress.reasoningOpen = true
        process.stderr.write(dim(process.stderr, visible(reasoning)))
      })
    )
    return chunk.content === "" ? before : Effect.andThen(before, Effect.andThen(endReasoning(progress), text([chunk])))
  }
  return (chunks: ReadonlyArray<AIMessageChunk>) => Effect.forEach(chunks, one, { discard: true })
}

/** Ends the line of the reasoning. An empty line separates it from the text of the same terminal. */
const endReasoning = (progress: Progress) =>
  Effect.sync(() => {
    if (!progress.reasoningOpen) return
    progress.reasoningOpen = false
    process.stderr.write(stderrIsTerminal() && stdoutIsTerminal() ? "\n\n" : "\n")
  })

const count = (progress: Progress, text: string) =>
  Effect.sync(() => {
    progress.characters += text.length
  })

const endText = <E>(progress: Progress, write: (text: string) => Effect.Effect<void, E>) =>
  Effect.suspend(() => {
    if (!progress.lineOpen) return Effect.void
    progress.lineOpen = false
    return write("\n")
  })

/** Ends the line of the text, or of the reasoning. */
const endLine = <E>(progress: Progress, write: (text: string) => Effect.Effect<void, E>) =>
  Effect.andThen(endReasoning(progress), endText(progress, write))

const interrupted = ({ characters, usage }: Progress): string =>
  `Interrupted: kept ${characters} characters${usage === undefined ? "" : ` (${describeUsage(usage)} so far)`}`
