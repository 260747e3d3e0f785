/**
 * The tree that `events` prints on a terminal. It makes strings and writes nothing. It remembers the runs that are
 * open, so memory is bounded by their number.
 */
import type { AIMessage } from "../Message.ts"
import type { RunEvent } from "../RunEvent.ts"
import { describeUsage, seconds } from "./format.ts"
import { bold, dim, prose, red, visible } from "./output.ts"
import { fitEnd, widthOf } from "./text.ts"

interface Run {
  readonly startedAt: number
  firstAt: number | undefined
  chunks: number
}

/** The time for which an answer is not worth a line, in milliseconds. */
const unnoticed = 300

/** The fewest terminal cells that are worth showing words in. */
const minWords = 8

/** The most UTF-16 code units of an answer that are kept for the line about it. No terminal is wider. */
const maxTail = 1000

/**
 * Turns events into lines for a person: one when a run starts and one when it ends, indented by the depth of the run.
 * The second line has the duration and, for a model, the usage. While a model answers, {@link Tree.live} is a line that
 * counts its chunks and has its last words.
 */
export class Tree {
  readonly #out: NodeJS.WriteStream
  readonly #open = new Map<string, Run>()
  /** The model that answers, and the end of its text. */
  #model: { readonly id: string; readonly depth: number; firstAt: number; chunks: number; tail: string } | undefined

  constructor(out: NodeJS.WriteStream) {
    this.#out = out
  }

  /** Whether a run has not ended. */
  get unfinished(): boolean {
    return this.#open.size > 0
  }

  /**
   * The line about the model that has been answering for a while, if there is one. It fits into so many terminal cells.
   */
  live(now: number, width: number): string | undefined {
    if (this.#model === undefined || now - this.#model.firstAt < unnoticed) return undefined
    const { chunks, depth, tail } = this.#model
    const counter = `${"  ".repeat(depth)}… ${countOf(chunks)}`
    const words = visible(tail.replace(/\s+/g, " ")).trim()
    const room = width - widthOf(counter) - 2
    return words === "" || room < minWords ? counter : `${counter}: ${fitEnd(words, room)}`
  }

  /** The lines to print for an event, `""` if there are none. `now` is in milliseconds. */
  add(event: RunEvent, now: number): string {
    if (event.event === "on_custom_event") return this.#line(event.parent_ids.length + 1, "•", this.#name(event), "")
    const depth = event.parent_ids.length
    const kind = event.event.slice(event.event.lastIndexOf("_") + 1)
    if (kind === "start") {
      this.#open.set(event.run_id, { startedAt: now, firstAt: undefined, chunks: 0 })
      if (event.event === "on_chat_model_start") {
        this.#model = { id: event.run_id, depth, firstAt: Infinity, chunks: 0, tail: "" }
      }
      return this.#line(depth, "▸", this.#name(event), dim(this.#out, typeOf(event)))
    }
    const run = this.#open.get(event.run_id)
    if (kind === "stream") {
      if (run !== undefined) {
        run.firstAt ??= now
        run.chunks++
      }
      if (event.event === "on_chat_model_stream" && event.run_id === this.#model?.id) {
        this.#model.firstAt = Math.min(this.#model.firstAt, now)
        this.#model.chunks++
        this.#model.tail = (this.#model.tail + event.data.chunk.content).slice(-maxTail)
      }
      return ""
    }
    this.#open.delete(event.run_id)
    if (event.run_id === this.#model?.id) this.#model = undefined
    const facts = run === undefined ? [] : factsOf(run, now)
    switch (kind) {
      case "end":
        if (event.event === "on_chat_model_end") facts.push(...answerFacts(event.data.output))
        return this.#line(depth, "✓", this.#name(event), dim(this.#out, facts.join(", ")))
      case "error":
        return this.#line(
          depth,
          red(this.#out, "✗"),
          this.#name(event),
          dim(this.#out, [...facts, "failed"].join(", "))
        )
      default:
        return this.#line(depth, "■", this.#name(event), dim(this.#out, [...facts, "interrupted"].join(", ")))
    }
  }

  #name(event: RunEvent): string {
    return bold(this.#out, visible(event.name.replace(/\s+/g, " ")))
  }

  #line(depth: number, mark: string, name: string, rest: string): string {
    return `${prose(this.#out, `${"  ".repeat(depth)}${mark} ${name}${rest === "" ? "" : ` ${rest}`}`)}\n`
  }
}

const countOf = (chunks: number): string => chunks === 1 ? "1 chunk" : `${chunks} chunks`

const typeOf = (event: RunEvent): string => event.event.slice("on_".length, event.event.lastIndexOf("_"))

const factsOf = (run: Run, now: number): Array<string> => {
  const facts = [seconds(now - run.startedAt)]
  if (run.firstAt !== undefined) {
    facts.push(`first chunk after ${seconds(run.firstAt - run.startedAt)}`)
    facts.push(countOf(run.chunks))
  }
  return facts
}

const answerFacts = ({ finish, usage }: AIMessage): ReadonlyArray<string> => [
  ...(usage === undefined ? [] : [describeUsage(usage)]),
  `finish: ${finish.reason}`
]
