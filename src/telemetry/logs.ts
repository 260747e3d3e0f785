/**
 * Logs of calls: a warning for each that finally failed, an info for each retry that waits for more than a second, nothing
 * for a success. No log has content or a message of somebody else.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"
import type { ChatModelError } from "../ChatModelError.ts"
import type { OpenedCall } from "../internal/events/observer.ts"
import { responseOf } from "./failure.ts"
import type { Failure } from "./failure.ts"
import type { StartedSpan } from "./span.ts"

type Called = Pick<OpenedCall, "provider" | "model">

/** The call finally failed. */
export const logFailed = (
  call: Called,
  { model, type }: Failure,
  retries: number,
  partialLength: number | undefined,
  span: StartedSpan | undefined
): Effect.Effect<void> =>
  logged(
    Effect.logWarning(`The call of ${call.provider}/${call.model} failed: ${type}`),
    {
      ...annotationsOf(call, type, model),
      "rivulet.retries": retries,
      "rivulet.partial.length": partialLength
    },
    span
  )

/** The call failed, and is tried again after a while. */
export const logRetry = (
  call: Called,
  error: ChatModelError,
  retry: number,
  delay: Duration.Duration,
  span: StartedSpan | undefined
): Effect.Effect<void> => {
  if (Duration.toMillis(delay) <= 1000) return Effect.void
  const type = error.reason._tag
  return logged(
    Effect.logInfo(`Retrying the call of ${call.provider}/${call.model} in ${Duration.format(delay)}: ${type}`),
    { ...annotationsOf(call, type, error), "rivulet.retry": retry, "rivulet.retry.delay": Duration.toSeconds(delay) },
    span
  )
}

const annotationsOf = ({ model, provider }: Called, type: string, error: ChatModelError | undefined) => {
  const { requestId, status } = error === undefined ? {} as Partial<ReturnType<typeof responseOf>> : responseOf(error)
  return {
    "gen_ai.provider.name": provider,
    "gen_ai.request.model": model,
    "error.type": type,
    "rivulet.request.id": requestId,
    "http.response.status_code": status
  }
}

const logged = (
  log: Effect.Effect<void>,
  annotations: Record<string, unknown>,
  span: StartedSpan | undefined
): Effect.Effect<void> => {
  const known = Object.fromEntries(Object.entries(annotations).filter(([, value]) => value !== undefined))
  const annotated = Effect.annotateLogs(log, known)
  return span === undefined ? annotated : Effect.provideService(annotated, Tracer.ParentSpan, span.span)
}
