/**
 * The command `compare`: sends one prompt to several models and shows their answers in columns, in blocks or as JSON.
 * commands.ts calls it. A slow terminal slows the models: each answer has a bounded buffer.
 */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Stream from "effect/Stream"
import type { AIMessageChunk } from "../AIMessageChunk.ts"
import * as ChatModel from "../ChatModel.ts"
import type { Finish } from "../Finish.ts"
import type { Metadata } from "../Message.ts"
import type { Usage } from "../Usage.ts"
import { Columns } from "./columns.ts"
import { Reported, reportOf } from "./errors.ts"
import type { Report } from "./errors.ts"
import { lengthCode } from "./exitCodes.ts"
import { cutLine } from "./finish.ts"
import type { FinishOptions } from "./finish.ts"
import { describeAnswer, tokensPerSecond } from "./format.ts"
import { note, prose, stdoutIsTerminal, visible, write, writeNow } from "./output.ts"
import type { OutputError } from "./output.ts"
import { Activity, overwritable, StatusLine, statusTerminal } from "./status.ts"

/** A model to compare. */
export interface Compared {
  /** Its name, as it was given. */
  readonly name: string
  readonly context: Context.Context<ChatModel.ChatModel>
}

/** Options of {@link compare}. */
export interface CompareOptions extends FinishOptions {
  /** The models, in the order in which they are shown. */
  readonly models: ReadonlyArray<Compared>
  /** The input of each model. */
  readonly input: ChatModel.ChatInput
  /** Whether each chunk, and the result of each model, is printed as a line of JSON. */
  readonly json: boolean
}

/** A model and its answer so far. */
interface Entry {
  readonly index: number
  readonly name: string
  startedAt: number
  firstAt: number | undefined
  endedAt: number
  usage: Usage | undefined
  finish: Finish | undefined
  /** The metadata of the last chunk. */
  metadata: Metadata | undefined
  hasText: boolean
  failure: Report | undefined
  /** The activity of the model before its text; undefined before the call and after its end. */
  activity: Activity | undefined
}

/** One way to show the answers. Each effect ends when its text has been written. */
interface View {
  /** Runs before the first request. */
  readonly start: Effect.Effect<void, OutputError>
  /** Runs for each read of a model. */
  readonly chunks: (entry: Entry, chunks: ReadonlyArray<AIMessageChunk>) => Effect.Effect<void, OutputError>
  /** Runs when a model has ended. */
  readonly end: (entry: Entry) => Effect.Effect<void, OutputError>
  /** What is said below the text about models that have not begun theirs, if there is something to say. */
  readonly status: (now: number) => string | undefined
  /** Runs concurrently with the models and is interrupted when all have ended. */
  readonly background: Effect.Effect<never, OutputError>
  /** Writes the rest of the output when the command is interrupted. */
  readonly onInterrupt: Effect.Effect<void>
}

/**
 * Runs all models concurrently. The failure of one does not end the others; when all have ended, the effect fails with
 * the exit code of the first one that failed. All connections are closed when the effect ends.
 */
export const compare = Effect.fnUntraced(function*({ call, failOnLength, input, json, models }: CompareOptions) {
  const { currentTimeMillisUnsafe: now } = yield* Clock.Clock
  const entries = models.map(({ name }, index): Entry => ({
    index,
    name,
    startedAt: 0,
    firstAt: undefined,
    endedAt: 0,
    usage: undefined,
    finish: undefined,
    metadata: undefined,
    hasText: false,
    failure: undefined,
    activity: undefined
  }))
  const status = new StatusLine(statusTerminal())
  const put = (text: string) =>
    Effect.suspend(() => {
      if (stdoutIsTerminal()) status.clear()
      return write(text)
    })
  const view = json
    ? jsonView(entries, put)
    : overwritable(process.stdout) !== undefined && Columns.fit(entries.length, sizeNow())
    ? columnsView(entries, put)
    : blocksView(entries, put)

  const run = (entry: Entry, { context }: Compared) =>
    Effect.suspend(() => {
      entry.startedAt = now()
      const activity = entry.activity = new Activity(entry.name, entry.startedAt)
      return Stream.runForEachArray(ChatModel.stream(input, { ...call, onRetry: activity.onRetry }), (chunks) => {
        entry.firstAt ??= now()
        activity.add(chunks)
        for (const chunk of chunks) {
          entry.usage = chunk.usage ?? entry.usage
          entry.finish = chunk.finish ?? entry.finish
          entry.metadata = chunk.metadata
          entry.hasText ||= chunk.content !== ""
        }
        return view.chunks(entry, chunks)
      })
    }).pipe(
      Effect.provideContext(context),
      Effect.catchTag("ChatModelError", (error) =>
        Effect.sync(() => {
          entry.failure = reportOf(error)
          entry.usage = error.partial?.usage ?? entry.usage
        })),
      Effect.andThen(Effect.suspend(() => {
        entry.endedAt = now()
        entry.activity = undefined
        return view.end(entry)
      }))
    )

  yield* view.start
  const running = Effect.raceFirst(
    Effect.forEach(models, (model, i) => run(entries[i]!, model), { concurrency: "unbounded", discard: true }),
    view.background
  )
  yield* status.during(view.status, running).pipe(
    Effect.onInterrupt(() => Effect.andThen(view.onInterrupt, note("Interrupted")))
  )

  const failed = entries.filter((entry) => entry.failure !== undefined)
  for (const { failure, name } of failed) yield* note(`rivulet: ${name}: ${failure?.line}`)
  const cut = entries.filter(({ finish }) => finish?.reason === "length")
  for (const entry of cut) yield* note(`${entry.name}: ${cutLine(entry, { call })}`)
  const code = failed[0]?.failure?.code ?? (failOnLength === true && cut.length > 0 ? lengthCode : undefined)
  if (code !== undefined) yield* new Reported({ code })
})

