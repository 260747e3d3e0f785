/**
 * The exit codes of the command line. errors.ts and app.ts exit with them, and help.ts prints them. It must import no
 * effect.
 */
import type { Reason } from "../ChatModelError.ts"

/** An exit code. */
interface ExitCode {
  readonly code: number
  /** The description for `--help`. */
  readonly meaning: string
  /** The reasons of a `ChatModelError` with this code. */
  readonly reasons: ReadonlyArray<Reason["_tag"]>
}

/** Every exit code of the command line. A reason that is not listed has the code 1. */
export const exitCodes: ReadonlyArray<ExitCode> = [
  { code: 0, meaning: "success, including an answer ended by --take or a closed pipe", reasons: [] },
  {
    code: 1,
    meaning: "failure of the model, or of writing the output",
    reasons: ["InternalProviderError", "MalformedResponseError", "UnknownError"]
  },
  { code: 2, meaning: "wrong usage: a flag, a model name, an environment variable, or an empty prompt", reasons: [] },
  {
    code: 3,
    meaning: "no access: the API key, its permissions, or the credit of the account",
    reasons: ["AuthenticationError", "PermissionError", "QuotaExhaustedError", "BudgetExceededError"]
  },
  { code: 4, meaning: "too busy: rate limit or overload", reasons: ["RateLimitError", "OverloadedError"] },
  {
    code: 5,
    meaning: "network failure: no connection, a timeout, or a truncated answer",
    reasons: ["NetworkError", "TimeoutError", "TruncatedError"]
  },
  {
    code: 6,
    meaning: "refusal of the request: invalid, too long, not found, unsupported, or against a policy",
    reasons: ["InvalidRequestError", "ContextLengthError", "NotFoundError", "UnsupportedError", "ContentPolicyError"]
  },
  { code: 7, meaning: "an answer cut by a token limit, with --fail-on-length", reasons: [] },
  { code: 130, meaning: "interrupted (Ctrl-C)", reasons: [] },
  { code: 143, meaning: "terminated (SIGTERM)", reasons: [] }
]

/** The code for wrong usage. */
export const usageCode = 2

/** The code for a failure without a code of its own. */
export const failureCode = 1

/** The code for an answer with which the model declined. Its stream succeeds. */
export const declinedCode = 6

/** The code for an answer cut by a token limit, if that is a failure. */
export const lengthCode = 7

/** The codes for the signals that are handled. */
export const signalCodes = { SIGINT: 130, SIGTERM: 143 } as const

/** The code for a reason of a `ChatModelError`. */
export const codeOfReason = (reason: Reason["_tag"]): number =>
  exitCodes.find(({ reasons }) => reasons.includes(reason))?.code ?? failureCode
