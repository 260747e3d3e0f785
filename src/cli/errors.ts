/**
 * The failures of commands, and the line and the exit code of each. app.ts and compare.ts report with it. It prints
 * nothing itself.
 */
import type { ConfigError } from "effect/Config"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import type { ChatModelError, Reason } from "../ChatModelError.ts"
import type { ModelRegistryError } from "../ModelRegistry.ts"
import { builtIn } from "../Providers.ts"
import { presets } from "../providers/compatible/presets.ts"
import type { Preset } from "../providers/compatible/presets.ts"
import { closestModel } from "./closest.ts"
import { codeOfReason, declinedCode, failureCode, usageCode } from "./exitCodes.ts"
import type { OutputError } from "./output.ts"

/** The arguments are wrong. The message says how to correct them. */
export class UsageError extends Data.TaggedError("UsageError")<{ readonly message: string }> {}

/** The model declined to answer. */
export class Declined extends Data.TaggedError("Declined")<{ readonly reason: string }> {}

/** A failure that has been printed. */
export class Reported extends Data.TaggedError("Reported")<{ readonly code: number }> {}

/** Any failure of a command. */
export type CommandError =
  | ChatModelError
  | ConfigError
  | Declined
  | ModelRegistryError
  | OutputError
  | Reported
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
      return { line: unknownModel(error), code: usageCode }
    case "Reported":
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
      return isBaseUrl(error.reason)
        ? {
          // Behind the semicolon stands what a program can do about it.
          line: `${baseUrlVariable(error.provider)}: ${error.reason.message.replace(/^baseUrl: |;.*/g, "")}`,
          code: usageCode
        }
        : { line: modelFailure(error), code: codeOfReason(error.reason._tag) }
  }
}

/** Whether the address of the provider is wrong. The command line takes it from the environment alone. */
const isBaseUrl = (reason: Reason): boolean => reason._tag === "InvalidRequestError" && reason.field === "baseUrl"

/** The environment variable that holds the address of a provider. */
const baseUrlVariable = (provider: string): string =>
  Object.values<Preset>(presets).find(({ name }) => name === provider)?.baseUrlVariable ??
    `${provider.toUpperCase()}_BASE_URL`

const unknownModel = ({ known, message, model }: ModelRegistryError): string => {
  const meant = modelLike(model, known)
  // The list of all providers says less than the right name.
  const problem = meant === undefined ? message : message.replace(/: say <provider>:<model>\. Known are .*/, "")
  return `${problem}. ${problem.endsWith(`say ${meant}`) ? "" : didYouMean(meant)}${listModels}`
}

const listModels = "List the models with: rivulet models"

/** A known model that may be meant by a name. */
const modelLike = (name: string, providers: ReadonlyArray<string>): string | undefined => {
  const meant = closestModel(name, Object.fromEntries(providers.map((each) => [each, builtIn[each]?.models ?? []])))
  return meant === name ? undefined : meant
}

const didYouMean = (meant: string | undefined): string => meant === undefined ? "" : `Did you mean ${meant}? `

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
    case "NotFoundError":
      return `${didYouMean(modelLike(`${error.provider}:${error.model}`, Object.keys(builtIn)))}${listModels}`
    case "PermissionError":
      return listModels
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
  if (provider in billing) return `Check the connection, and ${baseUrlVariable(provider)} if it is set`
  return builtIn[provider]?.keys === undefined ? `Is ${provider} running?` : "Check the connection"
}
