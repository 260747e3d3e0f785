/**
 * The observer that `Telemetry.layer` provides: spans of steps and of calls of models, their metrics and their logs. It
 * builds on the hook of the event layer alone, and knows no combinator and no provider. A read of a call costs a look at
 * the clock and a loop over its chunks; a read of any other step costs nothing here.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Tracer from "effect/Tracer"
import type { AIMessageChunk } from "../AIMessageChunk.ts"
import type { ChatModelError } from "../ChatModelError.ts"
import type {
  CallObservation,
  Ending,
  Observation,
  Observer,
  OpenedCall,
  OpenedStep,
  SentRequest
} from "../internal/events/observer.ts"
import type { AIMessage, Metadata, PartialAIMessage } from "../Message.ts"
import type { Usage } from "../Usage.ts"
import { Attempt, whenDecided } from "./attempts.ts"
import { Content, inputMessages, outputMessages, recordedValue } from "./content.ts"
import type { ContentOptions } from "./content.ts"
import { optionAttributes, requestAttributes, serverAttributes, usageAttributes } from "./conventions.ts"
import type { Attributes, Conventions } from "./conventions.ts"
import { failureOf, responseOf, spanExit } from "./failure.ts"
import type { Failure } from "./failure.ts"
import { logFailed, logRetry } from "./logs.ts"
import type { CallMetrics, Metrics } from "./metrics.ts"
import { startSpan } from "./span.ts"
import type { StartedSpan } from "./span.ts"

/** The options of `Telemetry.layer` with all defaults filled in. */
export interface Settings {
  readonly conventions: Conventions
  readonly spans: boolean
  readonly metrics: Metrics | undefined
  readonly logs: boolean
  readonly sample: ((run: SampledRun) => boolean) | undefined
}

/** A run that may get spans: the outermost one of a trace. */
export interface SampledRun extends Pick<OpenedStep, "type" | "name" | "tags" | "metadata"> {}

/** How a run ended, as the attribute `rivulet.outcome`. */
export type Outcome = "completed" | "failed" | "left" | "interrupted"

/**
 * The id of the conversation to which the runs of a fiber belong, as `gen_ai.conversation.id`. Undefined by default: the
 * id is then that in the metadata of a run, as `conversation_id`, `session_id` or `thread_id`, if there is one.
 *
 * **Example** (The runs of one session)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatModel } from "rivulet"
 * import * as Telemetry from "rivulet/Telemetry"
 *
 * const answer = (sessionId: string) =>
 *   ChatModel.invoke("Hi").pipe(Effect.provideService(Telemetry.ConversationId, sessionId))
 * ```
 */
export const ConversationId = Context.Reference<string | undefined>("rivulet/Telemetry/ConversationId", {
  defaultValue: () => undefined
})

/** Whether the runs inside are traced, as the outermost run was asked. */
const Traced = Context.Reference<boolean | undefined>("rivulet/Telemetry/Traced", { defaultValue: () => undefined })

/** The call of a wrapped model around the calls of the models in it. It logs for them. */
const WrappedCall = Context.Reference<{ retries: number } | undefined>("rivulet/Telemetry/WrappedCall", {
  defaultValue: () => undefined
})

/** Makes the observer of an app. */
export const makeObserver = (settings: Settings): Observer => ({
  step: (step, fiber) =>
    step.subject?._tag === "Model" && !step.subject.wrapped
      ? undefined // its call is observed
      : new StepObservation(settings, step, fiber),
  call: (call, fiber) => new ModelCall(settings, call, fiber),
  attempt: (fiber) => new Attempt(fiber),
  placeOf: (services) => {
    const span = Context.getOrUndefined(services as Context.Context<Tracer.ParentSpan>, Tracer.ParentSpan)
    const traced = Context.get(services, Traced)
    return (inside) => {
      const placed = span === undefined
        ? Context.omit(Tracer.ParentSpan)(inside)
        : Context.add(inside, Tracer.ParentSpan, span)
      // A span is no requirement of a step.
      return Context.add(placed, Traced, traced) as Context.Context<never>
    }
  }
})

