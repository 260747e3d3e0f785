/**
 * Runnables: prompts, models, parsers and functions with one interface, put together into chains.
 *
 * A runnable can be invoked, streamed, batched and watched. A chain of runnables is one again; how it can fail and what
 * it needs is the sum of what its steps can and need, and a step that does not fit is a compile error. {@link Runnable}
 * says how chunks pass: a step that can work on chunks starts with the first one, any other waits for the fold of its
 * input.
 */
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { dual } from "effect/Function"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { barrier, derived, derivedBarrier, streaming, TypeId } from "./internal/runnable/core.ts"
import type { AnyRunnable, Runnable } from "./internal/runnable/core.ts"
import { CurrentRun } from "./internal/runnable/currentRun.ts"
import { byShape } from "./internal/runnable/fold.ts"
import type { Folder } from "./internal/runnable/fold.ts"
import { parallelOf } from "./internal/runnable/parallel.ts"
import { sequenceOf } from "./internal/runnable/sequence.ts"
import { eventsOf } from "./internal/runnable/streamEvents.ts"
import type { Metadata } from "./Message.ts"
import type { Filter, RunEvent, RunEventV1 } from "./RunEvent.ts"

export type { BatchOptions, Runnable } from "./internal/runnable/core.ts"

// -----------------------------------------------------------------------------
// sequences
// -----------------------------------------------------------------------------

/**
 * One step after the other. Each step takes what the one before it gives.
 *
 * **Example** (A chain)
 *
 * ```ts
 * import { ChatModel, ChatPrompt, OutputParser, Runnable } from "rivulet"
 *
 * const chain = Runnable.sequence(
 *   ChatPrompt.make("Tell me about {topic}"),
 *   ChatModel.runnable,
 *   OutputParser.string
 * )
 * ```
 */
export function sequence<A, B, C, E1, R1, K1, I1, E2, R2, K2>(
  first: Runnable<A, B, E1, R1, K1, I1>,
  second: Runnable<B, C, E2, R2, K2, K1>
): Runnable<A, C, E1 | E2, R1 | R2, K2>
export function sequence<A, B, C, D, E1, R1, K1, I1, E2, R2, K2, E3, R3, K3>(
  first: Runnable<A, B, E1, R1, K1, I1>,
  second: Runnable<B, C, E2, R2, K2, K1>,
  third: Runnable<C, D, E3, R3, K3, K2>
): Runnable<A, D, E1 | E2 | E3, R1 | R2 | R3, K3>
export function sequence<A, B, C, D, F, E1, R1, K1, I1, E2, R2, K2, E3, R3, K3, E4, R4, K4>(
  first: Runnable<A, B, E1, R1, K1, I1>,
  second: Runnable<B, C, E2, R2, K2, K1>,
  third: Runnable<C, D, E3, R3, K3, K2>,
  fourth: Runnable<D, F, E4, R4, K4, K3>
): Runnable<A, F, E1 | E2 | E3 | E4, R1 | R2 | R3 | R4, K4>
export function sequence<A, B, C, D, F, G, E1, R1, K1, I1, E2, R2, K2, E3, R3, K3, E4, R4, K4, E5, R5, K5>(
  first: Runnable<A, B, E1, R1, K1, I1>,
  second: Runnable<B, C, E2, R2, K2, K1>,
  third: Runnable<C, D, E3, R3, K3, K2>,
  fourth: Runnable<D, F, E4, R4, K4, K3>,
  fifth: Runnable<F, G, E5, R5, K5, K4>
): Runnable<A, G, E1 | E2 | E3 | E4 | E5, R1 | R2 | R3 | R4 | R5, K5>
export function sequence(...steps: ReadonlyArray<AnyRunnable>): AnyRunnable {
  return sequenceOf(steps)
}

/** Puts one more step behind; for chains longer than {@link sequence} takes, and for `pipe`. */
export const andThen: {
  <B, C, E2, R2, K2, K1>(
    next: Runnable<B, C, E2, R2, K2, K1>
  ): <A, E1, R1, I1>(self: Runnable<A, B, E1, R1, K1, I1>) => Runnable<A, C, E1 | E2, R1 | R2, K2>
  <A, B, C, E1, R1, K1, I1, E2, R2, K2>(
    self: Runnable<A, B, E1, R1, K1, I1>,
    next: Runnable<B, C, E2, R2, K2, K1>
  ): Runnable<A, C, E1 | E2, R1 | R2, K2>
} = dual(2, (self: AnyRunnable, next: AnyRunnable) => sequenceOf([self, next]))

