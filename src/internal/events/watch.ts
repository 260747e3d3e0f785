import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { RunEvent, RunType } from "../../RunEvent.ts"
import { given } from "../optional.ts"
import type { Opened, Shape } from "../runnable/core.ts"
import { following } from "../step/fold.ts"
import type { Following, Kept } from "../step/fold.ts"
import { forFiber } from "../stream/unwrap.ts"
import { CurrentRun, enter } from "./currentRun.ts"
import type { Asked, Run, RunInfo } from "./currentRun.ts"
import { encodeError } from "./encodeError.ts"
import type { Reading } from "./inputRecorder.ts"

/**
 * When a step has stream events: as the root, or as a part of a chain. Or when it has events at all: if its chunks are
 * asked for, or if only the whole is.
 */
export type Tells = "root" | "part" | "chunks" | "whole"

/** A step as far as its events go. */
export interface Watched {
  readonly type: RunType
  readonly name: string
  /** How its output is told, if not as it is. */
  readonly tellOutput?: ((output: unknown) => unknown) | undefined
  /** It has no stream events, because it gives one value at once. */
  readonly quiet?: boolean | undefined
  /** When it has events, if not always, and stream events whenever its chunks are asked for. */
  readonly tells?: Tells | undefined
  /** What lies inside it, if it runs other steps and no function. */
  readonly shape?: Shape | undefined
}

/** What a step works on: a value that is known, or a stream that is watched while it is read. */
export type Input =
  | { readonly _tag: "Known"; readonly value: unknown; readonly nested?: unknown }
  | Reading<never>

/**
 * A step's run, with its events if somebody watches. They are taken from the stream itself, as it passes, so they cannot
 * tell anything else than the stream does; when nobody watches it is the stream as it is.
 */
export const watch = <Chunk, Out, E, R>(
  step: Watched,
  watched: boolean,
  input: (asked: Asked) => Input,
  body: Opened<Chunk, Out, E, R>
): Opened<Chunk, Out, E, R> => {
  if (!watched) return body
  let told: Kept<Out> | undefined
  return {
    stream: forFiber((fiber) => {
      const run = fiber.getRef(CurrentRun)
      if (run === undefined || step.tells === (run.asked === "whole" ? "chunks" : "whole")) return body.stream
      const { info, inner } = enter(run, step)
      if (!info.wanted) return Stream.provideService(body.stream, CurrentRun, inner)
      const folder = following(body)
      told = folder
      return observed(step, run, info, inner, input(run.asked), body.stream, folder)
    }),
    folder: body.folder,
    kept: () => told ?? body.kept?.()
  }
}

/** Whether a step has stream events, unless it is quiet. */
const tellsChunks = (step: Watched, run: Run, root: boolean): boolean => {
  if (step.type === "chat_model") return true
  if (step.tells === "root") return root
  return step.tells === "part" || step.type === "parser" ? run.asked === "part" : run.asked !== "whole"
}

