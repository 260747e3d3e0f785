/**
 * Takes the secrets out of an exchange by rule: headers, parameters and fields that hold credentials, wherever their values
 * are repeated, and whatever looks like the key of a provider. Used by cassettes and by `--wire` of the command line.
 */
import * as Redacted from "effect/Redacted"
import { isObject } from "../provider/json.ts"
import { scrubber, secretsOf, secretText } from "../provider/settings.ts"
import type { Scrub } from "../provider/settings.ts"
import type { SentRequest } from "./tap.ts"

/** The headers, parameters and texts that an app redacts in addition to the rules. */
export interface RedactOptions {
  /** Names of headers of requests and responses. None by default. */
  readonly headers?: ReadonlyArray<string> | undefined
  /** Names of parameters of URLs. None by default. */
  readonly parameters?: ReadonlyArray<string> | undefined
  /** Texts, and patterns for texts, wherever they are in a request or an answer. None by default. */
  readonly texts?: ReadonlyArray<string | RegExp | Redacted.Redacted<string>> | undefined
}

/** A request without secrets. */
export interface RedactedRequest {
  /** The method, in upper case. */
  readonly method: string
  /** The address. */
  readonly url: string
  /** The headers by lower-case name. */
  readonly headers: { readonly [name: string]: string }
  /** The body, parsed if it is JSON. Absent: there was none. */
  readonly body?: unknown
}

/** The redaction of one exchange, whose secrets are known from its request. */
export interface ExchangeRedaction {
  readonly request: RedactedRequest
  readonly headers: (headers: Headers) => { readonly [name: string]: string }
  readonly text: Scrub
  /** Redacts the reads of a body. A secret may be cut by the end of a read: it is replaced where it starts. */
  readonly reads: (reads: ReadonlyArray<Uint8Array>) => ReadonlyArray<Uint8Array>
}

/** The text in place of a secret. */
export const redacted = "<redacted>"

/** Headers that hold a credential. The limits of tokens end with `tokens`, or have more words after it. */
export const credentialHeader = /(^|[-_])(authorization|cookie|credential|key|password|secret|signature|token)$/i

/** Headers of responses that name the account. */
const accountHeader = /^(anthropic-organization-id|openai-organization|openai-project)$/i

/** Parameters of an address that hold a credential. */
export const credentialParameter = /auth|key|password|secret|^sig|signature|token/i

/** Fields of a request for credentials of others, such as those of an MCP server. */
const credentialField =
  /^((proxy-)?authorization(_token)?|(x-)?api[-_]?key|(access|auth|bearer|refresh)[-_]?token|client[-_]?secret|cookie|password)$/i

/** Keys of providers, and tokens in the form of JWT. */
const keyForms =
  /\b(?:sk|pk|rk|csk)-[\w-]{16,}|\b(?:gsk_|xai-|hf_|pplx-|r8_|fw_|ghp_)\w{16,}|\bAIza[\w-]{30,}|\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{5,}/g

/** A shorter text may be a word that has nothing to do with a secret. */
const leastLength = 8

/** Makes the redaction of each exchange. */
export const redaction = ({ headers = [], parameters = [], texts = [] }: RedactOptions = {}) => {
  const headerNames = new Set(headers.map((name) => name.toLowerCase()))
  const parameterNames = new Set(parameters.map((name) => name.toLowerCase()))
  const isCredential = (name: string) => credentialHeader.test(name) || headerNames.has(name.toLowerCase())
  const isParameter = (name: string) => credentialParameter.test(name) || parameterNames.has(name.toLowerCase())
  const named = texts.flatMap((text) => text instanceof RegExp ? [] : secretText(text) ?? [])
  const patterns = [keyForms, ...texts.flatMap((text) => text instanceof RegExp ? globally(text) : [])]

  return (sent: SentRequest): ExchangeRedaction => {
    const url = new URL(sent.url)
    const body = sent.body === undefined ? undefined : parsed(sent.body)
    const credentials = [...sent.headers].filter(([name]) => isCredential(name))
    const found = [
      ...secretsOf([], Object.fromEntries(credentials.map(([name, text]) => [name, Redacted.make(text)])), undefined),
      ...[...url.searchParams].flatMap(([name, text]) => isParameter(name) ? text : []),
      ...fieldSecrets(body)
    ].filter((text) => text.length >= leastLength)
    const scrub = scrubber([...found, ...named])
    const text = (text: string) => patterns.reduce((text, pattern) => text.replace(pattern, redacted), scrub(text))
    const headersOf = (headers: Headers) =>
      Object.fromEntries(
        [...headers].map(([name, value]) => [
          name,
          isCredential(name) || accountHeader.test(name) ? redacted : text(value)
        ])
      )
    // A copy, as setting one of several parameters of a name removes the others.
    for (const name of new Set(url.searchParams.keys())) if (isParameter(name)) url.searchParams.set(name, "redacted")
    url.username = url.password = ""
    return {
      request: {
        method: sent.method,
        url: text(url.href),
        headers: headersOf(sent.headers),
        ...(body === undefined ? undefined : { body: redactedValue(body, text) })
      },
      headers: headersOf,
      text,
      reads: (reads) => redactedReads(reads, text)
    }
  }
}

const globally = (pattern: RegExp): RegExp => new RegExp(pattern.source, [...new Set(`${pattern.flags}g`)].join(""))

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const fieldSecrets = (value: unknown): ReadonlyArray<string> =>
  Array.isArray(value)
    ? value.flatMap(fieldSecrets)
    : isObject(value)
    ? Object.entries(value).flatMap(([name, field]) =>
      typeof field === "string" && credentialField.test(name) ? field : fieldSecrets(field)
    )
    : []

const redactedValue = (value: unknown, text: Scrub): unknown =>
  typeof value === "string"
    ? text(value)
    : Array.isArray(value)
    ? value.map((item: unknown) => redactedValue(item, text))
    : isObject(value)
    ? Object.fromEntries(
      Object.entries(value).map(([name, field]) => [
        name,
        typeof field === "string" && credentialField.test(name) ? redacted : redactedValue(field, text)
      ])
    )
    : value

const utf8 = new TextEncoder()

/** A secret is at most this long, or it is not found where two reads cut it. */
const longestSecret = 4096

/** Reads without secrets. If a secret spans the end of a read, both reads become one, at the time of the second. */
const redactedReads = (reads: ReadonlyArray<Uint8Array>, text: Scrub): ReadonlyArray<Uint8Array> => {
  const decoder = new TextDecoder()
  const texts = reads.map((read) => decoder.decode(read, { stream: true }))
  const whole = texts.join("") + decoder.decode()
  if (text(whole) === whole) return reads
  let start = 0
  let end = 0
  return texts.map((each, i) => {
    end = i === texts.length - 1 ? whole.length : end + each.length
    const before = whole.slice(Math.max(start, end - longestSecret), end)
    const after = whole.slice(end, end + longestSecret)
    if (text(before) + text(after) !== text(before + after)) return utf8.encode("")
    const clean = text(whole.slice(start, end))
    start = end
    return utf8.encode(clean)
  })
}
