/**
 * Reading JSON whose shape is not known: a field is read by the type that is expected of it, and is undefined
 * otherwise. Used by every decoder and encoder of `src/providers`, in place of Schema, which costs too much for each
 * token. Imports types only.
 */
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

/** The number in a field. */
export const numberAt = (object: JsonObject, key: string): number | undefined => {
  const value = object[key]
  return typeof value === "number" ? value : undefined
}

/** The fields of an object except those in `named` and those that are null; undefined if none are left. */
export const restOf = (object: JsonObject, named: ReadonlyArray<string>): JsonObject | undefined => {
  let rest: { [key: string]: Schema.Json } | undefined
  for (const key of Object.keys(object)) {
    const value = object[key]
    if (value === undefined || value === null || named.includes(key)) continue
    rest ??= {}
    // An assignment to a field named __proto__ would change the prototype.
    Object.defineProperty(rest, key, { value, configurable: true, enumerable: true, writable: true })
  }
  return rest
}
