/**
 * The run of an answer that may break: the chunks shown so far, and the attempts at the rest. `withRecovery` opens one
 * for each call. While nothing breaks, a read costs one step of an effect, a look at each chunk, and the fold of what
 * is shown.
 */
import * as Array from "effect/Array"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import { merge } from "../../../CallOptions.ts"
import type { CallOptions } from "../../../CallOptions.ts"
import type { ChatModelError } from "../../../ChatModelError.ts"
import { ai } from "../../../Message.ts"
import type { AIMessage, Message, PartialAIMessage } from "../../../Message.ts"
import { sum } from "../../../Usage.ts"
import type { Usage } from "../../../Usage.ts"
import { Accumulator } from "../../message/accumulator.ts"
import { empty } from "../../message/chunk.ts"
import type { AIMessageChunk, Marker } from "../../message/chunk.ts"
import { optional } from "../../optional.ts"
import type { ChunkFold } from "../../step/fold.ts"
import type { ChunkPull, Run } from "../../step/types.ts"
import { Recovering, RetryDelays } from "../attempts.ts"
import type { Recovery } from "../attempts.ts"
import { toMessages } from "../messages.ts"
import type { OpenModel } from "../opening.ts"
import { withPartial } from "../partial.ts"
import type { ChatInput } from "../request.ts"
import { errorOf } from "../routing/attempts.ts"
import type { Service } from "../service.ts"
import { limitsOf } from "../watchdog.ts"
import { beginning, Continuation } from "./continuation.ts"
import { mayContinue } from "./continues.ts"
import type { Continues } from "./continues.ts"

/** The settings of a model with recovery. */
export interface Settings {
  readonly attempts: number
  readonly when: (error: ChatModelError) => boolean
  readonly continues: (model: Service) => Continues
  readonly restart: "never" | "unshown" | "always"
}

/** One call. */
export interface RecoverableCall {
  readonly model: Service
  readonly open: OpenModel
  readonly input: ChatInput
  readonly options: CallOptions | undefined
  readonly whole: boolean
}

type AnswerPull = ChunkPull<AIMessageChunk, ChatModelError, never>

type Way = "Continued" | "Restarted"

/** The run of one call. */
export class Recovered implements Run<AIMessageChunk, AIMessage, ChatModelError, never>, Recovering {
  readonly #settings: Settings
  readonly #call: RecoverableCall
  /** The options of the call over those of the model. */
  readonly #options: CallOptions
  readonly #scope: Scope.Scope
  readonly #clock: Clock.Clock
  readonly #delays: RetryDelays
  readonly #deadline: number
  readonly #shown = new Accumulator()
  /** The recoveries so far, in order. */
  readonly #markers: Array<Marker> = []
  /** The ways that the model has refused. */
  readonly #refused = new Set<Marker["_tag"]>()
  #attempt: Scope.Closeable | undefined
  #next: AnswerPull = Effect.never
  #any = false
  /** The recovery that has shown nothing yet. */
  #pending: Marker | undefined
  #continuation: Continuation | undefined
  /** The failure that broke the answer last. */
  #broken: Cause.Cause<ChatModelError> | undefined
  /** All failures so far, in order. */
  readonly #failures: Array<ChatModelError> = []
  /** The usage of the attempt, and those of the attempts before it. */
  #usage: Usage | undefined
  readonly #spent: Array<Usage | undefined> = []

  constructor(settings: Settings, call: RecoverableCall, scope: Scope.Scope, fiber: Fiber.Fiber<unknown, unknown>) {
    this.#settings = settings
    this.#call = call
    this.#scope = scope
    this.#options = merge(call.model.options ?? {}, call.options)
    this.#clock = fiber.getRef(Clock.Clock)
    this.#delays = new RetryDelays(this.#options.retrySchedule, this.#clock)
    this.#deadline = this.#clock.currentTimeMillisUnsafe() + limitsOf(this.#options.timeout).total
  }