type AnyFiber = Fiber.Fiber<unknown, unknown>

const outcomeOf = (ending: Ending): Outcome =>
  ending._tag === "Completed"
    ? "completed"
    : ending._tag === "Failed"
    ? "failed"
    : Exit.isFailure(ending.exit) && Cause.hasInterruptsOnly(ending.exit.cause)
    ? "interrupted"
    : "left"

/** The exit with which the span of a run ends. A reader that leaves is no error, nor is what went wrong on its side. */
const exitOf = (
  outcome: Outcome,
  failure: Failure | undefined,
  content: ContentOptions | undefined
): Exit.Exit<unknown, unknown> =>
  failure !== undefined ? spanExit(failure, content) : outcome === "interrupted" ? Exit.interrupt() : Exit.void

/** The parts that spans of steps and of calls share: whether there is one, and the services inside it. */
abstract class Observed implements Observation {
  protected readonly settings: Settings
  protected readonly content: ContentOptions | undefined
  protected readonly clock: Clock.Clock
  protected readonly around: Context.Context<never>
  protected readonly span: StartedSpan | undefined
  protected readonly started: number
  services: Context.Context<never>
  abstract readonly read: Observation["read"]
  abstract readonly needsOutput: boolean
  abstract end(ending: Ending): Effect.Effect<void>

  constructor(
    settings: Settings,
    run: SampledRun,
    name: string,
    kind: Tracer.SpanKind,
    attributes: Attributes,
    fiber: AnyFiber
  ) {
    this.settings = settings
    this.content = settings.spans ? fiber.getRef(Content) : undefined
    this.clock = fiber.getRef(Clock.Clock)
    this.around = fiber.context as Context.Context<never>
    const traced = fiber.getRef(Traced) ?? (settings.spans && sampled(settings, run))
    this.started = this.clock.currentTimeMillisUnsafe()
    this.span = traced
      ? startSpan(fiber, name, kind, { ...attributes, ...conversationOf(fiber, run.metadata) })
      : undefined
    const services = traced ? insideTraced : insideUntraced
    this.services = this.span === undefined
      ? services
      // A span is no requirement of what runs inside.
      : Context.add(services, Tracer.ParentSpan, this.span.span) as Context.Context<unknown> as Context.Context<never>
  }

  /** The time since the start, in seconds. */
  protected get seconds(): number {
    return (this.clock.currentTimeMillisUnsafe() - this.started) / 1000
  }
}

const insideTraced = Context.make(Traced, true)
const insideUntraced = Context.make(Traced, false)

const sampled = ({ sample }: Settings, run: SampledRun): boolean => {
  if (sample === undefined) return true
  try {
    return sample(run)
  } catch {
    return true // a hook of the app must not fail its runs
  }
}

/** The observation of a step that is no call of a model. */
class StepObservation extends Observed {
  readonly #step: OpenedStep
  readonly #wrapped: { retries: number } | undefined
  readonly read = undefined
  readonly needsOutput: boolean

  constructor(settings: Settings, step: OpenedStep, fiber: AnyFiber) {
    super(settings, step, nameOf(step), "internal", stepAttributes(settings, step), fiber)
    this.#step = step
    const { subject, type } = step
    // The outermost of several wrappers logs.
    this.#wrapped = subject?._tag === "Model" && fiber.getRef(WrappedCall) === undefined ? { retries: 0 } : undefined
    this.needsOutput = this.content !== undefined && (type === "tool" || subject?._tag === "Agent")
    if (this.#wrapped !== undefined) this.services = Context.add(this.services, WrappedCall, this.#wrapped)
    if (this.content !== undefined && type === "tool" && step.input !== undefined) {
      this.span?.add({ "gen_ai.tool.call.arguments": recordedValue(this.content, "arguments", step.input.value) })
    }
  }

  end(ending: Ending): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { name, subject, type } = this.#step
      const outcome = outcomeOf(ending)
      const failure = ending._tag === "Failed" ? failureOf(ending.cause) : undefined
      this.span?.add({ "rivulet.outcome": outcome, "error.type": failure?.type, ...this.#output(ending) })
      this.span?.end(exitOf(outcome, failure, this.content))
      const kind = type === "tool" ? "tool" : subject?._tag === "Agent" ? "agent" : undefined
      if (kind !== undefined) this.settings.metrics?.step(kind, name, this.seconds, failure, this.around)
      if (!this.settings.logs || failure === undefined || this.#wrapped === undefined || subject?._tag !== "Model") {
        return Effect.void
      }
      const { retries } = this.#wrapped
      const partialLength = failure.model?.partial?.content.length
      return whenDecided(this.around, logFailed(subject, failure, retries, partialLength, this.span))
    })
  }

