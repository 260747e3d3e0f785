/**
 * One call of a model: attempts, retries, time limits, and the checks that make every end a typed one. Used by `make`
 * alone. Knows no provider and no event. Telemetry observes it. A read costs one Effect operation and the fold of its chunks.
 */
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Retry } from "../../CallOptions.ts"
import { ChatModelError, MalformedResponseError, TruncatedError } from "../../ChatModelError.ts"
import type { Reason, TimeoutError } from "../../ChatModelError.ts"
import type { AIMessage, Metadata, PartialAIMessage } from "../../Message.ts"
import type { Usage } from "../../Usage.ts"
import { AnswerListener, CurrentRun, RunObserver } from "../events/currentRun.ts"
import { observe } from "../events/observe.ts"
import type { CallObservation, OpenedCall } from "../events/observer.ts"
import type { FitWarning } from "../facts/fitting.ts"
import { ModelFacts } from "../facts/settings.ts"
import type { FactsSettings, Knowledge } from "../facts/settings.ts"
import { Accumulator } from "../message/accumulator.ts"
import { empty, restarts } from "../message/chunk.ts"
import type { AIMessageChunk } from "../message/chunk.ts"
import { optional } from "../optional.ts"
import type { ChunkFold } from "../step/fold.ts"
import type { Opener, Run } from "../step/types.ts"
import { Recovering, RetryDelays } from "./attempts.ts"
import type { Recovery } from "./attempts.ts"
import { withPartial } from "./partial.ts"
import type { Prepared } from "./prepare.ts"
import { reasonedAway } from "./reasonedAway.ts"
import type { ChatRequest } from "./request.ts"
import { limitsOf, Watchdog } from "./watchdog.ts"

/** A call of a model: its request, and how an attempt opens. */
export interface Call extends Pick<OpenedCall, "baseUrl" | "operation" | "streams"> {
  readonly provider: string
  readonly model: string
  /** The facts about the model from its maker, or else from the app that calls it, with the code that applies them. */
  readonly knowledge: (settings: FactsSettings) => Knowledge | undefined
  readonly request: Effect.Effect<Prepared, ChatModelError>
  readonly open: (request: ChatRequest) => Stream.Stream<AIMessageChunk, ChatModelError>
}

type Chunks = readonly [AIMessageChunk, ...Array<AIMessageChunk>]
type ChunkPull<E = ChatModelError> = Pull.Pull<Chunks, E>

/**
 * The run of a call. It connects with the first pull, retries until the first chunk, keeps the time limits, folds what
 * arrives for `partial`, and ensures that the run either ends with its `finish` or fails.
 */
export const openCall = (call: Call): Opener<AIMessageChunk, AIMessage, ChatModelError, never> => (scope) =>
  Effect.withFiber((fiber) => {
    const observer = fiber.getRef(RunObserver)
    if (observer === undefined) return opened(call, undefined)(scope)
    const { baseUrl, model, operation, provider, streams } = call
    const { metadata = {} } = fiber.getRef(CurrentRun)?.info ?? {}
    const observation = observer.call({ provider, model, baseUrl, operation, streams, metadata }, fiber)
    return observe(observation, opened(call, observation))(scope)
  })

const opened =
  (call: Call, observation: CallObservation | undefined): Opener<AIMessageChunk, AIMessage, ChatModelError, never> =>
  (scope) =>
    Effect.flatMap(call.request, (request) =>
      Effect.withFiber((fiber) => {
        observation?.prepared(request)
        const running = new Running(call, request, fiber, observation)
        return Effect.as(Scope.addFinalizerExit(scope, (exit) => running.close(exit)), running)
      }))

/** The run of a call. */
class Running implements Run<AIMessageChunk, AIMessage, ChatModelError, never> {
  readonly #call: Call
  readonly #request: Prepared
  readonly #clock: Clock.Clock
  readonly #watchdog: Watchdog
  readonly #settings: FactsSettings
  readonly #listener: ((answer: AIMessage) => void) | undefined
  readonly #delays: RetryDelays
  readonly #recovering: Recovering | undefined
  readonly #observation: CallObservation | undefined
  #attempt: Attempt | undefined

