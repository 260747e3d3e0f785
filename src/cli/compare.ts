/** Asks several models the same and shows their answers side by side. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Stream from "effect/Stream"
import type { AIMessageChunk } from "../AIMessageChunk.ts"
import type { CallOptions } from "../CallOptions.ts"
import * as ChatModel from "../ChatModel.ts"
import type { Finish } from "../Finish.ts"
import type { Usage } from "../Usage.ts"
import { Columns } from "./columns.ts"
import { reportOf, SomeFailed } from "./errors.ts"
import type { Report } from "./errors.ts"
import { factsOf, tokensPerSecond } from "./format.ts"
import type { Model } from "./models.ts"
import { note, stdoutIsTerminal, visible, write, writeNow } from "./output.ts"
import type { OutputError } from "./output.ts"

/** What is asked of whom, and how the answers are shown. */
export interface CompareOptions {
  readonly models: ReadonlyArray<Model>
  readonly input: ChatModel.ChatInput
  readonly call: CallOptions
  /** One chunk a line, as JSON, and one line for what became of each model. */
  readonly json: boolean
}

/** One model, and its answer so far. */
interface Entry {
  readonly index: number
  readonly name: string
  startedAt: number
  firstAt: number | undefined
  endedAt: number
  usage: Usage | undefined
  finish: Finish | undefined
  failure: Report | undefined
}

/** How the answers are shown. What it writes is written when its effects are over. */
interface View {
  /** Runs before anyone is asked. */
  readonly start: Effect.Effect<void, OutputError>
  readonly chunks: (entry: Entry, chunks: ReadonlyArray<AIMessageChunk>) => Effect.Effect<void, OutputError>
  readonly end: (entry: Entry) => Effect.Effect<void, OutputError>
  /** Runs beside the models, and is interrupted when they are done. */
  readonly beside: Effect.Effect<never, OutputError>
  /** Whatever is still to be written when it ends before its time. */
  readonly leave: Effect.Effect<void>
}

/**
 * Asks all models at once. One that fails ends no other; when all are done, it fails with the exit code of the first
 * that did. Whatever ends it, the connections are closed by then.
 */
export const compare = Effect.fnUntraced(function*({ call, input, json, models }: CompareOptions) {
  const { currentTimeMillisUnsafe: now } = yield* Clock.Clock
  const entries = models.map(({ name }, index): Entry => ({
    index,
    name,
    startedAt: 0,
    firstAt: undefined,
    endedAt: 0,
    usage: undefined,
    finish: undefined,
    failure: undefined
  }))
  const size = { columns: process.stdout.columns, rows: process.stdout.rows }
  const view = json
    ? jsonView()
    : stdoutIsTerminal() && Columns.fit(entries.length, size)
    ? columnsView(entries, size)
    : blocksView(entries)

  const run = (entry: Entry, model: Model) =>
    Effect.suspend(() => {
      entry.startedAt = now()
      return Stream.runForEachArray(ChatModel.stream(input, call), (chunks) => {
        entry.firstAt ??= now()
        for (const chunk of chunks) {
          entry.usage = chunk.usage ?? entry.usage
          entry.finish = chunk.finish ?? entry.finish
        }
        return view.chunks(entry, chunks)
      })
    }).pipe(
      Effect.provide(model.layer),
      Effect.catchTag(["ChatModelError", "ConfigError", "ModelRegistryError"], (error) =>
        Effect.sync(() => {
          entry.failure = reportOf(error)
          if (error._tag === "ChatModelError") entry.usage = error.partial?.usage ?? entry.usage
        })),
      Effect.andThen(Effect.suspend(() => {
        entry.endedAt = now()
        return view.end(entry)
      }))
    )

  yield* view.start
  yield* Effect.raceFirst(
    Effect.forEach(models, (model, i) => run(entries[i]!, model), { concurrency: "unbounded", discard: true }),
    view.beside
  ).pipe(Effect.onInterrupt(() => Effect.andThen(view.leave, note("Interrupted"))))

  const failed = entries.filter((entry) => entry.failure !== undefined)
  for (const { failure, name } of failed) yield* note(`rivulet: ${name}: ${failure?.line}`)
  const code = failed[0]?.failure?.code
  if (code !== undefined) yield* new SomeFailed({ code })
})

const textOf = (chunks: ReadonlyArray<AIMessageChunk>): string => chunks.map((chunk) => chunk.content).join("")

const shown = (chunks: ReadonlyArray<AIMessageChunk>): string => visible(textOf(chunks)).replaceAll("\t", "  ")

