/**
 * The command `events`: prints the events of a chain as JSON or as a tree. commands.ts and tour.ts call it. Each read
 * is written as one text.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { CallOptions } from "../CallOptions.ts"
import * as ChatModel from "../ChatModel.ts"
import type { ChatModelError } from "../ChatModelError.ts"
import * as ChatPrompt from "../ChatPrompt.ts"
import type { Finish } from "../Finish.ts"
import { eventJson } from "../internal/events/json.ts"
import { system } from "../Message.ts"
import * as OutputParser from "../OutputParser.ts"
import type { RunEvent, RunEventV1 } from "../RunEvent.ts"
import * as Runnable from "../Runnable.ts"
import { failIfDeclined } from "./errors.ts"
import { note, write } from "./output.ts"
import { Tree } from "./tree.ts"

/** Options of {@link showEvents}. */
export interface EventsOptions {
  /** The prompt. */
  readonly prompt: string
  /** The system message. Defaults to none. */
  readonly system?: string | undefined
  /** The options of the call. Defaults to none. */
  readonly call?: CallOptions | undefined
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
  const instructions = options.system === undefined ? [] : [system(options.system)]
  const chain = Runnable.sequence(
    ChatPrompt.make([...instructions, ["human", "{input}"]]),
    ChatModel.runnableWith(options.call ?? {}),
    OutputParser.string
  )
  const input = { input: options.prompt }
  const events: Stream.Stream<RunEvent | RunEventV1, ChatModelError, ChatModel.ChatModel> = options.version === "v1"
    ? Runnable.streamEvents(chain, input, { version: "v1" })
    : Runnable.streamEvents(chain, input)
  const tree = new Tree(process.stdout)
  let shown = 0
  let finish: Finish | undefined
  const print = (batch: ReadonlyArray<RunEvent | RunEventV1>) => {
    const now = clock.currentTimeMillisUnsafe()
    const lines = batch.map((event) => {
      if (event.event === "on_chat_model_end") finish = event.data.output.finish
      return options.tree && "parent_ids" in event ? tree.add(event, now) : jsonLines([event])
    }).join("")
    shown += batch.length
    return lines === "" ? Effect.void : write(lines)
  }
  yield* Stream.runForEachArray(options.take === undefined ? events : Stream.take(events, options.take), print).pipe(
    Effect.onInterrupt(() => note(`Interrupted after ${shown} events`))
  )
  if (options.tree && tree.unfinished) yield* write("...Truncated\n")
  yield* failIfDeclined(finish)
})