// -----------------------------------------------------------------------------
// parallel steps
// -----------------------------------------------------------------------------

type Branches<In> = Readonly<Record<string, Runnable<In, unknown, unknown, unknown, unknown, never>>>

type Parts<B> = {
  readonly [K in keyof B]: B[K] extends Runnable<never, infer A, infer _E, infer _R, infer _K, never> ? A
    : never
}
type Errors<B> = B[keyof B] extends infer S
  ? S extends Runnable<never, unknown, infer E, unknown, unknown, never> ? E : never
  : never
type Services<B> = B[keyof B] extends infer S
  ? S extends Runnable<never, unknown, unknown, infer R, unknown, never> ? R : never
  : never
type Slices<B> = {
  readonly [K in keyof B]: {
    readonly [P in K]: B[K] extends Runnable<never, unknown, unknown, unknown, infer C, never> ? C : never
  }
}[keyof B]

/**
 * The same input to several steps at once. It streams objects with one key, as they come, and makes one object of all.
 * If a step fails, or the consumer leaves, the others are stopped before it returns.
 */
export const parallel = <In, const B extends Branches<In>>(
  branches: B & Branches<In>
): Runnable<In, Parts<B>, Errors<B>, Services<B>, Slices<B>> =>
  // What `parallelOf` gives has the types of its branches, which it does not look at.
  parallelOf(branches) as Runnable<never, unknown, unknown, unknown, unknown> as Runnable<
    In,
    Parts<B>,
    Errors<B>,
    Services<B>,
    Slices<B>
  >

// -----------------------------------------------------------------------------
// functions
// -----------------------------------------------------------------------------

/** Folders that go by shape give what the chunks' own type folds to. */
const shaped = <Chunk, Out>() => byShape() as Folder<Chunk, Out>

/**
 * A function over each chunk. The whole is the fold of what it gives: texts strung together, objects merged, otherwise
 * the last.
 */
export const map = <A, B>(f: (chunk: A) => B): Runnable<A, B, never, never, B, A> =>
  streaming<A, B, never, never, B, A>({
    type: "chain",
    name: "RunnableLambda",
    folder: () => shaped<B, B>(),
    run: (input) => Stream.sync(() => f(input)),
    over: (input) => Stream.map(input, f)
  })

/**
 * A function over the stream of chunks: LangChain's generator step.
 *
 * **Example** (Line by line)
 *
 * ```ts
 * import { Stream } from "effect"
 * import { Runnable } from "rivulet"
 *
 * const lines = Runnable.transform("Lines", (text: Stream.Stream<string>) => Stream.splitLines(text))
 * ```
 */
export const transform = <A, B, E = never, R = never>(
  name: string,
  f: (chunks: Stream.Stream<A>) => Stream.Stream<B, E, R>
): Runnable<A, B, E, R, B, A> =>
  streaming<A, B, E, R, B, A>({
    type: "chain",
    name,
    folder: () => shaped<B, B>(),
    run: (input) => f(Stream.succeed(input)),
    // The function is given a stream that cannot fail and needs nothing; what the real one can and needs is in the
    // result's type, and passes through it untouched.
    over: <E2, R2>(input: Stream.Stream<A, E2, R2>) =>
      f(input as Stream.Stream<never> as Stream.Stream<A>) as Stream.Stream<B, E | E2, R | R2>
  })

/** Gives on what it gets, chunk by chunk. The identity of {@link sequence}. */
export const passthrough = <A>(): Runnable<A, A, never, never, A, A> =>
  streaming<A, A, never, never, A, A>({
    type: "chain",
    name: "RunnablePassthrough",
    folder: () => shaped<A, A>(),
    run: Stream.succeed,
    over: (input) => input
  })

const isRunnable = (value: unknown): value is AnyRunnable =>
  typeof value === "object" && value !== null && TypeId in value

/**
 * A function of the whole input: of a value, an effect, or a runnable, which then gets the same input and streams. A
 * model that the effect asks shows its tokens in the events as well.
 */
