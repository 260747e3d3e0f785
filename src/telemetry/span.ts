/**
 * Starts spans as `Effect.makeSpan` does, but in the place where a run is opened and without an effect, and ends them once.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import type { Attributes } from "./conventions.ts"

/** A span that was started here. */
export interface StartedSpan {
  readonly span: Tracer.Span
  /** Adds the attributes that are not undefined. */
  readonly add: (attributes: Attributes) => void
  readonly end: (exit: Exit.Exit<unknown, unknown>) => void
}

/** Starts a span in a fiber. It gives nothing if tracing is off there. */
export const startSpan = (
  fiber: Fiber.Fiber<unknown, unknown>,
  name: string,
  kind: Tracer.SpanKind,
  attributes: Attributes
): StartedSpan | undefined => {
  if (!fiber.getRef(References.TracerEnabled)) return undefined
  const clock = fiber.getRef(Clock.Clock)
  const timed = fiber.getRef(References.TracerTimingEnabled)
  const now = () => timed ? clock.currentTimeNanosUnsafe() : 0n
  const parent = propagated(
    Context.getOrUndefined(fiber.context as Context.Context<Tracer.ParentSpan>, Tracer.ParentSpan)
  )
  const unsampled = (Option.isSome(parent) && !parent.value.sampled) ||
    LogLevel.isGreaterThan(fiber.getRef(Tracer.MinimumTraceLevel), fiber.getRef(Tracer.CurrentTraceLevel))
  const span = fiber.getRef(Tracer.Tracer).span({
    name,
    parent,
    annotations: Context.empty(),
    links: fiber.getRef(References.TracerSpanLinks).slice(),
    startTime: now(),
    kind,
    root: false,
    sampled: !unsampled
  })
  const add = (attributes: Attributes) => {
    for (const key in attributes) {
      if (attributes[key] !== undefined) span.attribute(key, attributes[key])
    }
  }
  add(fiber.getRef(References.TracerSpanAnnotations))
  add(attributes)
  return {
    span,
    add,
    end: (exit) => {
      if (span.status._tag !== "Ended") span.end(now(), exit)
    }
  }
}

/** The next span around that is part of the trace. */
const propagated = (span: Tracer.AnySpan | undefined): Option.Option<Tracer.AnySpan> =>
  span === undefined
    ? Option.none()
    : !Context.get(span.annotations, Tracer.DisablePropagation)
    ? Option.some(span)
    : span._tag === "Span"
    ? propagated(Option.getOrUndefined(span.parent))
    : Option.none()