type Put = (text: string) => Effect.Effect<void, OutputError>

/** The sentence about the models of these entries that have not begun their text. */
const waitingOf = (entries: ReadonlyArray<Entry>, now: number): string | undefined =>
  entries.flatMap(({ activity }) => activity?.hasText === false ? activity.describe(now) ?? [] : []).join("; ") ||
  undefined

const textOf = (chunks: ReadonlyArray<AIMessageChunk>): string => chunks.map((chunk) => chunk.content).join("")

const shown = (chunks: ReadonlyArray<AIMessageChunk>): string => visible(textOf(chunks)).replaceAll("\t", "  ")

/** A line about the end of an answer. */
const summaryOf = (entry: Entry): string =>
  `[${entry.failure === undefined ? describeAnswer(entry, entry.endedAt) : visible(`${entry.failure.line}`)}]`

const jsonView = (entries: ReadonlyArray<Entry>, put: Put): View => ({
  chunks: ({ index, name }, chunks) =>
    put(chunks.map((chunk) => `${JSON.stringify({ index, model: name, chunk })}\n`).join("")),
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
    return put(`${JSON.stringify({ index, model: name, result })}\n`)
  },
  status: (now) => waitingOf(entries, now),
  start: Effect.void,
  background: Effect.never,
  onInterrupt: Effect.void
})

/** The most UTF-16 code units of an answer that wait for its turn. A model that is further ahead waits. */
const maxWaiting = 1024 * 1024

/** Shows one answer after the other: the first while it arrives, each other when those before it have ended. */
const blocksView = (entries: ReadonlyArray<Entry>, put: Put): View => {
  const waiting = entries.map(() => "")
  const turns = entries.map(() => Latch.makeUnsafe(false))
  const done = new Set<Entry>()
  let current: number | undefined
  let lineOpen = false

  const print = (text: string) => {
    if (text === "") return Effect.void
    lineOpen = !text.endsWith("\n")
    return put(text)
  }
  /** Ends the current block and begins the next. */
  const advance: Effect.Effect<void, OutputError> = Effect.suspend(() => {
    const before = current === undefined ? undefined : entries[current]
    const next = before === undefined ? 0 : before.index + 1
    current = undefined
    const ending = before === undefined
      ? ""
      : `${lineOpen ? "\n" : ""}${prose(process.stdout, summaryOf(before))}\n`
    const entry = entries[next]
    if (entry === undefined) return print(ending)
    return Effect.andThen(print(`${ending}${before === undefined ? "" : "\n"}# ${entry.name}\n`), begin(entry))
  })
  /** Prints the text that has been waiting. From then on the answer is printed while it arrives. */
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
        return (waiting[index] ?? "").length < maxWaiting ? Effect.void : turns[index]?.await ?? Effect.void
      }),
    end: (entry) =>
      Effect.suspend(() => {
        done.add(entry)
        return entry.index === current ? advance : Effect.void
      }),
    start: advance,
    // Below the text of the current model there is no place for it.
    status: (now) =>
      lineOpen ? undefined : waitingOf(entries.slice(current ?? entries.length, (current ?? 0) + 1), now),
    background: Effect.never,
    onInterrupt: Effect.suspend(() => writeNow(lineOpen ? "\n" : ""))
  }
}

/** The shortest time between two redraws of the columns. */
const drawInterval = "50 millis"

/** The most lines that a column may be ahead of the slowest one. A model that is further ahead waits. */
const maxAhead = 5000

/** The size of the terminal, which may change at any time. */
const sizeNow = () => ({ columns: process.stdout.columns, rows: process.stdout.rows })

const columnsView = (entries: ReadonlyArray<Entry>, put: Put): View => {
  const columns = new Columns(entries.length, sizeNow())
  const drawn = () => {
    columns.resize(sizeNow())
    return columns.draw()
  }
  const draw = Effect.suspend(() => put(drawn()))
  const room = (index: number): Effect.Effect<void> =>
    Effect.suspend(() => columns.ahead(index) < maxAhead ? Effect.void : Effect.delay(room(index), drawInterval))
  let changed = true
  for (const { index, name } of entries) columns.add(index, `${name}\n\n`)
  return {
    chunks: ({ index }, chunks) =>
      Effect.suspend(() => {
        columns.add(index, shown(chunks))
        changed = true
        return columns.ahead(index) < maxAhead ? Effect.void : room(index)
      }),
    end: (entry) => {
      columns.add(entry.index, `\n\n${summaryOf(entry)}`)
      columns.end(entry.index)
      return draw
    },
    start: Effect.void,
    status: (now) => waitingOf(entries, now),
    background: Effect.forever(Effect.suspend(() => {
      const due = changed ? draw : Effect.void
      changed = false
      return Effect.andThen(due, Effect.sleep(drawInterval))
    })),
    onInterrupt: Effect.suspend(() => writeNow(drawn()))
  }
}
