/**
 * The observer that `Telemetry.layer` provides: spans of steps and of calls of models. It builds on the hook of the event
 * layer alone, and knows no combinator and no provider. A read of a call costs a loop over its chunks; a read of any
 * other step costs nothing here.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Tracer from "effect/Tracer"
import type { AIMessageChunk } from "../AIMessageChunk.ts"
import type {
  CallObservation,
  Ending,
  Observation,
  Observer,
  OpenedCall,
  OpenedStep
} from "../internal/events/observer.ts"
import type { Metadata, PartialAIMessage } from "../Message.ts"
import type { Usage } from "../Usage.ts"
import { optionAttributes, requestAttributes, usageAttributes } from "./conventions.ts"
import type { Attributes, Conventions } from "./conventions.ts"
import { failureOf, responseOf, spanExit } from "./failure.ts"
import type { Failure } from "./failure.ts"
import { spanStarter } from "./span.ts"
import type { StartedSpan } from "./span.ts"

/** The options of `Telemetry.layer` with all defaults filled in. */
export interface Settings {
  readonly conventions: Conventions
}

/** How a run ended, as the attribute `rivulet.outcome`. */
export type Outcome = "completed" | "failed" | "left" | "interrupted"

/** The id of the conversation that the runs of a fiber belong to. */
export const ConversationId = Context.Reference<string | undefined>("rivulet/Telemetry/ConversationId", {
  defaultValue: () => undefined
})

/** Makes the observer of an app. */
export const makeObserver = (settings: Settings): Observer => ({
  step: (step, fiber) =>
    step.subject?._tag === "Model" && !step.subject.wrapped
      ? undefined // its call is observed
      : new StepObservation(settings, step, fiber),
  call: (call, fiber) => new ModelCall(settings, call, fiber),
  placeOf: (services) => {
    const span = Context.getOrUndefined(services as Context.Context<Tracer.ParentSpan>, Tracer.ParentSpan)
    return (inside) =>
      // A span is no requirement of a step.
      (span === undefined
        ? Context.omit(Tracer.ParentSpan)(inside)
        : Context.add(inside, Tracer.ParentSpan, span)) as Context.Context<never>
  }
})

const outcomeOf = (ending: Ending): Outcome =>
  ending._tag === "Completed" ?
    "completed"
    : ending._tag === "Failed" ?
    "failed"
    : Exit.isFailure(ending.exit) && Cause.hasInterruptsOnly(ending.exit.cause) ?
    "interrupted"
    : "left"

/** The exit with which the span of a run ends. A reader that leaves is no error, nor is what went wrong on its side. */
const exitOf = (outcome: Outcome, failure: Failure | undefined): Exit.Exit<unknown, unknown> =>
  failure !== undefined ? spanExit(failure, false) : outcome === "interrupted" ? Exit.interrupt() : Exit.void

const within = (span: StartedSpan | undefined): Context.Context<never> | undefined =>
  span && Context.make(Tracer.ParentSpan, span.span) as Context.Context<unknown> as Context.Context<never>

/** The observation of a step that is no call of a model. */
class StepObservation implements Observation {
  readonly #begin: () => StartedSpan | undefined
  #span: StartedSpan | undefined
  services: Context.Context<never> | undefined
  readonly read = undefined
  readonly needsOutput = false

  constructor(settings: Settings, step: OpenedStep, fiber: Fiber.Fiber<unknown, unknown>) {
    const start = spanStarter(fiber)
    const conversation = conversationOf(fiber, step.metadata)
    this.#begin = () => start(nameOf(step), "internal", { ...stepAttributes(settings, step), ...conversation })
  }

