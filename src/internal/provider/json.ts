import type * as Schema from "effect/Schema"

/** A JSON object whose fields are not known yet. */
export interface JsonObject {
  readonly [key: string]: Schema.Json
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

export const objectAt = (object: JsonObject, key: string): JsonObject | undefined => {
  const value = object[key]
  return isObject(value) ? value : undefined
}

export const stringAt = (object: JsonObject, key: string): string | undefined => {
  const value = object[key]
  return typeof value === "string" ? value : undefined
}

export const numberAt = (object: JsonObject, key: string): number | undefined => {
  const value = object[key]
  return typeof value === "number" ? value : undefined
}

/** The fields of an object that are not named and not null, or undefined when there are none. */
export const restOf = (object: JsonObject, named: ReadonlyArray<string>): JsonObject | undefined => {
  let rest: { [key: string]: Schema.Json } | undefined
  for (const key of Object.keys(object)) {
    const value = object[key]
    if (value === undefined || value === null || named.includes(key)) continue
    rest ??= {}
    // A field may be named __proto__, which only this way is a field.
    Object.defineProperty(rest, key, { value, configurable: true, enumerable: true, writable: true })
  }
  return rest
}
