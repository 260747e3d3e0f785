/**
 * Reads a server's description of an error, in the forms of all APIs: where the error is, its kind, its words, the
 * fields beside them, and the delay before a retry. One reader for all wires, as gateways pass on errors of the API
 * behind them. Called by `errors.ts` and by the decoders, only once something has failed. Must know no wire.
 */
import * as Duration from "effect/Duration"
import type { Metadata } from "../../Message.ts"
import { excerpt } from "../excerpt.ts"
import { isDeeperThan, limitsOf, parseJson } from "../json/limits.ts"
import { fieldInText } from "../model/explain.ts"
import { optional } from "../optional.ts"
import { isObject, numberAt, objectAt, restOf, stringAt } from "./json.ts"
import type { JsonObject } from "./json.ts"
import { generalKindOf, kindOfCode, kindOfMessage, kindOfWords } from "./words.ts"
import type { Kind } from "./words.ts"

/** The contents of an error body. */
export interface ErrorFacts {
  /** Absent: not known. */
  readonly kind?: Kind | undefined
  readonly message?: string | undefined
  /** The provider's own name of the error. */
  readonly type?: string | undefined
  /** The field of the request that is wrong. */
  readonly field?: string | undefined
  /** The delay that the body asks for. */
  readonly retryAfter?: Duration.Duration | undefined
  /** The other fields of the body, such as `requestId`, `code` and the error of the provider behind a router. */
  readonly metadata?: Metadata | undefined
}

// -----------------------------------------------------------------------------
// where an error is
// -----------------------------------------------------------------------------

/** Whether an object has an error in it. */
export const hasError = (object: JsonObject): boolean => {
  const error = object["error"] ?? object["Error"] ?? object["errors"]
  return isObject(error) || Array.isArray(error) ? Object.keys(error).length > 0 : Boolean(error)
}

/** Whether an object is an error: it has one, or calls itself one, or has a code and a message but no answer. */
export const errorIn = (event: JsonObject): boolean => {
  if (hasError(event)) return true
  if ([event["object"], event["type"], event["status"]].includes("error")) return true
  if (event["choices"] !== undefined) return false
  const told = objectAt(event, "base_resp") ?? event
  if (told["success"] === false || typeof told["detail"] === "string" || Array.isArray(told["detail"])) return true
  if (exceptionsIn(told).length > 0) return true
  return textIn(told) !== undefined && (codesIn(told).some(isErrorCode) || fieldsOf(told, wordFields).some(isErrorWord))
}

const isErrorCode = (code: string): boolean => !/^(0|2\d\d|20000|ok|success|succeeded)$/i.test(code)

/** Whether a type, a status or a reason names an error. Answers have such words, too. */
const isErrorWord = (word: string): boolean =>
  kindOfCode(word) !== undefined || generalKindOf(word) !== undefined || /^[1-9]\d*$/.test(word) && isErrorCode(word) ||
  /error|exception|fail|invalid|denied|exceeded|limit|timeout|unavailable/i.test(word)

/** The names of the fields that hold an exception (Amazon Bedrock): `throttlingException`. */
const exceptionsIn = (object: JsonObject): ReadonlyArray<string> =>
  Object.keys(object).filter((name) => /exception$/i.test(name) && isObject(object[name]))

/**
 * The error in a line that is no field of an event stream, or in a frame that is not JSON: `error: ...`, or an object
 * without framing.
 */
export const errorInLine = (line: string): JsonObject | undefined => {
  const text = /^\s*\[?error\]?(?:\s*:)?\s+(\S.*)$/is.exec(line)?.[1] ?? /^error:(\S.*)$/is.exec(line)?.[1]
  const body = parsedObject(text ?? line)
  if (text !== undefined) return body === undefined ? { error: text } : errorIn(body) ? body : { error: body }
  return body !== undefined && errorIn(body) ? body : undefined
}

