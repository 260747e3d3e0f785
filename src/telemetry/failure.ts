/**
 * What telemetry tells of a failure. Messages of providers, parsers and tools quote prompts and answers, so none of them
 * is told unless content is recorded: a failure is its type, and of a model's also the provider, the model, the status
 * and the id of the request.
 */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import { ChatModelError } from "../ChatModelError.ts"

/** A failure as telemetry tells it. */
export interface Failure {
  /** The tag of the reason of a model's failure, the tag or the name of any other, or `_OTHER`. */
  readonly type: string
  readonly model: ChatModelError | undefined
  readonly cause: Cause.Cause<unknown>
}

/** The failure of a run. */
export const failureOf = (cause: Cause.Cause<unknown>): Failure => {
  const found = Cause.findErrorOption(cause)
  const error = found._tag === "Some" ? found.value : Cause.squash(cause)
  const model = modelErrorIn(error)
  return { type: model?.reason._tag ?? nameOf(error), model, cause }
}

/** The exit with which a span ends. Unless `verbose`, its error has no message of anybody else and no stack. */
export const spanExit = (failure: Failure, verbose: boolean): Exit.Exit<never, unknown> =>
  verbose ? Exit.failCause(failure.cause) : Exit.fail(new TelemetryError(failure))

/** The status and the id of the request, as the provider told them. */
export const responseOf = ({ metadata, requestId }: ChatModelError) => ({
  status: typeof metadata?.["status"] === "number" ? metadata["status"] : undefined,
  requestId
})

/** An error that quotes nobody. */
class TelemetryError extends Error {
  constructor({ model, type }: Failure) {
    const { requestId, status } = model === undefined ? {} as Partial<ReturnType<typeof responseOf>> : responseOf(model)
    const details = [
      ...(model === undefined ? [] : [`${model.provider}/${model.model}`]),
      ...(status === undefined ? [] : [`status ${status}`]),
      ...(requestId === undefined ? [] : [`request ${requestId}`])
    ]
    super(details.length === 0 ? type : `${type} (${details.join(", ")})`)
    this.name = type
    this.stack = `${type}: ${this.message}`
  }
}

/** The failure of a model, or of an agent or a tool because of one. */
const modelErrorIn = (error: unknown, depth = 0): ChatModelError | undefined => {
  if (error instanceof ChatModelError) return error
  if (depth > 3 || typeof error !== "object" || error === null || !("reason" in error)) return undefined
  return modelErrorIn(error.reason, depth + 1)
}

const nameOf = (error: unknown): string => {
  if (typeof error !== "object" || error === null) return "_OTHER"
  if ("_tag" in error && typeof error._tag === "string") return error._tag
  return error instanceof Error ? error.name : "_OTHER"
}