export const fn: {
  <In, Out, E, R, Chunk>(f: (input: In) => Runnable<In, Out, E, R, Chunk, never>): Runnable<In, Out, E, R, Chunk>
  <In, Out, E, R>(f: (input: In) => Effect.Effect<Out, E, R>): Runnable<In, Out, E, R>
  <In, Out>(f: (input: In) => Out): Runnable<In, Out>
} = <In, Out>(f: (input: In) => unknown): Runnable<In, Out, never, never, never> =>
  barrier<In, Out, never, never, never>({
    type: "chain",
    name: "RunnableLambda",
    folder: () => shaped<never, Out>(),
    run: (input) =>
      Stream.suspend(() => {
        const made = f(input)
        const stream = isRunnable(made)
          ? made.stream(input as never)
          : Effect.isEffect(made)
          ? Stream.fromEffect(made)
          : Stream.succeed(made)
        // The overloads give the result the types of what the function gives.
        return stream as Stream.Stream<never>
      })
  })

// -----------------------------------------------------------------------------
// around a step
// -----------------------------------------------------------------------------

/** How a step is told in events. Tags and metadata are also those of all steps inside it; the name is its own. */
export interface Config {
  readonly name?: string | undefined
  readonly tags?: ReadonlyArray<string> | undefined
  readonly metadata?: Metadata | undefined
}

/** Names, tags and labels a step in the events. */
export const withConfig = (config: Config) =>
<In, Out, E, R, Chunk, InChunk>(
  self: Runnable<In, Out, E, R, Chunk, InChunk>
): Runnable<In, Out, E, R, Chunk, InChunk> => {
  const configured = <E2, R2>(stream: Stream.Stream<Chunk, E2, R2>) =>
    Stream.unwrap(
      Effect.map(CurrentRun, (run) =>
        run === undefined ? stream : Stream.provideService(stream, CurrentRun, {
          ...run,
          tags: [...run.tags, ...config.tags ?? []],
          metadata: { ...run.metadata, ...config.metadata },
          stepName: config.name ?? run.stepName
        }))
    )
  return derived(self, (input) => configured(self.stream(input)), (input) => configured(self.transform(input)))
}

/** When and how often a step is run again. */
export interface RetryOptions<E> {
  /** The delays. 0.5 s, doubling, by default. When it is done, so are the retries. */
  readonly schedule?: Schedule.Schedule<unknown, E> | undefined
  /** The most retries; 2 by default. */
  readonly times?: number | undefined
  /** Which failures are worth it. By default those that say so (`isRetryable`), and those that say nothing. */
  readonly while?: ((error: E) => boolean) | undefined
}

/** Runs a step again when it fails before its first chunk. After that what was shown stands, and so does the failure. */
export const withRetry = <E>(options: RetryOptions<NoInfer<E>> = {}) =>
<In, Out, R, Chunk, InChunk>(
  self: Runnable<In, Out, E, R, Chunk, InChunk>
): Runnable<In, Out, E, R, Chunk> =>
  derivedBarrier(self, (input) =>
    untilFirst(function*() {
      const step = yield* Schedule.toStep<unknown, E, never, never>(
        options.schedule ?? Schedule.exponential("500 millis")
      )
      const clock = yield* Clock.Clock
      const worth = options.while ?? isRetryable
      let left = options.times ?? 2
      return {
        first: self.stream(input),
        next: (cause) => {
          const error = Cause.findErrorOption(cause)
          if (error._tag === "None" || left-- <= 0 || !worth(error.value)) return Effect.failCause(cause)
          return Pull.matchEffect(step(clock.currentTimeMillisUnsafe(), error.value), {
            onSuccess: ([, wait]) => Effect.as(Effect.sleep(wait), self.stream(input)),
            onDone: () => Effect.failCause(cause),
            onFailure: Effect.failCause
          })
        }
      }
    }))

const isRetryable = (error: unknown): boolean =>
  typeof error !== "object" || error === null || !("isRetryable" in error) || error.isRetryable === true

/**
 * Runs the next of these when a step fails before its first chunk. If all fail, the failure is that of all of them: the
 * cause has every one, in their order.
 */
export const withFallbacks = <In, Out, E2, R2, Chunk>(
  fallbacks: ReadonlyArray<Runnable<In, Out, E2, R2, Chunk, never>>
) =>
<E, R, InChunk>(
  self: Runnable<In, Out, E, R, Chunk, InChunk>
): Runnable<In, Out, E | E2, R | R2, Chunk> =>
  derivedBarrier(self, (input: In) =>
    untilFirst<Chunk, E | E2, R | R2>(function*() {
      yield* Effect.void
      let failures: Cause.Cause<E | E2> | undefined
      let tried = 0
      return {
        first: self.stream(input),
        next: (cause) => {
          failures = failures === undefined ? cause : Cause.combine(failures, cause)
          const fallback = fallbacks[tried++]
          return fallback === undefined || Cause.hasInterrupts(cause)
            ? Effect.failCause(failures)
            : Effect.succeed(fallback.stream(input))
        }
      }
    }))