  constructor(
    call: Call,
    request: Prepared,
    fiber: Fiber.Fiber<unknown, unknown>,
    observation: CallObservation | undefined
  ) {
    this.#call = call
    this.#observation = observation
    this.#request = request
    this.#clock = fiber.getRef(Clock.Clock)
    this.#settings = fiber.getRef(ModelFacts)
    this.#listener = fiber.getRef(AnswerListener)
    this.#delays = new RetryDelays(request.options.retrySchedule, this.#clock)
    this.#recovering = fiber.getRef(Recovering)
    this.#watchdog = new Watchdog(
      limitsOf(request.options.timeout),
      this.#clock,
      fiber.context,
      () => this.#release(Exit.void)
    )
  }

  /** The next chunks. */
  readonly pull: ChunkPull = Effect.suspend(() => {
    const attempt = this.#attempt
    if (attempt === undefined) return this.#first(0)
    return this.#recovering === undefined
      ? attempt.next()
      : this.#recovered(
        attempt,
        attempt.next(),
        ({ marker }) =>
          Effect.map(attempt.next(), (chunks) => [{ ...empty, id: attempt.id, recovery: marker }, ...chunks])
      )
  })

  /** The chunks are folded here in any case, for `partial`. */
  readonly fold = (): ChunkFold<AIMessageChunk, AIMessage> => ({
    add: () => {},
    partial: () => this.#attempt?.partial(),
    // No stream of a model ends without its finish, and nobody asks before the end.
    done: () => this.#attempt?.done() as AIMessage
  })

  /** One finalizer for everything, because each finalizer of a scope costs time. */
  close(exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> {
    return Effect.andThen(Effect.suspend(() => this.#watchdog.stop()), Effect.suspend(() => this.#release(exit)))
  }

  #release(exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> {
    return this.#attempt === undefined ? Effect.void : Scope.close(this.#attempt.scope, exit)
  }

  /** The first chunks with content. Until then a failure may be retried. */
  #first(retries: number): ChunkPull {
    this.#watchdog.begin()
    const attempt = this.#attempt = new Attempt(
      this.#call,
      this.#request,
      this.#watchdog,
      this.#settings,
      this.#listener,
      this.#recovering !== undefined
    )
    const held: Array<AIMessageChunk> = []
    const shown = firstShown(attempt, held)
    // Nothing has been shown that would need a marker.
    const first = this.#recovered(attempt, shown, () => firstShown(attempt, held))
    return Effect.catchCause(first, (cause): ChunkPull => {
      const error = failureIn(cause)
      if (error === undefined) return Effect.failCause(cause)
      return Effect.flatMap(
        this.#delay(error, retries),
        (wait): ChunkPull =>
          wait === undefined ? Effect.failCause(cause) : Scope.close(attempt.scope, Exit.failCause(cause)).pipe(
            Effect.andThen(Effect.logDebug(`Retrying in ${Duration.format(wait)}: ${error.reason._tag}`)),
            Effect.andThen(this.#onRetry({ error, retry: retries + 1, delay: wait })),
            Effect.andThen(this.#observation?.retry(error, retries + 1, wait) ?? Effect.void),
            Effect.andThen(Effect.sleep(wait)),
            Effect.andThen(Effect.suspend(() => this.#first(retries + 1)))
          )
      )
    })
  }

  /** Chunks that go on when the connection breaks, if the answer may be resumed and its adapter can do that. */
  #recovered(
    attempt: Attempt,
    pull: ChunkPull,
    goOn: (recovery: Recovery) => ChunkPull,
    broken?: Cause.Cause<ChatModelError | Cause.Done>
  ): ChunkPull {
    const recovering = this.#recovering
    if (recovering === undefined) return pull
    return Effect.catchCause(pull, (cause): ChunkPull => {
      const failure = broken ?? cause
      const error = failureIn(cause)
      // A provider that reports a failure has ended the answer, unless it only cannot send the rest just now.
      const rest = error !== undefined && (broken === undefined ? isLost(error) : error.isRetryable)
        ? attempt.rest?.()
        : undefined
      if (error === undefined || rest === undefined || !recovering.recovers(error)) {
        if (error !== undefined && broken !== undefined) recovering.noted(error)
        return Effect.failCause(failure)
      }
      return Effect.flatMap(
        recovering.next(error, "Resumed"),
        (recovery): ChunkPull =>
          recovery === undefined || !this.#inTime(recovery.delay)
            ? Effect.failCause(failure)
            : Scope.close(attempt.scope, Exit.failCause(cause)).pipe(
              Effect.andThen(Effect.logDebug(`Resuming in ${Duration.format(recovery.delay)}: ${error.reason._tag}`)),
              Effect.andThen(Effect.sleep(recovery.delay)),
              Effect.andThen(Effect.suspend(() => {
                this.#watchdog.begin()
                attempt.open(rest)
                return this.#recovered(attempt, goOn(recovery), goOn, failure)
              }))
            )
      )
    })
  }

  #onRetry(retry: Retry): Effect.Effect<void> {
    const { onRetry } = this.#request.options
    return onRetry === undefined ? Effect.void : Effect.suspend(() => onRetry(retry)).pipe(
      Effect.catchCause((cause) => Effect.logWarning("onRetry failed", cause)),
      Effect.asVoid
    )
  }

  /** The time before the next attempt, or undefined if there is none. */
  #delay(error: ChatModelError, retries: number): Effect.Effect<Duration.Duration | undefined> {
    const { maxRetries = 2 } = this.#request.options
    return !error.isRetryable || retries >= maxRetries
      ? Effect.undefined
      : Effect.map(this.#delays.next(error), (wait) => this.#inTime(wait) ? wait : undefined)
  }

  #inTime(wait: Duration.Duration | undefined): boolean {
    return wait !== undefined && Duration.toMillis(wait) < this.#watchdog.remaining()
  }
}

