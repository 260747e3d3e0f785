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

/**
 * The arguments of a call while their slices arrive. Some servers begin with an empty object, which then stands for those
 * that follow, and some send the arguments once more, as a whole or in slices. Each character is looked at once.
 */
export class ArgumentSlices {
  #json = new JsonEnd()
  /** The slices after complete arguments: they repeat the arguments, or make them invalid. */
  #more: JsonEnd | undefined
  /** Whether any have been given out. */
  begun = false

  /** Whether no slice has come. */
  get empty(): boolean {
    return this.#json.empty
  }

  /** Whether the arguments are complete. */
  get ended(): boolean {
    return this.#json.ended
  }

  /** The arguments that have been given out. */
  get text(): string {
    return this.begun ? this.#json.text : ""
  }

  /** Adds a slice. Gives what is new. */
  push(slice: string): string {
    if (slice === "") return ""
    if (this.#json.ended) return this.#again(slice)
    this.#json.push(slice)
    if (!this.begun && this.#json.ended && this.#json.text.trim() === "{}") return ""
    const text = this.begun ? slice : this.#json.text
    this.begun = true
    return text
  }

  #again(slice: string): string {
    if (!this.begun && slice.trim() !== "{}") {
      this.#json = new JsonEnd()
      return this.push(slice)
    }
    const more = this.#more ??= new JsonEnd()
    const before = more.ended
    more.push(slice)
    if (!before && more.ended && this.isSame(more.text)) this.#more = undefined
    return ""
  }

  /** Whether a text tells the same arguments. */
  isSame(text: string): boolean {
    if (text.trim() === this.#json.text.trim()) return true
    try {
      return Equal.equals(JSON.parse(text), JSON.parse(this.#json.text))
    } catch {
      return false
    }
  }

  /**
   * The text still to give out at the end of the call: an empty object, or the slices that make the arguments invalid.
   */
  rest(): string {
    return this.begun ? this.#more?.text ?? "" : this.#json.text
  }
}

/** JSON text in slices, and whether the object that it begins with is complete. */
class JsonEnd {
  #slices: Array<string> = []
  #depth = 0
  #inString = false
  #escaped = false
  /** Whether the object is complete. */
  ended = false

  push(slice: string): void {
    this.#slices.push(slice)
    for (let i = 0; i < slice.length; i++) {
      const code = slice.charCodeAt(i)
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false
        else if (code === backslash) this.#escaped = true
        else if (code === quote) this.#inString = false
      } else if (code === quote) this.#inString = true
      else if (code === openBrace || code === openBracket) this.#depth++
      else if (code === closeBrace || code === closeBracket) {
        this.#depth--
        if (this.#depth <= 0) this.ended = true
      }
    }
  }

  get empty(): boolean {
    return this.#slices.length === 0
  }

  /** All slices. Reading them joins them once. */
  get text(): string {
    if (this.#slices.length > 1) this.#slices = [this.#slices.join("")]
    return this.#slices[0] ?? ""
  }
}

const quote = 34
const backslash = 92
const openBracket = 91
const closeBracket = 93
const openBrace = 123
const closeBrace = 125