/** What became of an answer, in a line. */
const verdict = (entry: Entry): string =>
  `[${entry.failure === undefined ? factsOf(entry, entry.endedAt) : visible(`${entry.failure.line}`)}]`

const jsonView = (): View => ({
  chunks: ({ index, name }, chunks) =>
    write(chunks.map((chunk) => `${JSON.stringify({ index, model: name, chunk })}\n`).join("")),
  end: (entry) => {
    const { endedAt, failure, finish, firstAt, index, name, startedAt, usage } = entry
    const result = {
      firstChunkMillis: firstAt === undefined ? undefined : firstAt - startedAt,
      totalMillis: endedAt - startedAt,
      tokensPerSecond: tokensPerSecond(entry, endedAt),
      usage,
      finish,
      error: failure?.line
    }
    return write(`${JSON.stringify({ index, model: name, result })}\n`)
  },
  start: Effect.void,
  beside: Effect.never,
  leave: Effect.void
})

/** How much of an answer waits for its turn; one that has more to say waits with it. */
const mostWaiting = 1024 * 1024

/** One answer below the other, each under its name: the first as it arrives, the others when those before are done. */
const blocksView = (entries: ReadonlyArray<Entry>): View => {
  const waiting = entries.map(() => "")
  const turns = entries.map(() => Latch.makeUnsafe(false))
  const done = new Set<Entry>()
  let current: number | undefined
  let lineOpen = false

  const print = (text: string) => {
    if (text !== "") lineOpen = !text.endsWith("\n")
    return write(text)
  }
  /** Ends the block whose turn it is, and goes on to the next. */
  const advance: Effect.Effect<void, OutputError> = Effect.suspend(() => {
    const before = current === undefined ? undefined : entries[current]
    const next = before === undefined ? 0 : before.index + 1
    current = undefined
    const ending = before === undefined ? "" : `${lineOpen ? "\n" : ""}${verdict(before)}\n`
    const entry = entries[next]
    if (entry === undefined) return print(ending)
    return Effect.andThen(print(`${ending}${before === undefined ? "" : "\n"}# ${entry.name}\n`), begin(entry))
  })
  /** Prints what has been waiting; from then on the answer is printed as it arrives. */
  const begin = (entry: Entry): Effect.Effect<void, OutputError> =>
    Effect.suspend(() => {
      const text = waiting[entry.index] ?? ""
      if (text !== "") {
        waiting[entry.index] = ""
        return Effect.andThen(print(text), begin(entry))
      }
      current = entry.index
      turns[entry.index]?.openUnsafe()
      return done.has(entry) ? advance : Effect.void
    })

  return {
    chunks: ({ index }, chunks) =>
      Effect.suspend(() => {
        const text = stdoutIsTerminal() ? shown(chunks) : textOf(chunks)
        if (index === current) return print(text)
        waiting[index] += text
        return (waiting[index] ?? "").length < mostWaiting ? Effect.void : turns[index]?.await ?? Effect.void
      }),
    end: (entry) =>
      Effect.suspend(() => {
        done.add(entry)
        return entry.index === current ? advance : Effect.void
      }),
    start: advance,
    beside: Effect.never,
    leave: Effect.suspend(() => writeNow(lineOpen ? "\n" : ""))
  }
}

/** How often columns are drawn, at most. */
const pace = "50 millis"

/** How many lines a column may be ahead of the slowest; then it waits. */
const mostAhead = 5000

const columnsView = (
  entries: ReadonlyArray<Entry>,
  size: { readonly columns: number; readonly rows: number }
): View => {
  const columns = new Columns(entries.length, size)
  const draw = Effect.suspend(() => write(columns.draw()))
  const room = (index: number): Effect.Effect<void> =>
    Effect.suspend(() => columns.ahead(index) < mostAhead ? Effect.void : Effect.delay(room(index), pace))
  let changed = true
  for (const { index, name } of entries) columns.add(index, `${name}\n\n`)
  return {
    chunks: ({ index }, chunks) =>
      Effect.suspend(() => {
        columns.add(index, shown(chunks))
        changed = true
        return columns.ahead(index) < mostAhead ? Effect.void : room(index)
      }),
    end: (entry) => {
      columns.add(entry.index, `\n\n${verdict(entry)}`)
      columns.end(entry.index)
      return draw
    },
    start: Effect.void,
    beside: Effect.forever(Effect.suspend(() => {
      const due = changed ? draw : Effect.void
      changed = false
      return Effect.andThen(due, Effect.sleep(pace))
    })),
    leave: Effect.suspend(() => writeNow(columns.draw()))
  }
}
