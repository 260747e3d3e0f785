import type { Reason } from "../ChatModelError.ts"

/** One way for the process to end, and the reasons of a `ChatModelError` that make it end so. */
interface ExitCode {
  readonly code: number
  readonly meaning: string
  readonly reasons: ReadonlyArray<Reason["_tag"]>
}

/** Every code the command line exits with. A reason that is not listed is a 1. */
export const exitCodes: ReadonlyArray<ExitCode> = [
  { code: 0, meaning: "all went well, also when --take or a closed pipe broke the answer off", reasons: [] },
  {
    code: 1,
    meaning: "the model failed, or the output could not be written",
    reasons: ["InternalProviderError", "MalformedResponseError", "UnknownError"]
  },
  { code: 2, meaning: "wrong usage: a flag, a model name, a setting, or no prompt", reasons: [] },
  {
    code: 3,
    meaning: "no access: the API key, its permissions, or the account's credit",
    reasons: ["AuthenticationError", "PermissionError", "QuotaExhaustedError"]
  },
  { code: 4, meaning: "too busy: rate limit or overload", reasons: ["RateLimitError", "OverloadedError"] },
  {
    code: 5,
    meaning: "the network: no connection, too slow, or cut off in the middle",
    reasons: ["NetworkError", "TimeoutError", "TruncatedError"]
  },
  {
    code: 6,
    meaning: "the request was turned down: invalid, too long, not found, unsupported, or against a policy",
    reasons: ["InvalidRequestError", "ContextLengthError", "NotFoundError", "UnsupportedError", "ContentPolicyError"]
  },
  { code: 130, meaning: "interrupted (Ctrl-C)", reasons: [] },
  { code: 143, meaning: "terminated (SIGTERM)", reasons: [] }
]

/** Wrong usage. */
export const usageCode = 2

/** What happened that has no better code. */
export const failureCode = 1

/** The model ended its answer by declining, which is no failure of the stream. */
export const declinedCode = 6

/** The codes of the signals that are handled. */
export const signalCodes = { SIGINT: 130, SIGTERM: 143 } as const

/** The code for a model's failure. */
export const codeOfReason = (reason: Reason["_tag"]): number =>
  exitCodes.find(({ reasons }) => reasons.includes(reason))?.code ?? failureCode