  #output(ending: Ending): Attributes | undefined {
    const { content, needsOutput } = this
    if (content === undefined || !needsOutput || ending._tag !== "Completed") return undefined
    if (this.#step.type === "tool") {
      return { "gen_ai.tool.call.result": recordedValue(content, "result", ending.output) }
    }
    const { message } = ending.output as { readonly message?: AIMessage } // an agent's
    return message && { "gen_ai.output.messages": outputMessages(content, message) }
  }
}

const nameOf = ({ name, subject, type }: OpenedStep): string =>
  subject?._tag === "Agent"
    ? `invoke_agent ${name}`
    : subject?._tag === "Model"
    ? `model ${subject.model}`
    : type === "tool"
    ? `execute_tool ${name}`
    : name

const stepAttributes = (
  { conventions }: Settings,
  { metadata, name, subject, tags, type }: OpenedStep
): Attributes => ({
  "rivulet.step.type": type,
  "rivulet.step.name": name,
  "rivulet.step.tags": tags.length === 0 ? undefined : [...tags],
  ...(subject?._tag === "Agent"
    ? { ...requestAttributes(conventions, "invoke_agent", undefined, undefined), "gen_ai.agent.name": name }
    : subject?._tag === "Model"
    ? { "rivulet.provider": subject.provider, "rivulet.model": subject.model }
    : type === "tool"
    ? {
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.name": name,
      "gen_ai.tool.type": "function",
      "gen_ai.tool.call.id": stringIn(metadata, "tool_call_id")
    }
    : type === "retriever"
    ? { "gen_ai.operation.name": "retrieval" }
    : undefined)
})

const stringIn = (metadata: Metadata, key: string): string | undefined => {
  const value = metadata[key]
  return typeof value === "string" ? value : undefined
}

/** The conversation is that of the fiber, or the one that the metadata of the run names. */
const conversationOf = (fiber: AnyFiber, metadata: Metadata): Attributes => ({
  "gen_ai.conversation.id": fiber.getRef(ConversationId) ?? stringIn(metadata, "conversation_id") ??
    stringIn(metadata, "session_id") ?? stringIn(metadata, "thread_id")
})

/** The observation of a call of a model, with its retries. */
class ModelCall extends Observed implements CallObservation {
  readonly #call: OpenedCall
  readonly #wrapped: { retries: number } | undefined
  readonly #metrics: CallMetrics | undefined
  #retries = 0
  #firstAt: number | undefined
  #lastAt = 0
  #chunks = 0
  readonly #between: Array<number> = []
  #usage: Usage | undefined
  #metadata: Metadata = {}
  #id = ""
  #finish: string | undefined
  readonly needsOutput: boolean

  constructor(settings: Settings, call: OpenedCall, fiber: AnyFiber) {
    const { baseUrl, metadata, model, operation, provider, streams } = call
    super(
      settings,
      { type: "chat_model", name: provider, tags: [], metadata },
      `${operation} ${model}`,
      "client",
      {
        ...requestAttributes(settings.conventions, operation, provider, model),
        ...serverAttributes(baseUrl),
        "gen_ai.request.stream": streams ? true : undefined
      },
      fiber
    )
    this.#call = call
    this.#wrapped = fiber.getRef(WrappedCall)
    this.needsOutput = this.content !== undefined && operation === "chat"
    this.#metrics = settings.metrics?.call(this.around, operation, provider, model)
  }

