import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { concat, empty } from "../AIMessageChunk.ts"
import type { AIMessageChunk } from "../AIMessageChunk.ts"
import type { CallOptions } from "../CallOptions.ts"
import { ChatModelError, MalformedResponseError, TruncatedError } from "../ChatModelError.ts"
import type { Reason } from "../ChatModelError.ts"
import type { AIMessage, Message } from "../Message.ts"
import { Accumulator } from "./accumulator.ts"
import type { ChatRequest } from "./request.ts"
import type { Kept } from "./runnable/fold.ts"
import { limitsOf, Watchdog } from "./watchdog.ts"

/** A call of a model: whom it asks, and how one try is made. */
export interface Call {
  readonly provider: string
  readonly model: string
  readonly request: Effect.Effect<
    { readonly messages: ReadonlyArray<Message>; readonly options: CallOptions },
    ChatModelError
  >
  readonly open: (request: ChatRequest) => Stream.Stream<AIMessageChunk, ChatModelError>
}

type Chunks = readonly [AIMessageChunk, ...Array<AIMessageChunk>]
type ChunkPull<E = ChatModelError> = Pull.Pull<Chunks, E>

/** One try, in a scope of its own. */
interface Attempt {
  readonly scope: Scope.Closeable
  readonly message: Accumulator
  pull: ChunkPull
  finished: boolean
}

type RetryStep = Effect.Success<ReturnType<typeof Schedule.toStep<unknown, ChatModelError, never, never>>>

/** Longer waits than this are the caller's decision: the error says how long the provider asks for. */
const longestRetryAfter = Duration.seconds(60)

const defaultSchedule = Schedule.exponential("500 millis").pipe(
  Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.seconds(8)))),
  Schedule.jittered
)

/**
 * Runs a call: opens it when the first chunk is asked for, retries until then, keeps the time limits, notes what
 * arrives for `partial`, and sees to it that the stream either ends with its `finish` or fails.
 */
export const run = (call: Call) => {
  let message: Accumulator | undefined
  const stream: Stream.Stream<AIMessageChunk, ChatModelError> = Stream.fromChannel(
    Channel.fromTransform((_, scope) =>
      start(call, scope, (begun) => {
        message = begun
      })
    )
  )
  return { stream, kept: () => message && keptOf(message) }
}

/** What arrives is noted for `partial` in any case, so nobody else need do it. */
const keptOf = (message: Accumulator): Kept<AIMessage> => ({
  partial: () => message.partial(),
  // No stream of a model ends without its finish, and before its end nobody asks.
  done: () => message.message() as AIMessage
})

