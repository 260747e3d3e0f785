/** Asks several models the same and shows their answers side by side. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
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
  beside: Effect.never,
  leave: Effect.void
})

/** One answer below the other, each under its name, as they are complete. */
const blocksView = (entries: ReadonlyArray<Entry>): View => {
  const texts = entries.map(() => "")
  const done = new Set<Entry>()
  let next = 0
  const block = (entry: Entry): string => {
    const text = texts[entry.index] ?? ""
    return `${entry.index === 0 ? "" : "\n"}# ${entry.name}\n${text}${/^$|\n$/.test(text) ? "" : "\n"}${
      verdict(entry)
    }\n`
  }
  const flush = Effect.suspend(() => {
    const ready: Array<string> = []
    for (let entry = entries[next]; entry !== undefined && done.has(entry); entry = entries[++next]) {
      ready.push(block(entry))
    }
    return write(ready.join(""))
  })
  return {
    chunks: ({ index }, chunks) =>
      Effect.sync(() => {
        texts[index] += stdoutIsTerminal() ? shown(chunks) : textOf(chunks)
      }),
    end: (entry) => {
      done.add(entry)
      return flush
    },
    beside: Effect.never,
    leave: Effect.suspend(() =>
      writeNow(entries.slice(next).filter(({ index }) => texts[index] !== "").map(block).join(""))
    )
  }
}

/** How often columns are drawn, at most. */
const pace = "50 millis"

const columnsView = (
  entries: ReadonlyArray<Entry>,
  size: { readonly columns: number; readonly rows: number }
): View => {
  const columns = new Columns(entries.length, size)
  const draw = Effect.suspend(() => write(columns.draw()))
  let changed = true
  for (const { index, name } of entries) columns.add(index, `${name}\n\n`)
  return {
    chunks: ({ index }, chunks) =>
      Effect.sync(() => {
        columns.add(index, shown(chunks))
        changed = true
      }),
    end: (entry) => {
      columns.add(entry.index, `\n\n${verdict(entry)}`)
      columns.end(entry.index)
      return draw
    },
    beside: Effect.forever(Effect.suspend(() => {
      const due = changed ? draw : Effect.void
      changed = false
      return Effect.andThen(due, Effect.sleep(pace))
    })),
    leave: Effect.suspend(() => writeNow(columns.draw()))
  }
}
