/**
 * Reading JSON whose shape is not known: a field is read by the type that is expected of it, and is undefined
 * otherwise. Used by every decoder and encoder of `src/providers`, in place of Schema, which costs too much for each
 * token. Imports no module of this library.
 */
import * as Equal from "effect/Equal"
import type * as Schema from "effect/Schema"

/** A JSON object whose fields are not known yet. */
export interface JsonObject {
  readonly [key: string]: Schema.Json
}

/** Whether a value is an object, and neither null nor an array. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The object in a field. */
export const objectAt = (object: JsonObject, key: string): JsonObject | undefined => {
  const value = object[key]
  return isObject(value) ? value : undefined
}

/** The string in a field. */
export const stringAt = (object: JsonObject, key: string): string | undefined => {
  const value = object[key]
  return typeof value === "string" ? value : undefined
}

/** The number in a field. All numbers of the protocols are counts, positions and statuses, so a larger one is none. */
export const numberAt = (object: JsonObject, key: string): number | undefined => {
  const value = object[key]
  return typeof value === "number" && Math.abs(value) <= Number.MAX_SAFE_INTEGER ? value : undefined
}

/** The fields of an object except those in `named` and those that are null; undefined if none are left. */
export const restOf = (object: JsonObject, named: ReadonlyArray<string>): JsonObject | undefined => {
  let rest: JsonObject | undefined
  for (const key of Object.keys(object)) {
    const value = object[key]
    if (value === undefined || value === null || named.includes(key)) continue
    rest ??= {}
    define(rest, key, value)
  }
  return rest
}

/** The fields that are not in `named` and neither null nor empty; undefined if there are none. */
export const meaningful = (object: JsonObject, named: ReadonlyArray<string>): JsonObject | undefined => {
  const rest = Object.entries(restOf(object, named) ?? {}).filter(([, value]) => !isEmpty(value))
  return rest.length === 0 ? undefined : Object.fromEntries(rest)
}

const isEmpty = (value: unknown): boolean =>
  value === "" || (typeof value === "object" && value !== null && Object.keys(value).length === 0)

/**
 * Whether fields without a name here may be part of an answer. Numbers, switches and short facts, such as a cost or a
 * status, are not.
 */
export const mayBeContent = (fields: JsonObject): boolean =>
  Object.entries(fields).some(([name, value]) =>
    (typeof value === "object" && !isEmpty(value)) ||
    (typeof value === "string" && contentName.test(name) && !/id$/i.test(name))
  )

const contentName =
  /text|content|delta|message|output|token|answer|response|completion|data|reason|think|body|part|item|result/i

/**
 * Adds the fields of another object that are not null to one that the caller owns, and gives it. A copy for each of many
 * events would make a stream quadratic.
 */
export const addFields = (owned: JsonObject | undefined, fields: JsonObject): JsonObject => {
  const all = owned ?? {}
  for (const key of Object.keys(fields)) {
    const value = fields[key]
    if (value !== undefined && value !== null) define(all, key, value)
  }
  return all
}

/** An assignment to a field named __proto__ would change the prototype. */
const define = (object: JsonObject, key: string, value: Schema.Json): void => {
  Object.defineProperty(object, key, { value, configurable: true, enumerable: true, writable: true })
}

/** Whether a text is JSON. */
export const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/**
 * The arguments of a call while their slices arrive. Some servers send them once more as a whole. The cost of a slice
 * does not depend on what came before it.
 */
export class ArgumentSlices {
  /** The arguments so far. */
  text = ""
  /** What came after arguments that were complete. */
  #again = ""
  #closed = false
  /** How many more times the arguments may be looked at as a whole. */
  #attemptsLeft = 4

  /** Adds a slice. Gives what is new. */
  push(slice: string): string {
    if (slice === "") return ""
    if (this.#again !== "" || this.#beginsAgain(slice)) {
      this.#again += slice
      return ""
    }
    this.text += slice
    this.#closed = slice.endsWith("}")
    return slice
  }

  /** What came after complete arguments, unless it is the same once more: the call is then no valid one. */
  rest(): string {
    const again = this.#again
    return again !== "" && isJson(again) && Equal.equals(JSON.parse(again), JSON.parse(this.text)) ? "" : again
  }

  /** An object never follows another one in JSON, but the slices of a string may look like it. */
  #beginsAgain(slice: string): boolean {
    return this.#closed && slice.startsWith("{") && this.#attemptsLeft-- > 0 && isJson(this.text)
  }
}
