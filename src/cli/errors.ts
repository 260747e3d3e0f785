/**
 * The failures of commands, and the line and the exit code of each. app.ts and compare.ts report with it. It prints
 * nothing itself.
 */
import type { ConfigError } from "effect/Config"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ChatModelError } from "../ChatModelError.ts"
import type { Finish } from "../Finish.ts"
import type { ModelRegistryError } from "../ModelRegistry.ts"
import { builtIn } from "../Providers.ts"
import { codeOfReason, declinedCode, failureCode, usageCode } from "./exitCodes.ts"
import type { OutputError } from "./output.ts"

/** The arguments are wrong. The message says how to correct them. */
export class UsageError extends Data.TaggedError("UsageError")<{ readonly message: string }> {}

/** The model declined to answer. */
export class Declined extends Data.TaggedError("Declined")<{ readonly reason: string }> {}

/** Fails if the model declined. An answer that was interrupted has no finish. */
export const failIfDeclined = (finish: Finish | undefined): Effect.Effect<void, Declined> =>
  finish?.reason === "refusal" || finish?.reason === "content_filter"
    ? Effect.fail(new Declined({ reason: finish.raw || finish.reason }))
    : Effect.void

/** Some of the compared models failed, and their failures were printed. */
export class SomeFailed extends Data.TaggedError("SomeFailed")<{ readonly code: number }> {}

/** Any failure of a command. */
export type CommandError =
  | ChatModelError
  | ConfigError
  | Declined
  | ModelRegistryError
  | OutputError
  | SomeFailed
  | UsageError

/** The report of a failure. */
export interface Report {
  /** The line for stderr, if there is one. */
  readonly line: string | undefined
  /** The exit code. */
  readonly code: number
}

/** The report of a failure. */
export const reportOf = (error: CommandError): Report => {
  switch (error._tag) {
    case "UsageError":
      return { line: error.message, code: usageCode }
    case "ModelRegistryError":
      return { line: `${error.message}. List the models with: rivulet models`, code: usageCode }
    case "SomeFailed":
      return { line: undefined, code: error.code }
    case "ConfigError":
      return { line: `An environment variable is invalid: ${error.cause.message}`, code: usageCode }
    case "Declined":
      return { line: `The model declined to answer (${error.reason})`, code: declinedCode }
    case "OutputError":
      // The reader has closed the pipe, as `| head` does. That is not a failure.
      return error.closed
        ? { line: undefined, code: 0 }
        : { line: `Cannot write the output: ${error.message}`, code: failureCode }
    case "ChatModelError":
      return { line: modelFailure(error), code: codeOfReason(error.reason._tag) }
  }
}

const modelFailure = (error: ChatModelError): string => {
  const { reason, requestId } = error
  const kept = error.partial?.content.length ?? 0
  const facts = [
    ...(requestId === undefined ? [] : [`request ${requestId}`]),
    ...(kept === 0 ? [] : [`kept ${kept} characters`])
  ]
  const hint = hintOf(error)
  return `${reason._tag}: ${reason.message}${facts.length === 0 ? "" : ` (${facts.join(", ")})`}${
    hint === undefined ? "" : `. ${hint}`
  }`
}

/** Advice on what to do next, if the message has none. */
const hintOf = (error: ChatModelError): string | undefined => {
  switch (error.reason._tag) {
    case "AuthenticationError": {
      const key = builtIn[error.provider]?.keys?.[0]
      return `Check ${key ?? "the API key"}, or use --model demo, which needs no key`
    }
    case "PermissionError":
    case "NotFoundError":
      return "List the models with: rivulet models"
    case "QuotaExhaustedError":
      return `Add credit${
        billing[error.provider] === undefined ? " with the provider" : ` at ${billing[error.provider]}`
      }`
    case "RateLimitError":
    case "OverloadedError":
      return error.retryAfter === undefined
        ? "Try again later"
        : `Try again in ${Duration.format(error.retryAfter)}`
    case "NetworkError":
      return error.partial === undefined ? connectionHint(error.provider) : "Try again"
    case "TimeoutError":
    case "TruncatedError":
      return "Try again"
    case "ContextLengthError":
      return "Shorten the prompt"
    default:
      return undefined
  }
}

const billing: { readonly [provider: string]: string } = {
  anthropic: "https://console.anthropic.com/settings/billing",
  openai: "https://platform.openai.com/settings/organization/billing"
}

/** Advice after a lost connection. A provider without a key is a server on the user's machine. */
const connectionHint = (provider: string): string => {
  if (provider in billing) return `Check the connection, and ${provider.toUpperCase()}_BASE_URL if it is set`
  return builtIn[provider]?.keys === undefined ? `Is ${provider} running?` : "Check the connection"
}
