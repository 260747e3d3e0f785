/**
 * The command `events`: prints the events of a chain as JSON or as a tree. commands.ts and tour.ts call it. Each read
 * is written as one text.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as ChatModel from "../ChatModel.ts"
import type { ChatModelError } from "../ChatModelError.ts"
import * as ChatPrompt from "../ChatPrompt.ts"
import { eventJson } from "../internal/events/json.ts"
import { system } from "../Message.ts"
import * as OutputParser from "../OutputParser.ts"
import type { RunEvent, RunEventV1 } from "../RunEvent.ts"
import * as Runnable from "../Runnable.ts"
import { checkFinish } from "./finish.ts"
import type { Ended } from "./finish.ts"
import type { FinishOptions } from "./finish.ts"
import { note, stdoutIsTerminal, write } from "./output.ts"
import { Activity, overwritable, StatusLine, statusTerminal } from "./status.ts"
import { Tree } from "./tree.ts"

/** Options of {@link showEvents}. */
export interface EventsOptions extends FinishOptions {
  /** The prompt. */
  readonly prompt: string
  /** The system message. Defaults to none. */
  readonly system?: string | undefined
  /** The most events to print. Defaults to all. */
  readonly take?: number | undefined
  /** The version of the events. */
  readonly version: "v1" | "v2"
  /** Whether a tree is printed instead of lines of JSON. Needs version 2. */
  readonly tree: boolean
}

/** Events as lines of JSON. */
export const jsonLines = (events: ReadonlyArray<RunEvent | RunEventV1>): string =>
  events.map((event) => `${eventJson(event)}\n`).join("")

/** Prints the events of a chain of a prompt, the context's model and a parser. */
export const showEvents = Effect.fnUntraced(function*(options: EventsOptions) {
  const clock = yield* Clock.Clock
  const { model, provider } = yield* ChatModel.ChatModel
  const activity = new Activity(`${provider}:${model}`, clock.currentTimeMillisUnsafe())
  const instructions = options.system === undefined ? [] : [system(options.system)]
  const chain = Runnable.sequence(
    ChatPrompt.make([...instructions, ["human", "{input}"]]),
    ChatModel.runnableWith({ ...options.call, onRetry: activity.onRetry }),
    OutputParser.string
  )
  const input = { input: options.prompt }
  const events: Stream.Stream<RunEvent | RunEventV1, ChatModelError, ChatModel.ChatModel> = options.version === "v1"
    ? Runnable.streamEvents(chain, input, { version: "v1" })
    : Runnable.streamEvents(chain, input)
  const tree = new Tree(process.stdout)
  const status = new StatusLine(options.tree ? overwritable(process.stdout) : statusTerminal())
  let shown = 0
  /** The last kind of event of the model. */
  let phase = ""
  let ended: Ended = { finish: undefined, metadata: undefined, hasText: false }
  const print = (batch: ReadonlyArray<RunEvent | RunEventV1>) => {
    const now = clock.currentTimeMillisUnsafe()
    const lines = batch.map((event) => {
      if (event.event === "on_chat_model_stream") activity.add([event.data.chunk])
      if (event.event === "on_chat_model_end") {
        const { content, finish, metadata } = event.data.output
        ended = { finish, metadata, hasText: content !== "" }
      }
      if (event.event.startsWith("on_chat_model")) phase = event.event.slice("on_chat_model_".length)
      return options.tree && "parent_ids" in event ? tree.add(event, now) : jsonLines([event])
    }).join("")
    shown += batch.length
    if (lines === "") return Effect.void
    if (stdoutIsTerminal()) status.clear()
    return write(lines)
  }
  const describe = (now: number) => {
    if (phase === "start" || phase === "stream" && !stdoutIsTerminal()) return activity.describe(now)
    // Lines of JSON on a terminal say enough.
    return options.tree && phase === "stream" ? tree.live(now, status.width) : undefined
  }
  const printing = Stream.runForEachArray(
    options.take === undefined ? events : Stream.take(events, options.take),
    print
  )
  yield* status.during(describe, printing).pipe(
    Effect.onInterrupt(() => note(`Interrupted after ${shown} events`))
  )
  if (options.tree && tree.unfinished) yield* write("...Truncated\n")
  yield* checkFinish(ended, options)
})
