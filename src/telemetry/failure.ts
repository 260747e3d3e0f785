/**
 * What telemetry tells of a failure. Messages of providers, parsers and tools quote prompts and answers, so none of them
 * is told unless content is recorded: a failure is its type, and of a model's also the provider, the model, the status
 * and the id of the request.
 */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import { ChatModelError } from "../ChatModelError.ts"
import { recordedText } from "./content.ts"
import type { ContentOptions } from "./content.ts"

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

/** The exit with which a span ends. Its error has no stack, and no message of anybody else unless content is recorded. */
export const spanExit = (failure: Failure, content: ContentOptions | undefined): Exit.Exit<never, unknown> =>
  Exit.fail(new TelemetryError(failure, content))

/** The status and the id of the request, as the provider told them. */
export const responseOf = ({ metadata, requestId }: ChatModelError) => ({
  status: typeof metadata?.["status"] === "number" ? metadata["status"] : undefined,
  requestId
})

/** An error as a span has it. */
class TelemetryError extends Error {
  constructor(failure: Failure, content: ContentOptions | undefined) {
    super(content === undefined ? summaryOf(failure) : recordedText(content, "output", messageOf(failure.cause)))
    this.name = failure.type
    this.stack = `${failure.type}: ${this.message}`
  }
}

const summaryOf = ({ model, type }: Failure): string => {
  if (model === undefined) return type
  const { requestId, status } = responseOf(model)
  const details = [
    `${model.provider}/${model.model}`,
    ...(status === undefined ? [] : [`status ${status}`]),
    ...(requestId === undefined ? [] : [`request ${requestId}`])
  ]
  return `${type} (${details.join(", ")})`
}

const messageOf = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  return error instanceof Error ? error.message : String(error)
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