/** One attempt, in a scope of its own. */
class Attempt {
  /** The scope of the connection. */
  scope = Scope.makeUnsafe()
  /** The rest of an answer whose connection broke, if it can be had. */
  rest: (() => Stream.Stream<AIMessageChunk, ChatModelError> | undefined) | undefined
  readonly #call: Call
  readonly #request: Prepared
  readonly #watchdog: Watchdog
  readonly #settings: FactsSettings
  readonly #listener: ((answer: AIMessage) => void) | undefined
  readonly #message = new Accumulator()
  #finished = false
  /** The first pull connects, so that the connection has a time limit, too. */
  #pull: ChunkPull = Effect.never
  /** The same pull with checks. It is stored, because it runs for each read. */
  #checkedPull: ChunkPull | undefined

  constructor(
    call: Call,
    request: Prepared,
    watchdog: Watchdog,
    settings: FactsSettings,
    listener: ((answer: AIMessage) => void) | undefined,
    recovers: boolean
  ) {
    this.#call = call
    this.#request = request
    this.#watchdog = watchdog
    this.#settings = settings
    this.#listener = listener
    // Opened before anything runs, so that the adapter can register its `onAbort`.
    this.open(call.open({
      ...request,
      connection: watchdog,
      ...(recovers ?
        {
          resumable: (rest) => {
            this.rest = rest
          }
        } :
        undefined)
    }))
  }

  /** Reads from this stream, in a scope of its own. */
  open(stream: Stream.Stream<AIMessageChunk, ChatModelError>): void {
    this.scope = Scope.makeUnsafe()
    this.#checkedPull = undefined
    this.#pull = Effect.flatMap(Channel.toPullScoped(Stream.toChannel(stream), this.scope), (pull) => {
      this.#pull = pull
      this.#checkedPull = this.#check(pull)
      return pull
    })
  }

  /** The next chunks, checked. */
  next(): ChunkPull {
    const pull = this.#watchdog.wait(this.#pull)
    return pull === this.#pull && this.#checkedPull !== undefined ? this.#checkedPull : this.#check(pull)
  }

  #check(pull: ChunkPull<ChatModelError | TimeoutError>): ChunkPull {
    return Pull.matchEffect(pull, {
      onSuccess: (chunks) => this.#checked(chunks),
      onDone: () => this.#ended(),
      onFailure: (cause) => this.#failed(cause)
    })
  }

  /** The id of the message. */
  get id(): string {
    return this.#message.id
  }

  partial(): PartialAIMessage {
    return this.#message.partial()
  }

  done(): AIMessage | undefined {
    return this.#message.message()
  }

  #checked(chunks: Chunks): ChunkPull {
    this.#watchdog.chunks()
    for (let i = 0; i < chunks.length; i++) {
      if (this.#finished) {
        this.#message.addAll(chunks.slice(0, i))
        return this.#fail(new MalformedResponseError({ message: afterFinish }))
      }
      if (chunks[i]!.finish !== undefined) this.#finished = true
    }
    this.#message.addAll(chunks)
    const named = this.#message.withCallIds(chunks)
    return Effect.succeed(this.#finished ? this.#completed(named) : named)
  }

  /** The last chunks, with what is known of the answer now that it is whole: its cost, and why it may be empty. */
  #completed(chunks: Chunks): Chunks {
    const last = chunks[chunks.length - 1]!
    const usage = this.#priced()
    const warning = last.finish?.reason === "length" ? reasonedAway(this.#message, this.#request) : undefined
    if (usage === undefined && warning === undefined) return chunks
    const added = {
      ...optional("usage", usage),
      ...(warning === undefined ? undefined : { metadata: this.#warned(warning) })
    }
    this.#message.add({ ...empty, ...added })
    const metadata = added.metadata === undefined ? last.metadata : { ...last.metadata, ...added.metadata }
    const completed = { ...last, ...added, ...optional("metadata", metadata) }
    const [first, ...rest] = chunks
    return rest.length === 0 ? [completed] : [first, ...rest.slice(0, -1), completed]
  }

  #warned(warning: FitWarning): Metadata {
    const before = this.#message.metadata?.["warnings"]
    return { warnings: [...(Array.isArray(before) ? before : []), { ...warning }] }
  }

  /** The usage of the message with its cost, if it is known. */
  #priced(): Usage | undefined {
    return this.#knowledge()?.priced(this.#message, this.#request.options, this.#settings)
  }

  #ended(): ChunkPull {
    this.#watchdog.waited()
    const { expired } = this.#watchdog
    if (expired !== undefined) return this.#fail(expired)
    if (!this.#finished) return this.#fail(new TruncatedError({ message: "The stream ended before the message did" }))
    // A stream that has finished has a message.
    this.#listener?.(this.#message.message() as AIMessage)
    return Cause.done()
  }

  #failed(cause: Cause.Cause<ChatModelError | TimeoutError>): ChunkPull {
    this.#watchdog.waited()
    const { expired } = this.#watchdog
    if (expired !== undefined && !Cause.hasInterrupts(cause)) return this.#fail(expired)
    return Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.failCause(
        Cause.map(
          cause,
          (error) => error._tag === "TimeoutError" ? this.#error(error) : this.#withPartial(this.#explained(error, now))
        )
      ))
  }

  #explained(error: ChatModelError, now: number): ChatModelError {
    const { facts, options } = this.#request
    return this.#knowledge()?.explained(error, { facts, options, now }, this.#settings) ?? error
  }

  #knowledge(): Knowledge | undefined {
    return this.#call.knowledge(this.#settings)
  }

  #fail(reason: Reason): ChunkPull {
    return Effect.fail(this.#error(reason))
  }

  #error(reason: Reason): ChatModelError {
    return this.#withPartial(
      new ChatModelError({ provider: this.#call.provider, model: this.#call.model, reason })
    )
  }

  #withPartial(error: ChatModelError): ChatModelError {
    if (error.partial !== undefined) return error
    // The cost of less than what arrived would be too low.
    const usage = this.#message.usageIsCurrent ? this.#priced() : undefined
    if (usage !== undefined) this.#message.add({ ...empty, usage })
    return withPartial(error, this.partial())
  }
}