  readonly pull: AnswerPull = Effect.suspend(() => this.#next)

  readonly fold = (): ChunkFold<AIMessageChunk, AIMessage> => ({
    add: () => {},
    partial: () => this.#shown.partial(),
    // No stream of a model ends without its finish, and nobody asks before the end.
    done: () => this.#shown.message() as AIMessage
  })

  /** Opens the first attempt. */
  get start(): Effect.Effect<void, ChatModelError> {
    return this.#open(this.#call.input, this.#call.options)
  }

  #open(input: ChatInput, options: CallOptions | undefined): Effect.Effect<void, ChatModelError> {
    const { open, whole } = this.#call
    const inside = Effect.provideService(Recovering, this)
    return Effect.flatMap(Scope.fork(this.#scope), (scope) => {
      this.#attempt = scope
      return Effect.map(inside(open(input, options, whole)(scope)), ({ pull }) => {
        const later = this.#checked(pull)
        // A model may open with its first pull.
        this.#next = this.#checked(Effect.tap(inside(pull), () => {
          this.#next = later
          return Effect.void
        }))
      })
    })
  }

  #checked(pull: AnswerPull): AnswerPull {
    return Pull.matchEffect(pull, {
      onSuccess: (chunks) => this.#give(chunks),
      onDone: () => Cause.done(),
      onFailure: (cause) => this.#failed(cause)
    })
  }

  // ---------------------------------------------------------------------------
  // chunks
  // ---------------------------------------------------------------------------

  #give(chunks: readonly [AIMessageChunk, ...Array<AIMessageChunk>]): AnswerPull {
    this.#any = true
    let same = this.#markers.length === 0
    for (const { recovery, usage } of chunks) {
      if (usage !== undefined) this.#usage = usage
      // A model inside has resumed its answer.
      if (recovery !== undefined) same = false
    }
    if (same) {
      this.#shown.addAll(chunks)
      return Effect.succeed(chunks)
    }
    const out = this.#begun()
    for (const chunk of chunks) {
      const mapped = this.#continuation === undefined ? chunk : this.#continuation.map(chunk)
      if (mapped !== undefined) out.push(this.#withTotals(mapped))
    }
    this.#shown.addAll(out)
    return Array.isArrayNonEmpty(out) ? Effect.succeed(out) : this.pull
  }

  /** The marker of an attempt that has begun to answer. Before that the answer keeps the text that was shown. */
  #begun(): Array<AIMessageChunk> {
    const marker = this.#pending
    if (marker === undefined) return []
    this.#pending = undefined
    const id = marker._tag === "Restarted" ? "" : this.#shown.id
    return [{ ...empty, id, ...optional("usage", sum(this.#spent)), recovery: marker }]
  }

  #withTotals(chunk: AIMessageChunk): AIMessageChunk {
    const { finish, metadata, usage } = chunk
    const total = usage === undefined || this.#spent.length === 0 ? usage : sum([...this.#spent, usage])
    return {
      ...chunk,
      ...optional("usage", total && { ...total, ...optional("raw", usage?.raw) }),
      ...(finish === undefined ? undefined : { metadata: { ...metadata, recovery: this.#history() } })
    }
  }

  /** The recoveries as metadata. */
  #history() {
    return this.#markers.map(({ error, ...marker }) => ({ ...marker, error: { ...error } }))
  }

  // ---------------------------------------------------------------------------
  // failures
  // ---------------------------------------------------------------------------

  #failed(cause: Cause.Cause<ChatModelError>): AnswerPull {
    const error = Option.getOrUndefined(Cause.findErrorOption(cause))
    // Until the first chunk the model itself retries.
    if (error === undefined || !this.#any) return Effect.failCause(cause)
    this.#spent.push(error.partial?.usage ?? this.#usage)
    this.#usage = undefined
    this.noted(error)
    const asked = this.#pending
    if (asked === undefined) {
      this.#broken = cause
      this.#refused.clear()
      if (!this.recovers(error)) return this.#fail(error)
    } else if (!error.isRetryable) {
      // Another way may do where a model does not take the request of this one.
      if (!refusals.has(error.reason._tag)) return this.#fail(error)
      this.#refused.add(asked._tag)
    }
    return this.#recover(error)
  }

  #recover(error: ChatModelError): AnswerPull {
    const partial = this.#shown.partial()
    const messages = toMessages(this.#call.input)
    const way = this.#wayOf(partial, messages)
    if (way === undefined) return this.#fail(error)
    return Effect.flatMap(this.next(error, way), (recovery): AnswerPull => {
      if (recovery === undefined) return this.#fail(error)
      const { delay, marker } = recovery
      return this.#close(error).pipe(
        Effect.andThen(Effect.logDebug(`${way} in ${Duration.format(delay)}: ${error.message}`)),
        Effect.andThen(Effect.sleep(delay)),
        Effect.andThen(Effect.suspend(() => this.#attemptAgain(marker, way, partial, messages))),
        Effect.matchCauseEffect({ onFailure: (cause) => this.#failed(cause), onSuccess: () => this.pull })
      )
    })
  }

  /** How the answer may go on. */
  #wayOf(partial: PartialAIMessage, messages: ReadonlyArray<Message>): Way | undefined {
    const { continues, restart } = this.#settings
    const { model, whole } = this.#call
    if (
      !this.#refused.has("Continued") && mayContinue(partial, messages, this.#options) && continues(model) !== false
    ) return "Continued"
    // The provider has begun to run a tool, and would run it again.
    const ran = partial.parts.some(({ type }) => type === "server_tool_call" || type === "server_tool_result")
    const unshown = whole || (partial.content === "" && partial.parts.every(({ type }) => type === "reasoning"))
    const may = restart === "always" || (restart === "unshown" && unshown)
    return may && !ran && !this.#refused.has("Restarted") ? "Restarted" : undefined
  }

  #attemptAgain(
    marker: Marker,
    way: Way,
    partial: PartialAIMessage,
    messages: ReadonlyArray<Message>
  ): Effect.Effect<void, ChatModelError> {
    const { model, options } = this.#call
    const echoes = this.#settings.continues(model) === "echoes"
    const begun = way === "Continued" ? beginning(messages, partial.content, echoes) : undefined
    this.#pending = marker
    this.#continuation = begun && new Continuation(this.#shown, echoes ? begun.text : undefined)
    const left = this.#deadline - this.#clock.currentTimeMillisUnsafe()
    return this.#open(begun === undefined ? messages : [...begun.before, ai(begun.text)], {
      ...options,
      // The attempts are counted here.
      maxRetries: 0,
      ...(Number.isFinite(left) ? { timeout: { ...options?.timeout, total: Math.max(1, left) } } : undefined)
    })
  }

  #close(error: ChatModelError): Effect.Effect<void> {
    return this.#attempt === undefined ? Effect.void : Scope.close(this.#attempt, Exit.fail(error))
  }

  /** The failure that broke the answer, with the attempts since then. */
  #fail(last: ChatModelError): AnswerPull {
    const broken = this.#broken ?? Cause.fail(last)
    return Effect.failCause(
      this.#markers.length === 0
        ? broken
        : Cause.map(broken, (error) => errorOf(this.#failures, withPartial(error, this.#shown.partial())))
    )
  }

  // ---------------------------------------------------------------------------
  // what the models inside ask
  // ---------------------------------------------------------------------------

  readonly begun = (): void => {
    this.#any = true
  }

  readonly noted = (error: ChatModelError): void => {
    // A model inside has noted it before it gave up.
    if (!this.#failures.some(({ reason }) => reason === error.reason)) this.#failures.push(error)
  }

  readonly recovers = (error: ChatModelError): boolean =>
    this.#markers.length < this.#settings.attempts && this.#settings.when(error)

  readonly next = (error: ChatModelError, way: Marker["_tag"]): Effect.Effect<Recovery | undefined> =>
    Effect.suspend(() => {
      this.noted(error)
      if (this.#markers.length >= this.#settings.attempts) return Effect.undefined
      return Effect.map(this.#delays.next(error), (delay) => {
        if (delay === undefined || Duration.toMillis(delay) >= this.#deadline - this.#clock.currentTimeMillisUnsafe()) {
          return undefined
        }
        const { model, provider, reason } = error
        const marker: Marker = {
          _tag: way,
          attempt: this.#markers.length + 1,
          error: { provider, model, reason: reason._tag, message: reason.message }
        }
        this.#markers.push(marker)
        return { marker, delay }
      })
    })
}

/** The reasons of a model that does not take a request. */
const refusals: ReadonlySet<string> = new Set(["InvalidRequestError", "UnsupportedError"])
