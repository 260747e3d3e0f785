/**
 * Starts spans as `Effect.makeSpan` does, but at a time and with a parent of our own: the run of a step that reads chunks
 * begins with the first of them, and its parent is the span around the place where it was opened.
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

/** Starts a span in a fiber, now or later. It gives nothing if tracing is off in the fiber. */
export const spanStarter = (
  fiber: Fiber.Fiber<unknown, unknown>
): (name: string, kind: Tracer.SpanKind, attributes: Attributes) => StartedSpan | undefined => {
  if (!fiber.getRef(References.TracerEnabled)) return () => undefined
  const tracer = fiber.getRef(Tracer.Tracer)
  const clock = fiber.getRef(Clock.Clock)
  const timed = fiber.getRef(References.TracerTimingEnabled)
  const parent = propagated(
    Context.getOrUndefined(fiber.context as Context.Context<Tracer.ParentSpan>, Tracer.ParentSpan)
  )
  const now = () => timed ? clock.currentTimeNanosUnsafe() : 0n
  return (name, kind, attributes) => {
    const unsampled = (Option.isSome(parent) && !parent.value.sampled) ||
      LogLevel.isGreaterThan(fiber.getRef(Tracer.MinimumTraceLevel), fiber.getRef(Tracer.CurrentTraceLevel))
    const span = tracer.span({
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