const start = Effect.fnUntraced(function*(call: Call, scope: Scope.Scope, noteMessage: (message: Accumulator) => void) {
  const { messages, options } = yield* call.request
  const clock = yield* Clock.Clock
  const services = yield* Effect.context<never>()
  let attempt: Attempt | undefined
  /** The attempt's chunks, checked. */
  let next: ChunkPull | undefined
  const watchdog = new Watchdog(
    limitsOf(options.timeout),
    clock,
    services,
    () => attempt === undefined ? Effect.void : Scope.close(attempt.scope, Exit.void)
  )
  yield* Scope.addFinalizer(scope, watchdog.stop)

  const fail = (attempt: Attempt, reason: Reason) =>
    withPartial(new ChatModelError({ provider: call.provider, model: call.model, reason }), attempt)

  /** The next chunks of a try, checked; made once, as it is run for each read. */
  const checked = (attempt: Attempt): ChunkPull =>
    Pull.matchEffect(watchdog.guard(Effect.suspend(() => attempt.pull)), {
      onSuccess: (chunks) => {
        watchdog.chunks()
        for (let i = 0; i < chunks.length; i++) {
          if (attempt.finished) {
            attempt.message.addAll(chunks.slice(0, i))
            return Effect.fail(fail(attempt, new MalformedResponseError({ message: afterFinish })))
          }
          if (chunks[i]!.finish !== undefined) attempt.finished = true
        }
        attempt.message.addAll(chunks)
        return Effect.succeed(chunks)
      },
      onDone: (): ChunkPull => {
        watchdog.waited()
        if (watchdog.expired !== undefined) return Effect.fail(fail(attempt, watchdog.expired))
        return attempt.finished
          ? Cause.done()
          : Effect.fail(fail(attempt, new TruncatedError({ message: "The stream ended before the message did" })))
      },
      onFailure: (cause) => {
        watchdog.waited()
        return watchdog.expired !== undefined && !Cause.hasInterrupts(cause)
          ? Effect.fail(fail(attempt, watchdog.expired))
          : Effect.failCause(
            Cause.map(
              cause,
              (error) => error._tag === "TimeoutError" ? fail(attempt, error) : withPartial(error, attempt)
            )
          )
      }
    })

  const begin = (): Attempt => {
    watchdog.begin()
    const fresh: Attempt = {
      scope: Scope.forkUnsafe(scope),
      message: new Accumulator(),
      finished: false,
      // The connection is made by the first pull, so that it has a time limit too.
      pull: Effect.suspend(() =>
        Effect.flatMap(
          Channel.toPullScoped(
            Stream.toChannel(call.open({ messages, options, lifeline: watchdog })),
            fresh.scope
          ),
          (pull) => {
            fresh.pull = pull
            return pull
          }
        )
      )
    }
    attempt = fresh
    noteMessage(fresh.message)
    return fresh
  }

  const maxRetries = options.maxRetries ?? 2
  let step: RetryStep | undefined

  /** The time to wait before the next try, or undefined when there is to be none. */
  const delay = Effect.fnUntraced(function*(error: ChatModelError, retries: number) {
    const retryAfter = error.retryAfter ?? Duration.zero
    if (!error.isRetryable || retries >= maxRetries || Duration.isGreaterThan(retryAfter, longestRetryAfter)) {
      return undefined
    }
    step ??= yield* Schedule.toStep(options.retrySchedule ?? defaultSchedule)
    return yield* Pull.matchEffect(step(clock.currentTimeMillisUnsafe(), error), {
      onSuccess: ([, scheduled]) => {
        const wait = Duration.max(scheduled, retryAfter)
        return Effect.succeed(Duration.toMillis(wait) < watchdog.remaining() ? wait : undefined)
      },
      onDone: () => Effect.succeed(undefined),
      onFailure: Effect.failCause
    })
  })

  /** The first chunks worth showing. Until there are some, a failure may be retried. */
  const first: ChunkPull = Effect.gen(function*() {
    for (let retries = 0;; retries++) {
      const current = begin()
      next = checked(current)
      const exit = yield* Effect.exit(firstShown(next))
      if (Exit.isSuccess(exit)) return exit.value
      const error = Cause.findErrorOption(exit.cause)
      if (error._tag === "None" || Cause.isDone(error.value)) return yield* exit
      const wait = yield* delay(error.value, retries)
      if (wait === undefined) return yield* exit
      yield* Scope.close(current.scope, exit)
      yield* Effect.logDebug(`Retrying in ${Duration.format(wait)}: ${error.value.message}`)
      yield* Effect.sleep(wait)
    }
  })

  let shown = false
  return Effect.suspend((): ChunkPull => {
    if (shown && next !== undefined) return next
    shown = true
    return first
  })
})

const afterFinish = "Something followed the chunk that ended the message"

/** Holds back chunks that carry only an id, usage or metadata, and joins them to the first that carries more. */
const firstShown = Effect.fnUntraced(
  function*(next: ChunkPull): Effect.fn.Return<Chunks, ChatModelError | Cause.Done> {
    let held = empty
    while (true) {
      const chunks = yield* next
      for (let i = 0; i < chunks.length; i++) {
        held = held === empty ? chunks[i]! : concat(held, chunks[i]!)
        if (held.parts.length > 0 || held.content !== "" || held.finish !== undefined) {
          return [held, ...chunks.slice(i + 1)]
        }
      }
    }
  }
)

const withPartial = (error: ChatModelError, attempt: Attempt): ChatModelError => {
  if (error.partial !== undefined) return error
  const partial = attempt.message.partial()
  const arrived = partial.id !== "" || partial.parts.length > 0 || partial.usage !== undefined
  return arrived
    ? new ChatModelError({
      provider: error.provider,
      model: error.model,
      reason: error.reason,
      partial,
      metadata: error.metadata
    })
    : error
}
