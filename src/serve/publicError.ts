/**
 * The errors that clients see: a status and a fixed sentence. Nothing of an error's own text gets here: it may hold a
 * prompt, a key, or the words of a provider. The server and the wires make them.
 */
import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import type { CallOptions } from "../CallOptions.ts"
import { ChatModelError } from "../ChatModelError.ts"
import type { Reason } from "../ChatModelError.ts"
import { optional } from "../internal/optional.ts"
import { RunnableTimeoutError } from "../internal/runnable/timeout.ts"

/** The kind of an error. A wire has a word for each. */
export type Kind =
  | "invalid"
  | "unsupported"
  | "unauthorized"
  | "forbidden"
  | "not_found"
  | "method"
  | "too_large"
  | "context_length"
  | "content_policy"
  | "rate_limit"
  | "budget"
  | "upstream"
  | "overloaded"
  | "timeout"
  | "stopping"
  | "internal"
  | "other"

/** An error as a client sees it. */
export class PublicError {
  readonly _tag = "PublicError"
  readonly kind: Kind
  readonly status: number
  readonly message: string
  /** The field of the request that is wrong, as the wire spells it. */
  readonly field: string | undefined
  /** The option of a call that is wrong, by its name in `CallOptions`. */
  readonly option: keyof CallOptions | undefined
  /** The delay after which a retry may succeed. */
  readonly retryAfter: Duration.Duration | undefined
  /** A code of the app's own. */
  readonly code: string | undefined

  constructor(fields: {
    readonly kind: Kind
    readonly status: number
    readonly message: string
    readonly field?: string | undefined
    readonly option?: keyof CallOptions | undefined
    readonly retryAfter?: Duration.Duration | undefined
    readonly code?: string | undefined
  }) {
    this.kind = fields.kind
    this.status = fields.status
    this.message = fields.message
    this.field = fields.field
    this.option = fields.option
    this.retryAfter = fields.retryAfter
    this.code = fields.code
  }
}

/** Whether a value is an error for the client. */
export const isPublicError = (value: unknown): value is PublicError => value instanceof PublicError

/** The error of a request that is wrong at this field. `problem` completes the sentence "The field ...". */
export const invalid = (field: string, problem: string): PublicError =>
  new PublicError({ kind: "invalid", status: 400, field, message: `${field}: ${problem}` })

/** The error of a request that asks for something that this server cannot do. */
export const unsupported = (field: string, problem: string): PublicError =>
  new PublicError({ kind: "unsupported", status: 400, field, message: `${field}: ${problem}` })

/** The error of a server that stops. */
export const stopping = new PublicError({ kind: "stopping", status: 503, message: "The server is stopping." })

/** The error of a defect or of a failure that the server has no sentence for. The id is also in the server's log. */
export const internal = (id: string): PublicError =>
  new PublicError({ kind: "internal", status: 500, message: `Internal error (${id}).` })

const upstream = { kind: "upstream", status: 502, message: "The model behind this server failed." } as const
/** A wrong key or an empty account is the server's: a status of its own would send the client looking for its key. */
const misconfigured = {
  kind: "upstream",
  status: 502,
  message: "The server was turned down by the model behind it."
} as const

const sentences: { readonly [Tag in Reason["_tag"]]: Pick<PublicError, "kind" | "status" | "message"> } = {
  AuthenticationError: misconfigured,
  PermissionError: misconfigured,
  QuotaExhaustedError: misconfigured,
  NotFoundError: misconfigured,
  InvalidRequestError: { kind: "invalid", status: 400, message: "The request was turned down as invalid." },
  ContextLengthError: {
    kind: "context_length",
    status: 400,
    message: "The conversation is too long for the model."
  },
  RateLimitError: { kind: "rate_limit", status: 429, message: "Too many requests. Try again later." },
  ContentPolicyError: {
    kind: "content_policy",
    status: 400,
    message: "The request or the answer was blocked because of its content."
  },
  OverloadedError: { kind: "overloaded", status: 503, message: "The model behind this server is overloaded." },
  InternalProviderError: upstream,
  NetworkError: { kind: "upstream", status: 502, message: "The connection to the model behind this server was lost." },
  TimeoutError: { kind: "timeout", status: 504, message: "The model behind this server took too long." },
  TruncatedError: { kind: "upstream", status: 502, message: "The answer of the model behind this server broke off." },
  MalformedResponseError: upstream,
  UnsupportedError: {
    kind: "unsupported",
    status: 400,
    message: "The model behind this server does not support a part of the request."
  },
  BudgetExceededError: { kind: "budget", status: 429, message: "The budget is used up." },
  UnknownError: upstream
}

/** The error of a run for its client. */
export const publicErrorOf = (
  cause: Cause.Cause<unknown>,
  id: string,
  own: ((error: unknown) => PublicError | undefined) | undefined
): PublicError => {
  for (const reason of cause.reasons) {
    if (reason._tag !== "Fail") continue
    const { error } = reason
    if (isPublicError(error)) return error
    const known = own?.(error) ?? ofModel(error)
    if (known !== undefined) return known
  }
  return internal(id)
}

/** The options that a client can give. A field may be the word of a provider, so no other is told. */
const options: ReadonlyArray<keyof CallOptions> = [
  "maxTokens",
  "temperature",
  "topP",
  "topK",
  "stopSequences",
  "tools",
  "toolChoice",
  "parallelToolCalls",
  "reasoning",
  "responseFormat"
]

const optionOf = (field: string | undefined): keyof CallOptions | undefined => {
  const name = /^\w+/.exec(field ?? "")?.[0]
  return options.find((option) => option === name)
}

const ofModel = (error: unknown): PublicError | undefined => {
  if (error instanceof ChatModelError) {
    const { reason, retryAfter } = error
    const wait = reason._tag === "BudgetExceededError" ? reason.resetAfter : retryAfter
    const option = "field" in reason ? optionOf(reason.field) : undefined
    return new PublicError({
      ...sentences[reason._tag],
      ...optional("retryAfter", wait),
      ...optional("option", option)
    })
  }
  return error instanceof RunnableTimeoutError
    ? new PublicError({ kind: "timeout", status: 504, message: "The run took too long." })
    : undefined
}

/** The part of a failure that a log may have: its class, never its text. */
export const describe = (cause: Cause.Cause<unknown>): string => {
  const [first] = cause.reasons
  if (first === undefined || first._tag === "Interrupt") return "interrupted"
  const error: unknown = first._tag === "Fail" ? first.error : first.defect
  if (error instanceof ChatModelError) return `ChatModelError ${error.reason._tag} of ${error.provider}/${error.model}`
  const name = error instanceof Error ? error.constructor.name : typeof error
  return `${first._tag === "Fail" ? "failure" : "defect"} ${name}`
}

/** The headers of an error: a client must not repeat a call whose retries the server has used up. */
export const errorHeaders = ({ retryAfter }: PublicError, ofRun: boolean): { readonly [name: string]: string } => ({
  ...(retryAfter === undefined ? undefined : {
    "retry-after": String(Math.max(1, Math.ceil(Duration.toSeconds(retryAfter))))
  }),
  ...(ofRun ? { "x-should-retry": "false" } : undefined)
})
