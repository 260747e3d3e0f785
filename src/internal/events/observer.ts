/**
 * The hook for telemetry: an observer is told of every step that opens and of every call of a model. The core only calls
 * it; `rivulet/Telemetry` provides one. Types only: the reference is in currentRun.ts. The core must import no tracer, so
 * that no bundle of it has one.
 */
import type * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { CallOptions } from "../../CallOptions.ts"
import type { ChatModelError } from "../../ChatModelError.ts"
import type { Message, Metadata } from "../../Message.ts"
import type { RunType } from "../../RunEvent.ts"

/** The facts about a step that telemetry has besides its type and its name. */
export type StepSubject =
  | {
    readonly _tag: "Model"
    readonly provider: string
    readonly model: string
    /** A wrapper made the model: the calls of the models inside it are told apart from its own. */
    readonly wrapped: boolean
  }
  | { readonly _tag: "Agent" }

/** A run of a step that opens. */
export interface OpenedStep {
  readonly type: RunType
  readonly name: string
  readonly tags: ReadonlyArray<string>
  readonly metadata: Metadata
  readonly subject: StepSubject | undefined
  /** The input, if it is complete when the run opens. */
  readonly input: { readonly value: unknown } | undefined
  /** No run is around this one. */
  readonly root: boolean
}

/** A call of a model that opens: one request, with its retries. */
export interface OpenedCall {
  readonly provider: string
  readonly model: string
  /** The address of the server, if it is known. */
  readonly baseUrl: string | undefined
  /** Counting tokens is a call, too, but gives no answer. */
  readonly operation: "chat" | "count_tokens"
  /** Whether the adapter streams the answer. */
  readonly streams: boolean
  /** The metadata of the run that the call belongs to, if somebody watches or observes it. */
  readonly metadata: Metadata
}

/** The request of a call, checked and fitted to its model. */
export interface SentRequest {
  readonly messages: ReadonlyArray<Message>
  readonly options: CallOptions
}

/** How a run ended. */
export type Ending =
  | {
    readonly _tag: "Completed"
    /** The output, if the observation asks for it. */
    readonly output: unknown
  }
  | {
    readonly _tag: "Failed"
    readonly cause: Cause.Cause<unknown>
    /** The output so far, if the observation asks for it. */
    readonly partial: unknown
  }
  | {
    readonly _tag: "Left"
    /** How the scope of the run was closed. */
    readonly exit: Exit.Exit<unknown, unknown>
    /** The output so far, if the observation asks for it. */
    readonly partial: unknown
  }

/** The observation of one run, which has begun. All functions are called in order, in the fibers that run it. */
export interface Observation {
  /** Services for what runs inside. */
  readonly services: Context.Context<never> | undefined
  /** The chunks of one read have come. It may do nothing for each chunk that costs more than a comparison. */
  readonly read: ((chunks: ReadonlyArray<unknown>) => void) | undefined
  /** Whether `end` needs the output. If so, the chunks are folded. */
  readonly needsOutput: boolean
  /** The run is over. Runs once. It must not fail. */
  readonly end: (ending: Ending) => Effect.Effect<void>
}

/** The observation of one call of a model. */
export interface CallObservation extends Observation {
  /** The request is ready to be sent. */
  readonly prepared: (request: SentRequest) => void
  /** A failed attempt is followed by another one after this delay. */
  readonly retry: (error: ChatModelError, retry: number, delay: Duration.Duration) => Effect.Effect<void>
}

/** The observation of one attempt at a step, which another one may follow. One of its effects runs, once. */
export interface AttemptObservation {
  /** Services for the attempt. */
  readonly services: Context.Context<never>
  /** The attempt is the run, or has failed and nothing follows. */
  readonly kept: Effect.Effect<void>
  /** The attempt has failed, and another one follows. */
  readonly replaced: Effect.Effect<void>
}

/** Observes runs. Its functions must not throw. */
export interface Observer {
  /** A run opens in this fiber. Undefined: it is not observed. */
  readonly step: (step: OpenedStep, fiber: Fiber.Fiber<unknown, unknown>) => Observation | undefined
  /** A call of a model opens in this fiber. */
  readonly call: (call: OpenedCall, fiber: Fiber.Fiber<unknown, unknown>) => CallObservation
  /** An attempt at a step opens in this fiber. */
  readonly attempt: (fiber: Fiber.Fiber<unknown, unknown>) => AttemptObservation
  /** Moves what runs with other services back to where these services are in the trace. */
  readonly placeOf: (
    services: Context.Context<never>
  ) => (inside: Context.Context<never>) => Context.Context<never>
}
