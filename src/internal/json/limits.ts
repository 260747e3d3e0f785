/**
 * The limits on JSON that a model writes: its depth, its length, and numbers that JavaScript cannot hold. The accumulator
 * of messages and the wires use what needs no reader, so this file must not import the readers.
 */
import * as Equal from "effect/Equal"
import type { Json } from "effect/Schema"
import { checkedNumber } from "../defects.ts"
import { isObject } from "./object.ts"

/** The limits on a text that is read. */
export interface Limits {
  /** The deepest nesting of objects and arrays. */
  readonly maxDepth: number
  /** The greatest length, in UTF-16 code units. */
  readonly maxLength: number
}

/** The limits of these options. The defaults are 512 levels and 16,777,216 code units. */
export const limitsOf = (
  options: { readonly maxDepth?: number | undefined; readonly maxLength?: number | undefined } | undefined
): Limits => ({
  maxDepth: checkedNumber("maxDepth", options?.maxDepth ?? 512, 0),
  maxLength: checkedNumber("maxLength", options?.maxLength ?? 16_777_216, 0)
})

/**
 * Whether a JSON text nests objects and arrays deeper than `most`. Code that walks a value recursively would run out of
 * stack on such a text. Linear in the text.
 */
export const isDeeperThan = (text: string, most: number): boolean => {
  if (text.length <= most) return false
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22:
        at = endOfString(text, at)
        break
      case 0x5b:
      case 0x7b:
        if (++depth > most) return true
        break
      case 0x5d:
      case 0x7d:
        depth--
    }
  }
  return false
}

/** The position of the closing quote of the string that opens at `from`. */
const endOfString = (text: string, from: number): number => {
  let at = from + 1
  while (at < text.length && text.charCodeAt(at) !== 0x22) at += text.charCodeAt(at) === 0x5c ? 2 : 1
  return at
}

// -----------------------------------------------------------------------------
// numbers
// -----------------------------------------------------------------------------

/** A longer integer is as good as infinite: the cost of converting one grows faster than its length. */
const longestInteger = 1000

/** The integer that a number of JSON is, if a double cannot hold it; otherwise `undefined`. */
export const bigIntOf = (text: string, number: number): bigint | undefined => {
  if (Math.abs(number) <= Number.MAX_SAFE_INTEGER || text.length > longestInteger || !/^-?\d+$/.test(text)) {
    return undefined
  }
  const exact = BigInt(text)
  return Number.isFinite(number) && BigInt(number) === exact ? undefined : exact
}

/** A number of JSON. One that a double cannot hold, such as `1e400`, is null, as `JSON.stringify` writes it. */
export const finite = (number: number): number | null => Number.isFinite(number) ? number : null

/** Only a JSON text in which this is found can have numbers that a double cannot hold. */
const long = /\d{16}|[eE]\+?\d{3}/
const stringsAndNumbers = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g

/** Whether a string or number of JSON is a number that a double cannot hold. */
const isLost = (token: string): boolean =>
  !token.startsWith("\"") && (bigIntOf(token, Number(token)) !== undefined || !Number.isFinite(Number(token)))

/**
 * The value of a JSON text. A number that a double cannot hold (`1e400`) is null, as JSON.parse would make it infinite,
 * which is no JSON value. Throws what JSON.parse throws, and RangeError on such a number at the bottom of a deep text.
 */
export const parseJson = (text: string): unknown => {
  const value: unknown = JSON.parse(text)
  return mayOverflow(text) ? JSON.parse(text, (_, item: unknown) => isInfinite(item) ? null : item) : value
}

/**
 * Whether a text has a number with an exponent of three digits, or of two hundred digits. Runs for every frame, so a search
 * that costs little comes first. It also finds parts of ids, which are strings.
 */
const mayOverflow = (text: string): boolean =>
  (/\d[eE]\+?\d{3}/.test(text) && /(?:^|[[:,\s])-?\d+(?:\.\d+)?[eE]\+?\d{3}/.test(text)) || /\d{200}/.test(text)

const isInfinite = (value: unknown): boolean => typeof value === "number" && !Number.isFinite(value)

/** Whether a double cannot hold some number of a JSON text: an integer would be rounded, or it is too large. */
export const losesNumbers = (text: string): boolean =>
  long.test(text) && (text.match(stringsAndNumbers) ?? []).some(isLost)

/** Parses a JSON text. Integers that a double cannot hold are bigints. */
export const parseExact = (text: string): unknown => {
  if (!losesNumbers(text)) return JSON.parse(text)
  // No key of the text is longer.
  const longest = (text.match(/#+/g) ?? []).reduce((most, run) => Math.max(most, run.length), 0)
  const key = "#".repeat(longest + 1)
  const marked = text.replace(stringsAndNumbers, (token) => isLost(token) ? `{"${key}":"${token}"}` : token)
  return JSON.parse(marked, (_, value: unknown) => {
    const token = isObject(value) && Object.hasOwn(value, key) ? String(value[key]) : undefined
    return token === undefined ? value : bigIntOf(token, Number(token)) ?? null
  })
}

/** A JSON text. Bigints become integers. */
export const stringifyExact = (value: unknown): string => {
  try {
    return JSON.stringify(value)
  } catch {
    // JSON.stringify refuses bigints, which are rare.
    return write(value) ?? "null"
  }
}

const write = (value: unknown): string | undefined => {
  if (typeof value === "bigint") return String(value)
  if (Array.isArray(value)) return `[${value.map((each) => write(each) ?? "null").join(",")}]`
  if (!isObject(value)) return JSON.stringify(value)
  const entries = Object.entries(value).flatMap(([key, each]) => {
    const text = write(each)
    return text === undefined ? [] : [`${JSON.stringify(key)}:${text}`]
  })
  return `{${entries.join(",")}}`
}

/** The arguments of a call, and their text if they could not hold all numbers of it. */
interface Arguments {
  readonly args: Json
  readonly text?: string | undefined
}

/** The JSON text of a call's arguments, as the model wrote it unless the app has changed them since. */
export const argsText = ({ args, text }: Arguments): string =>
  text !== undefined && Equal.equals(parseJson(text), args) ? text : JSON.stringify(args)

/** The arguments of a call. Integers that a double cannot hold are bigints. */
export const exactArgs = (call: Arguments): unknown => call.text === undefined ? call.args : parseExact(argsText(call))

/** The bigints in a value. */
export const bigintsIn = (value: unknown): ReadonlyArray<bigint> =>
  typeof value === "bigint"
    ? [value]
    : typeof value === "object" && value !== null
    ? Object.values(value).flatMap(bigintsIn)
    : []

/** Says why an integer is no number. */
export const integerTooLong = (integer: bigint): string =>
  `The integer ${integer} is too long: a number holds integers up to 2^53 exactly`