  prepared({ messages, options }: SentRequest): void {
    if (this.span === undefined) return
    this.span.add(optionAttributes(options))
    if (this.content !== undefined) this.span.add({ "gen_ai.input.messages": inputMessages(this.content, messages) })
  }

  retry(error: ChatModelError, retry: number, delay: Duration.Duration): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#retries = retry
      if (this.#wrapped !== undefined) this.#wrapped.retries++
      this.#metrics?.retry(error.reason._tag)
      return this.settings.logs ? logRetry(this.#call, error, retry, delay, this.span) : Effect.void
    })
  }

  readonly read = (chunks: ReadonlyArray<unknown>): void => {
    const now = this.clock.currentTimeMillisUnsafe()
    if (this.#firstAt === undefined) this.#firstAt = now
    else if (this.#metrics !== undefined) this.#between.push((now - this.#lastAt) / 1000)
    this.#lastAt = now
    this.#chunks += chunks.length
    for (const chunk of chunks as ReadonlyArray<AIMessageChunk>) { // those of a model
      if (chunk.usage !== undefined) this.#usage = chunk.usage
      if (chunk.metadata !== undefined) this.#metadata = { ...this.#metadata, ...chunk.metadata }
      if (chunk.finish !== undefined) this.#finish = chunk.finish.reason
      if (this.#id === "") this.#id = chunk.id
    }
  }

  end(ending: Ending): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { operation, streams } = this.#call
      const outcome = outcomeOf(ending)
      const failure = ending._tag === "Failed" ? failureOf(ending.cause) : undefined
      const partial = failure?.model?.partial
      // A count is no answer: its usage was not spent.
      const usage = operation === "chat" ? partial?.usage ?? this.#usage : undefined
      const responseModel = stringIn(this.#metadata, "model") ?? stringIn(partial?.metadata ?? {}, "model")
      const firstChunk = this.#firstAt === undefined || !streams ? undefined : (this.#firstAt - this.started) / 1000
      this.#metrics?.end({
        duration: this.seconds,
        firstChunk,
        perChunk: streams ? this.#between : [],
        usage,
        responseModel,
        failure,
        left: outcome === "left" || outcome === "interrupted" ? outcome : undefined
      })
      if (this.span !== undefined) {
        const response = failure?.model && responseOf(failure.model)
        this.span.add({
          "rivulet.outcome": outcome,
          "error.type": failure?.type,
          "gen_ai.response.id": idOf(partial) ?? (this.#id === "" ? undefined : this.#id),
          "gen_ai.response.model": responseModel,
          "gen_ai.response.finish_reasons": failure !== undefined
            ? ["error"]
            : this.#finish === undefined
            ? undefined
            : [this.#finish],
          "gen_ai.response.time_to_first_chunk": firstChunk,
          ...(usage === undefined ? undefined : usageAttributes(this.settings.conventions, usage)),
          "rivulet.chunks": operation === "chat" ? this.#chunks : undefined,
          "rivulet.retries": this.#retries === 0 ? undefined : this.#retries,
          "rivulet.request.id": response?.requestId ?? stringIn(this.#metadata, "requestId"),
          "http.response.status_code": response?.status,
          ...this.#output(ending, partial)
        })
        this.span.end(exitOf(outcome, failure, this.content))
      }
      return failure === undefined || !this.settings.logs || this.#wrapped !== undefined
        ? Effect.void
        : whenDecided(
          this.around,
          logFailed(this.#call, failure, this.#retries, partial?.content.length, this.span)
        )
    })
  }

  #output(ending: Ending, partial: PartialAIMessage | undefined): Attributes | undefined {
    if (this.content === undefined || !this.needsOutput) return undefined
    // The value of a call.
    const answer = (ending._tag === "Completed" ? ending.output : partial ?? ending.partial) as
      | AIMessage
      | PartialAIMessage
      | undefined
    return answer && { "gen_ai.output.messages": outputMessages(this.content, answer) }
  }
}

const idOf = (partial: PartialAIMessage | undefined) =>
  partial === undefined || partial.id === "" ? undefined : partial.id