/** The failure of a pull; undefined for its end, an interruption or a defect. */
const failureIn = (cause: Cause.Cause<ChatModelError | Cause.Done>): ChatModelError | undefined => {
  const error = Option.getOrUndefined(Cause.findErrorOption(cause))
  return error === undefined || Cause.isDone(error) ? undefined : error
}

/** Whether only the connection was lost. */
const isLost = ({ isRetryable, reason }: ChatModelError): boolean =>
  isRetryable && (reason._tag === "NetworkError" || reason._tag === "TruncatedError" || reason._tag === "TimeoutError")

const afterFinish = "Something followed the chunk that ended the message"

/** Holds back chunks with only an id, usage or metadata, and joins them to the first chunk with content. */
const firstShown = (attempt: Attempt, held: Array<AIMessageChunk>): ChunkPull =>
  Effect.flatMap(attempt.next(), (chunks): ChunkPull => {
    for (let i = 0; i < chunks.length; i++) {
      const chunk = chunks[i]!
      if (
        chunk.parts.length > 0 || chunk.content !== "" || chunk.finish !== undefined || chunk.recovery !== undefined
      ) {
        return Effect.succeed([held.length === 0 ? chunk : joined([...held, chunk]), ...chunks.slice(i + 1)])
      }
      held.push(chunk)
    }
    return firstShown(attempt, held)
  })

/** Chunks of which only the last one has content. All metadata is merged at once, as a chunk may have any amount of it. */
const joined = (chunks: ReadonlyArray<AIMessageChunk>): AIMessageChunk => {
  const last = chunks[chunks.length - 1]!
  // Nothing before a restart counts.
  if (restarts(last)) return last
  const { content, finish, parts, recovery } = last
  const metadata = chunks.flatMap((chunk) => chunk.metadata === undefined ? [] : Object.entries(chunk.metadata))
  return {
    _tag: "AIMessageChunk",
    id: chunks.find(({ id }) => id !== "")?.id ?? "",
    content,
    parts,
    ...optional("usage", chunks.reduce<Usage | undefined>((usage, chunk) => chunk.usage ?? usage, undefined)),
    ...optional("finish", finish),
    ...optional("recovery", recovery),
    ...(metadata.length === 0 ? undefined : { metadata: Object.fromEntries(metadata) })
  }
}