interface Tries<Chunk, E, R> {
  readonly first: Stream.Stream<Chunk, E, R>
  /** What to run after this failure, or a failure. */
  readonly next: (cause: Cause.Cause<E>) => Effect.Effect<Stream.Stream<Chunk, E, R>, E, R>
}

/** A stream that is tried in other ways until one gives a first chunk. A try that failed is closed before the next. */
const untilFirst = <Chunk, E, R>(
  tries: () => Generator<Effect.Effect<unknown, never, never>, Tries<Chunk, E, R>, never>
): Stream.Stream<Chunk, E, R> =>
  Stream.transformPull(Stream.empty, (_, scope) =>
    Effect.gen(function*() {
      const { first, next } = yield* Effect.gen(tries)
      type Chunks = readonly [Chunk, ...Array<Chunk>]
      let pull: Pull.Pull<Chunks, E, void, R> | undefined
      const start = (stream: Stream.Stream<Chunk, E, R>): Pull.Pull<Chunks, E, void, R> =>
        Effect.gen(function*() {
          const child = yield* Scope.fork(scope)
          const attempt = yield* Channel.toPullScoped(Stream.toChannel(stream), child)
          const exit = yield* Effect.exit(attempt)
          if (Exit.isSuccess(exit) || Pull.isDoneCause(exit.cause)) {
            pull = attempt
            return yield* exit
          }
          yield* Scope.close(child, exit)
          // A cause without a Done has only the stream's own failures.
          return yield* Effect.flatMap(next(exit.cause as Cause.Cause<E>), start)
        })
      return Effect.suspend(() => pull ?? start(first))
    }))

// -----------------------------------------------------------------------------
// events
// -----------------------------------------------------------------------------

/** Which events, in which form. */
export interface EventOptions extends Filter {
  /** `v2` by default. `v1` has neither parents nor custom events. */
  readonly version?: "v1" | "v2" | undefined
}

/**
 * Runs a chain and gives the events of all its steps, with the chain's own failure at the end. A reader that is slow
 * slows the chain; one that leaves stops it.
 *
 * **Example** (The model's tokens and the parser's)
 *
 * ```ts
 * import { Console, Stream } from "effect"
 * import { ChatModel, OutputParser, Runnable } from "rivulet"
 *
 * const chain = Runnable.sequence(ChatModel.runnable, OutputParser.string)
 * const events = Runnable.streamEvents(chain, "Hi", { includeTypes: ["chat_model", "parser"] }).pipe(
 *   Stream.runForEach((event) => Console.log(event.event, event.name))
 * )
 * ```
 */
export const streamEvents: {
  <In, Out, E, R, Chunk>(
    self: Runnable<In, Out, E, R, Chunk, never>,
    input: In,
    options: EventOptions & { readonly version: "v1" }
  ): Stream.Stream<RunEventV1, E, R>
  <In, Out, E, R, Chunk>(
    self: Runnable<In, Out, E, R, Chunk, never>,
    input: In,
    options?: EventOptions
  ): Stream.Stream<RunEvent, E, R>
} = <In, Out, E, R, Chunk>(
  self: Runnable<In, Out, E, R, Chunk, never>,
  input: In,
  options?: EventOptions
): Stream.Stream<never, E, R> => {
  const events = eventsOf(self.stream(input), options ?? {})
  // The overloads say which form it is.
  return (options?.version === "v1" ? Stream.flattenIterable(Stream.map(events, toV1)) : events) as Stream.Stream<
    never,
    E,
    R
  >
}

const toV1 = (event: RunEvent): ReadonlyArray<RunEventV1> => {
  if (event.event === "on_custom_event") return []
  const { parent_ids: _, data, event: name, metadata, name: step, run_id, tags } = event
  // The keys in the order in which LangChain prints them.
  return [{ event: name, run_id, name: step, tags, metadata, data } as RunEventV1]
}

/** Reports something from inside a step, as `on_custom_event`. Does nothing when nobody watches. */
export const emit = (name: string, data: unknown): Effect.Effect<void> =>
  Effect.flatMap(CurrentRun, (run) =>
    run === undefined ? Effect.void : run.watcher.emit([{
      event: "on_custom_event",
      name,
      run_id: run.path[run.path.length - 1] ?? "",
      parent_ids: run.path.slice(0, -1),
      tags: run.tags,
      metadata: run.metadata,
      data
    }]))