const observed = <Chunk, E, R>(
  step: Watched,
  run: Run,
  info: RunInfo,
  inner: Run,
  input: Input,
  body: Stream.Stream<Chunk, E, R>,
  folder: Following<Chunk, unknown>
): Stream.Stream<Chunk, E, R> => {
  const { emit } = run.watcher
  const output = step.tellOutput ?? ((output: unknown) => output)
  const root = run.path.length === 0
  const tells = tellsChunks(step, run, root)
  // LangChain opens a step that tells chunks before its input is there, save the root and models.
  const inputFirst = root || !tells || step.quiet === true || info.type === "chat_model"
  return Stream.transformPull(Stream.empty, (_, scope) =>
    Effect.gen(function*() {
      let state: "before" | "begun" | "over" = "before"
      let beginning = false
      const begin = Effect.suspend(() => {
        if (beginning) return Effect.void
        beginning = true
        return Effect.onExit(
          emit([start(info, inputFirst ? inputAtStart(input, root) : {})]),
          (exit) =>
            Effect.sync(() => {
              // Who was stopped while the reader was behind has not begun.
              if (Exit.isSuccess(exit)) state = "begun"
            })
        )
      })
      if (input._tag === "Known") yield* begin
      else if (inputFirst) input.onEnd = begin
      else input.onFirst = begin
      const end = (event: () => RunEvent) =>
        Effect.suspend(() => {
          if (state !== "begun") return Effect.void
          state = "over"
          // Who is stopped while the reader is behind still tells its end.
          return Effect.uninterruptible(emit([event()]))
        })
      yield* Scope.addFinalizer(scope, end(() => interrupted(info, folder)))
      // The body has a scope of its own, which is closed, with all inside it, before the end is told: a step that ends
      // early, as by Stream.take, leaves what it reads open until then.
      const inside = yield* Scope.fork(scope)
      const seen = input._tag === "Known" ? inner : {
        ...inner,
        // Whatever happens inside happens after the start.
        watcher: { ...inner.watcher, emit: (events: ReadonlyArray<RunEvent>) => Effect.andThen(begin, emit(events)) }
      }
      const pull = yield* Channel.toPullScoped(
        Stream.toChannel(Stream.provideService(body, CurrentRun, seen)),
        inside
      )
      const stream = streamer(info)
      return Pull.matchEffect(pull, {
        onSuccess: (chunks) => {
          folder.follow(chunks)
          // Some steps know only by now whether they are quiet.
          if (!tells || step.quiet === true) return Effect.succeed(chunks)
          const events = emit(chunks.map(stream))
          return Effect.as(state === "before" ? Effect.andThen(begin, events) : events, chunks)
        },
        onDone: () =>
          Scope.close(inside, Exit.void).pipe(
            Effect.andThen(begin),
            Effect.andThen(end(() => ended(info, output(folder.done()), inputAtEnd(input, root)))),
            Effect.andThen(Cause.done())
          ),
        onFailure: (cause) =>
          Scope.close(inside, Exit.failCause(cause)).pipe(
            // A step that waits for what has failed has not begun.
            Effect.andThen(input._tag === "Streamed" && input.failed ? Effect.void : begin),
            Effect.andThen(
              end(() =>
                Cause.hasInterruptsOnly(cause)
                  ? interrupted(info, folder)
                  : failed(info, encodeError(cause), input._tag === "Known" ? inputOf(input, root) : {})
              )
            ),
            Effect.andThen(Effect.failCause(cause))
          )
      })
    }))
}

const base = ({ metadata, name, parent_ids, run_id, tags }: RunInfo) => ({ name, run_id, parent_ids, tags, metadata })

/** The input as the step's events tell it; a root's is the raw one. */
const inputOf = (input: Input, root: boolean) =>
  input._tag === "Streamed"
    ? given("input", input.input())
    : { input: root || input.nested === undefined ? input.value : input.nested }

/** Who begins before all that it reads has come does not know it. */
const inputAtStart = (input: Input, root: boolean) =>
  input._tag === "Streamed" && !input.over ? {} : inputOf(input, root)

/** A root's end does not tell its input again. */
const inputAtEnd = (input: Input, root: boolean) => root ? {} : inputOf(input, root)

// The events' names are put together from the step's type; each function gives one member of the union.
const start = (info: RunInfo, data: { readonly input?: unknown }): RunEvent => ({
  event: `on_${info.type}_start`,
  ...base(info),
  data
})

/** There is one of these for each chunk, so it is made in one piece. */
const streamer = ({ metadata, name, parent_ids, run_id, tags, type }: RunInfo) => {
  const event = `on_${type}_stream`
  return (chunk: unknown) => ({ event, name, run_id, parent_ids, tags, metadata, data: { chunk } }) as RunEvent
}

const ended = (info: RunInfo, output: unknown, input: { readonly input?: unknown }): RunEvent =>
  ({ event: `on_${info.type}_end`, ...base(info), data: { output, ...input } }) as RunEvent

const failed = (info: RunInfo, error: unknown, input: { readonly input?: unknown }): RunEvent => ({
  event: `on_${info.type}_error`,
  ...base(info),
  data: { error, ...input }
})

const interrupted = (info: RunInfo, folder: Kept<unknown>): RunEvent => {
  const partial = folder.partial()
  return { event: `on_${info.type}_interrupted`, ...base(info), data: partial === undefined ? {} : { partial } }
}
