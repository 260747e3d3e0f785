import * as Base64 from "effect/encoding/Base64"

/**
 * An event as JSON on one line. Data is what the steps make, so it may be anything: bytes become base64, big integers
 * text, and what JSON has no word for null; what cannot be written at all is told by a text that says so.
 */
export const eventJson = (event: { readonly event: string; readonly data: unknown }): string => {
  const { data: _, ...head } = event
  const told = event.event === "on_custom_event" || typeof event.data !== "object" || event.data === null ?
    valueJson(event.data) :
    `{${Object.entries(event.data).map(([key, value]) => `${JSON.stringify(key)}:${valueJson(value)}`).join(",")}}`
  // The head always has fields, so a comma belongs between.
  return `${JSON.stringify(head).slice(0, -1)},"data":${told}}`
}

/** Any value as JSON. */
export const valueJson = (value: unknown): string => {
  try {
    // A model's chunks and texts, by far the most of all, are JSON as they are.
    return JSON.stringify(value, isPlain(value) ? undefined : replace) ?? "null"
  } catch (error) {
    return JSON.stringify(`[not JSON: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}]`)
  }
}

const isPlain = (value: unknown): boolean =>
  typeof value === "string" ||
  (typeof value === "object" && value !== null && "_tag" in value && value._tag === "AIMessageChunk")

const replace = (_key: string, value: unknown): unknown =>
  typeof value === "bigint" ? String(value) : value instanceof Uint8Array ? Base64.encode(value) : value