  begin(): void {
    this.#span = this.#begin()
    this.services = within(this.#span)
  }

  end(ending: Ending): Effect.Effect<void> {
    return Effect.sync(() => {
      const outcome = outcomeOf(ending)
      const failure = ending._tag === "Failed" ? failureOf(ending.cause) : undefined
      this.#span?.add({ "rivulet.outcome": outcome, "error.type": failure?.type })
      this.#span?.end(exitOf(outcome, failure))
    })
  }
}

const nameOf = ({ name, subject, type }: OpenedStep): string =>
  subject?._tag === "Agent" ?
    `invoke_agent ${name}`
    : subject?._tag === "Model" ?
    `model ${subject.model}`
    : type === "tool" ?
    `execute_tool ${name}`
    : name

const stepAttributes = (
  { conventions }: Settings,
  { metadata, name, subject, tags, type }: OpenedStep
): Attributes => ({
  "rivulet.step.type": type,
  "rivulet.step.name": name,
  "rivulet.step.tags": tags.length === 0 ? undefined : [...tags],
  ...(subject?._tag === "Agent" ?
    { ...requestAttributes(conventions, "invoke_agent", undefined, undefined), "gen_ai.agent.name": name } :
    subject?._tag === "Model" ?
    { "rivulet.model": subject.model, "rivulet.provider": subject.provider } :
    type === "tool" ?
    {
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.name": name,
      "gen_ai.tool.type": "function",
      "gen_ai.tool.call.id": stringIn(metadata, "tool_call_id")
    } :
    type === "retriever" ?
    { "gen_ai.operation.name": "retrieval" } :
    undefined)
})

const stringIn = (metadata: Metadata, key: string): string | undefined => {
  const value = metadata[key]
  return typeof value === "string" ? value : undefined
}

/** The conversation is that of the fiber, or the one that the metadata of the run names. */
const conversationOf = (fiber: Fiber.Fiber<unknown, unknown>, metadata: Metadata): Attributes => ({
  "gen_ai.conversation.id": fiber.getRef(ConversationId) ?? stringIn(metadata, "conversation_id") ??
    stringIn(metadata, "session_id") ?? stringIn(metadata, "thread_id")
})

/** The observation of a call of a model, with its retries. */
class ModelCall implements CallObservation {
  readonly #settings: Settings
  readonly #call: OpenedCall
  readonly #clock: Clock.Clock
  readonly #start: () => StartedSpan | undefined
  #span: StartedSpan | undefined
  #started = 0
  #firstAt: number | undefined
  #chunks = 0
  #retries = 0
  #usage: Usage | undefined
  #metadata: Metadata = {}
  #id = ""
  #finish: string | undefined
  services: Context.Context<never> | undefined
  readonly needsOutput = false

  constructor(settings: Settings, call: OpenedCall, fiber: Fiber.Fiber<unknown, unknown>) {
    this.#settings = settings
    this.#call = call
    this.#clock = fiber.getRef(Clock.Clock)
    const start = spanStarter(fiber)
    const { model, operation, provider, streams } = call
    this.#start = () =>
      start(`${operation} ${model}`, "client", {
        ...requestAttributes(settings.conventions, operation, provider, model),
        "gen_ai.request.stream": streams ? true : undefined,
        ...conversationOf(fiber, call.metadata)
      })
  }

  begin(): void {
    this.#started = this.#clock.currentTimeMillisUnsafe()
    this.#span = this.#start()
    this.services = within(this.#span)
  }

  prepared({ options }: Parameters<CallObservation["prepared"]>[0]): void {
    this.#span?.add(optionAttributes(options))
  }

  retry(): Effect.Effect<void> {
    return Effect.sync(() => {
      this.#retries++
    })
  }

  readonly read = (chunks: ReadonlyArray<unknown>): void => {
    this.#firstAt ??= this.#clock.currentTimeMillisUnsafe()
    this.#chunks += chunks.length
    for (const chunk of chunks as ReadonlyArray<AIMessageChunk>) { // those of a model
      if (chunk.usage !== undefined) this.#usage = chunk.usage
      if (chunk.metadata !== undefined) this.#metadata = { ...this.#metadata, ...chunk.metadata }
      if (chunk.finish !== undefined) this.#finish = chunk.finish.reason
      if (this.#id === "") this.#id = chunk.id
    }
  }

  end(ending: Ending): Effect.Effect<void> {
    return Effect.sync(() => {
      const outcome = outcomeOf(ending)
      const failure = ending._tag === "Failed" ? failureOf(ending.cause) : undefined
      const response = failure?.model && responseOf(failure.model)
      const partial: PartialAIMessage | undefined = failure?.model?.partial
      const counts = this.#call.operation === "chat"
      const usage = counts ? partial?.usage ?? this.#usage : undefined
      this.#span?.add({
        "rivulet.outcome": outcome,
        "error.type": failure?.type,
        "gen_ai.response.id": partial?.id || this.#id || undefined,
        "gen_ai.response.model": stringIn(this.#metadata, "model"),
        "gen_ai.response.finish_reasons": failure === undefined
          ? this.#finish === undefined ? undefined : [this.#finish]
          : ["error"],
        ...(usage === undefined ? undefined : usageAttributes(this.#settings.conventions, usage)),
        "gen_ai.response.time_to_first_chunk": this.#firstAt === undefined || !this.#call.streams
          ? undefined
          : (this.#firstAt - this.#started) / 1000,
        "rivulet.chunks": counts ? this.#chunks : undefined,
        "rivulet.retries": this.#retries === 0 ? undefined : this.#retries,
        "rivulet.request.id": response?.requestId ?? stringIn(this.#metadata, "requestId"),
        "http.response.status_code": response?.status
      })
      this.#span?.end(exitOf(outcome, failure))
    })
  }
}
