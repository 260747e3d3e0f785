import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { RunEvent, RunType } from "../../RunEvent.ts"
import type { Opened } from "./core.ts"
import { CurrentRun, enter } from "./currentRun.ts"
import type { Run, RunInfo } from "./currentRun.ts"
import { encodeError } from "./encodeError.ts"
import { following } from "./fold.ts"
import type { Following, Kept } from "./fold.ts"

/** A step as far as its events go. */
export interface Watched {
  readonly type: RunType
  readonly name: string
  /** How its output is told, if not as it is. */
  readonly tellOutput?: ((output: unknown) => unknown) | undefined
  /** It has no stream events, because it gives one value at once. */
  readonly quiet?: boolean | undefined
}

/** What a step works on: a value that is known, or a stream that is watched while it is read. */
export type Input =
  | { readonly _tag: "Known"; readonly value: unknown; readonly nested?: unknown }
  | { readonly _tag: "Streamed"; readonly folder: Kept<unknown> }

/**
 * A step's run, with its events if somebody watches. They are taken from the stream itself, as it passes, so they cannot
 * tell anything else than the stream does; when nobody watches it is the stream as it is.
 */
export const watch = <Chunk, Out, E, R>(
  step: Watched,
  input: () => Input,
  body: Opened<Chunk, Out, E, R>
): Opened<Chunk, Out, E, R> => {
  let told: Kept<Out> | undefined
  return {
    stream: Stream.unwrap(Effect.map(CurrentRun, (run) => {
      if (run === undefined) return body.stream
      const { info, inner } = enter(run, step.type, step.name)
      const stream = Stream.provideService(body.stream, CurrentRun, inner)
      if (!info.wanted) return stream
      const folder = following(body)
      told = folder
      return watched(step, run, info, input(), stream, folder)
    })),
    folder: body.folder,
    kept: () => told ?? body.kept?.()
  }
}

const watched = <Chunk, E, R>(
  step: Watched,
  run: Run,
  info: RunInfo,
  input: Input,
  body: Stream.Stream<Chunk, E, R>,
  folder: Following<Chunk, unknown>
): Stream.Stream<Chunk, E, R> => {
  const { emit } = run.watcher
  const output = step.tellOutput ?? ((output: unknown) => output)
  const root = run.path.length === 0
  return Stream.transformPull(Stream.empty, (_, scope) =>
    Effect.gen(function*() {
      yield* emit([start(info, input, root)])
      let over = false
      const end = (event: () => RunEvent) =>
        Effect.suspend(() => {
          if (over) return Effect.void
          over = true
          // Who is stopped while the reader is behind still tells its end.
          return Effect.uninterruptible(emit([event()]))
        })
      yield* Scope.addFinalizer(scope, end(() => interrupted(info, folder)))
      // The body has a scope of its own, which is closed, with all inside it, before the end is told: a step that ends
      // early, as by Stream.take, leaves what it reads open until then.
      const inside = yield* Scope.fork(scope)
      const pull = yield* Channel.toPullScoped(
        Stream.toChannel(body),
        inside
      )
      const stream = streamer(info)
      return Pull.matchEffect(pull, {
        onSuccess: (chunks) => {
          folder.follow(chunks)
          return step.quiet === true ? Effect.succeed(chunks) : Effect.as(emit(chunks.map(stream)), chunks)
        },
        onDone: () =>
          Scope.close(inside, Exit.void).pipe(
            Effect.andThen(end(() => ended(info, output(folder.done()), input, root))),
            Effect.andThen(Cause.done())
          ),
        onFailure: (cause) =>
          Scope.close(inside, Exit.failCause(cause)).pipe(
            Effect.andThen(
              end(() =>
                Cause.hasInterruptsOnly(cause)
                  ? interrupted(info, folder)
                  : failed(info, encodeError(cause), input, root)
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
    ? {}
    : { input: root || input.nested === undefined ? input.value : input.nested }

const endInput = (input: Input, root: boolean) =>
  root
    ? {}
    : input._tag === "Streamed"
    ? { input: input.folder.done() ?? input.folder.partial() }
    : inputOf(input, root)

// The events' names are put together from the step's type; each function gives one member of the union.
const start = (info: RunInfo, input: Input, root: boolean): RunEvent => ({
  event: `on_${info.type}_start`,
  ...base(info),
  data: inputOf(input, root)
})

/** There is one of these for each chunk, so it is made in one piece. */
const streamer = ({ metadata, name, parent_ids, run_id, tags, type }: RunInfo) => {
  const event = `on_${type}_stream`
  return (chunk: unknown) => ({ event, name, run_id, parent_ids, tags, metadata, data: { chunk } }) as RunEvent
}

const ended = (info: RunInfo, output: unknown, input: Input, root: boolean): RunEvent =>
  ({ event: `on_${info.type}_end`, ...base(info), data: { output, ...endInput(input, root) } }) as RunEvent

const failed = (info: RunInfo, error: unknown, input: Input, root: boolean): RunEvent => ({
  event: `on_${info.type}_error`,
  ...base(info),
  data: { error, ...(input._tag === "Known" ? endInput(input, root) : undefined) }
})

const interrupted = (info: RunInfo, folder: Kept<unknown>): RunEvent => {
  const partial = folder.partial()
  return { event: `on_${info.type}_interrupted`, ...base(info), data: partial === undefined ? {} : { partial } }
}