/** The object that is the body of an error: alone, in a list, or in a frame of an event stream. */
export const bodyIn = (text: string): JsonObject | undefined => {
  const whole = parsedObject(text)
  if (whole !== undefined) return whole
  for (const [, line = ""] of text.matchAll(/^(?:(?:data|error):)?[^\S\n]*([{[].*)$/gm)) {
    const body = parsedObject(line)
    if (body !== undefined) return body
  }
  return undefined
}

const parsedObject = (text: string): JsonObject | undefined => {
  // An error is read by recursion.
  if (!/^\s*[{[]/.test(text) || isDeeperThan(text, limitsOf(undefined).maxDepth)) return undefined
  try {
    const value = parseJson(text)
    const object: unknown = Array.isArray(value) ? value[0] : value
    return isObject(object) ? object : undefined
  } catch {
    return undefined
  }
}

// -----------------------------------------------------------------------------
// what it says
// -----------------------------------------------------------------------------

/** The facts about an error that are not in its body. */
export interface ErrorContext {
  /** The status of the response. Absent for an error inside a 200. */
  readonly status?: number | undefined
  /** The current time, in milliseconds since 1970. */
  readonly now: number
  /** Whether the headers ask for a delay. */
  readonly waits?: boolean | undefined
}

/** Reads an error. */
export const readError = (body: JsonObject, { now, status, waits }: ErrorContext): ErrorFacts => {
  const layers = layersOf(body)
  const codes = layers.flatMap((layer) => [...allCodesIn(layer), ...exceptionsIn(layer)])
  const texts = [...new Set(layers.flatMap((layer) => textIn(layer) ?? []))]
  const error = layers.find((layer) => allCodesIn(layer).length > 0) ?? layers[0] ?? body
  const type = valuesOf(error, ["type", "errortype", "code", "status"]).find((word): word is string =>
    typeof word === "string" && word !== "" && word !== "error"
  )
  const message = texts.length === 0 ? undefined : texts.join(": ")
  const retryAfter = delayIn(layers, texts, now)
  const kind = kindOf(codes, message ?? "", status, retryAfter !== undefined, waits === true)
  return {
    kind,
    type,
    message,
    retryAfter,
    field: stringAt(error, "param") ??
      (kind === "invalid" ? fieldIn(message ?? "") ?? fieldInText((message ?? "").slice(0, maxSentence)) : undefined),
    ...optional("metadata", metadataIn(body))
  }
}

/** The most characters of a message in which a field is looked for. */
const maxSentence = 500

/** Anthropic begins a message with the field: `messages.0.content: ...`. */
const fieldIn = (message: string): string | undefined => /^(?!error)([a-z_]+(?:\.[a-z0-9_]+)*): /.exec(message)?.[1]

const kindOf = (
  codes: ReadonlyArray<string>,
  message: string,
  status: number | undefined,
  asksToWait: boolean,
  waits: boolean
): Kind | undefined => {
  const known = codes.flatMap((code) => kindOfCode(code) ?? [])
  const said = kindOfMessage(message)
  if (known.includes("quota")) return "quota"
  // An account without money names no delay, while a limit for a minute is often told in the words of a quota.
  const code = known.find((kind) => kind === "quota or rate") ?? known[0]
  if (asksToWait && (code === "quota or rate" || code === "rate_limit" || said === "quota or rate")) return "rate_limit"
  if (code === "quota or rate" || said === "quota") return "quota"
  if (code !== undefined) return code
  if (said === "quota or rate") return waits || kindOfWords(message) === "rate_limit" ? "rate_limit" : "quota"
  // A status tells more than a general type: a 404, too, is an `invalid_request_error`.
  const byStatus = kindOfStatus(status ?? codes.map(Number).find(isStatus))
  const general = codes.flatMap((code) => generalKindOf(code) ?? [])[0]
  // Some codes are a status with more digits behind it.
  return said ?? byStatus ?? general ?? kindOfWords(message) ??
    kindOfStatus(codes.map((code) => /^[45]\d{4,5}$/.test(code) ? Number(code.slice(0, 3)) : 0).find(isStatus))
}

const isStatus = (code: number): boolean => code >= 400 && code < 600

/** The kind of error of an HTTP status. */
const kindOfStatus = (status: number | undefined): Kind | undefined => {
  switch (status) {
    case undefined:
      return undefined
    case 401:
      return "authentication"
    case 402:
      return "quota"
    case 403:
      return "permission"
    case 404:
      return "not_found"
    case 408:
    case 504:
      return "timeout"
    case 413:
      return "context_length"
    case 429:
      return "rate_limit"
    case 503:
    case 529:
      return "overloaded"
  }
  return status >= 500 ? "internal" : status >= 400 ? "invalid" : undefined
}

/** The most objects of an error that are looked at. */
const maxLayers = 16

const inner = ["error", "Error", "errors", "detail", "details", "metadata", "base_resp", "fault", "innererror", "data"]

/** The objects of an error from the outside to the inside: of a router, and of the provider behind it. */
const layersOf = (body: JsonObject): ReadonlyArray<JsonObject> => {
  const layers: Array<JsonObject> = [body]
  for (let i = 0; i < layers.length; i++) {
    const layer = layers[i] ?? {}
    const values = [
      ...[...inner, ...exceptionsIn(layer)].flatMap((name) => Array.isArray(layer[name]) ? layer[name] : [layer[name]]),
      ...valuesOf(layer, textFields)
    ]
    for (const value of values) {
      const object = typeof value === "string" ? parsedObject(value) : value
      if (isObject(object) && layers.length < maxLayers) layers.push(object)
    }
  }
  return layers
}

// Names of fields are compared by their letters alone: `error_code`, `errorCode` and `ErrorCode` are one.
const codeFields = ["code", "errorcode", "errcode", "statuscode"]
const wordFields = ["type", "errortype", "status", "reason"]
const textFields = [
  "message",
  "error",
  "err",
  "msg",
  "errormsg",
  "errmsg",
  "errormessage",
  "errordescription",
  "detail",
  "statusmsg",
  "statusmessage",
  "faultstring",
  "raw",
  "title"
]

const bareName = (name: string): string => name.toLowerCase().replace(/[^a-z]/g, "")

/** The texts and numbers in fields of these names, in the order of the names. `error` tells nothing. */
const fieldsOf = (layer: JsonObject, names: ReadonlyArray<string>): ReadonlyArray<string> =>
  valuesOf(layer, names).flatMap((value) =>
    (typeof value !== "string" && typeof value !== "number") || value === "" || value === "error" ? [] : [String(value)]
  )

const valuesOf = (layer: JsonObject, names: ReadonlyArray<string>): ReadonlyArray<JsonObject[string]> => {
  const entries = Object.entries(layer).map(([name, value]) => [bareName(name), value] as const)
  return names.flatMap((name) => entries.filter(([bare]) => bare === name).map(([, value]) => value))
}

const codesIn = (layer: JsonObject): ReadonlyArray<string> => fieldsOf(layer, codeFields)

/** The codes and types of an object, as texts. */
const allCodesIn = (layer: JsonObject): ReadonlyArray<string> => fieldsOf(layer, [...codeFields, ...wordFields])

/** The most characters of a text that are read. */
const maxText = 64 * 1024

/** The sentence of an object. One that is JSON is a layer of its own. */
const textIn = (layer: JsonObject): string | undefined => {
  for (const text of valuesOf(layer, textFields)) {
    if (typeof text === "string" && text !== "" && parsedObject(text) === undefined) return text.slice(0, maxText)
  }
  // FastAPI tells what is wrong with each field.
  const detail = layer["detail"]
  return Array.isArray(detail) ? JSON.stringify(detail).slice(0, maxText) : undefined
}

/** The fields that have no other place: those of the error and, before them, those beside it. */
const metadataIn = (body: JsonObject): Metadata | undefined => {
  const error = objectAt(body, "error") ?? body
  const routed = objectAt(error, "metadata")
  const fields = {
    ...(error === body ? undefined : restOf(body, ["type", "error", "object"])),
    ...restOf(error, ["type", "message", "param", "metadata", "object"]),
    ...routed
  }
  const entries = Object.entries(fields).slice(0, 32).map(([name, value]) => [names.get(name) ?? name, value])
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

/** Names that this library uses in the metadata of an error, and the names that a server's fields have instead. */
const names = new Map([
  ["request_id", "requestId"],
  ["status", "server_status"],
  ["provider", "server_provider"],
  ["warnings", "server_warnings"]
])

// -----------------------------------------------------------------------------
// how long to wait
// -----------------------------------------------------------------------------

const units: ReadonlyArray<readonly [RegExp, number]> = [
  [/^(ms|millis)/i, 1],
  [/^s/i, 1000],
  [/^m/i, 60_000],
  [/^h/i, 3_600_000],
  [/^d/i, 86_400_000]
]

const oneTime =
  "(\\d+(?:\\.\\d+)?)\\s*(ms|millis(?:econds?)?|s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|days?|d)(?![a-z])"

/** `34.4s`, `1m2.5s`, `20 seconds`, `1 hour and 5 minutes`, at the start of a text. */
const timeAtStart = new RegExp(`^\\s*${oneTime}(?:[\\s,]*(?:and\\s+)?${oneTime}){0,3}`, "i")

const millisOf = (text: string): number | undefined => {
  const found = timeAtStart.exec(text)?.[0]
  if (found === undefined) return undefined
  let millis = 0
  for (const [, number = "", unit = ""] of found.matchAll(new RegExp(oneTime, "gi"))) {
    millis += Number(number) * (units.find(([pattern]) => pattern.test(unit))?.[1] ?? 0)
  }
  return millis
}

/** A delay, or the time of its end, in a header or a field: `34.4s`, a number of seconds, a date. */
export const delayOf = (value: string, now: number): Duration.Duration | undefined => {
  const text = value.trim()
  if (text === "") return undefined
  const number = Number(text)
  if (number < 1e9) return number >= 0 ? Duration.seconds(number) : undefined
  const millis = millisOf(text)
  if (millis !== undefined) return Duration.millis(millis)
  // A time is written as a date, or in seconds or milliseconds since 1970.
  const date = Number.isFinite(number) ? number < 1e12 ? number * 1000 : number : Date.parse(text)
  return Number.isNaN(date) ? undefined : Duration.millis(Math.max(0, date - now))
}

/** The delay until the last window of a rate limit ends in which nothing is left: `x-ratelimit-reset-tokens: 1m2s`. */
export const windowOf = (headers: JsonObject, now: number): Duration.Duration | undefined => {
  const lower = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]))
  return [...lower].flatMap(([name, left]) =>
    name.includes("ratelimit") && name.includes("remaining") && Number(left) === 0
      ? delayOf(lower.get(name.replace("remaining", "reset")) ?? "", now) ?? []
      : []
  ).toSorted(Duration.Order).at(-1)
}

/** The delay in a sentence: `Please try again in 1m2.5s.` */
const delayInText = (text: string): Duration.Duration | undefined => {
  for (const match of excerpt(text, 2000).matchAll(/\b(?:retry|try|again|wait|available|resets?)\b[^\d.;!?]{0,40}/gi)) {
    const millis = millisOf(text.slice(match.index + match[0].length))
    if (millis !== undefined) return Duration.millis(millis)
  }
  return undefined
}

/** The delay in the fields of an error, or else in its sentences. */
const delayIn = (
  layers: ReadonlyArray<JsonObject>,
  texts: ReadonlyArray<string>,
  now: number
): Duration.Duration | undefined => {
  for (const layer of layers) {
    const headers = objectAt(layer, "headers") ?? {}
    for (const [name, value] of [...Object.entries(layer), ...Object.entries(headers)]) {
      const word = name.toLowerCase().replace(/[^a-z]/g, "")
      const [, unit] = /^x?(?:retryafter|retrydelay|retryin|resetsin)(ms|millis.*|s|seconds)?$/.exec(word) ?? ["", null]
      if (unit === null || (typeof value !== "number" && typeof value !== "string" && !isObject(value))) continue
      // Protocol Buffers write a duration as an object too.
      const seconds = isObject(value) ? numberAt(value, "seconds") ?? Number(stringAt(value, "seconds") ?? NaN) : value
      const delay = delayOf(String(seconds), now)
      if (delay === undefined) continue
      return unit?.startsWith("m") === true ? Duration.millis(Duration.toSeconds(delay)) : delay
    }
  }
  return texts.map(delayInText).find((delay) => delay !== undefined) ??
    layers.map((layer) => windowOf(objectAt(layer, "headers") ?? {}, now)).find((delay) => delay !== undefined)
}
