/**
 * Events as JSON. Used by the codecs of `RunEvent` and by the command line; knows events by their shape alone. A chunk or
 * a text costs one `JSON.stringify`.
 */
import { jsonReplacer } from "../json/replacer.ts"

/**
 * An event as JSON on one line. Its data may be any value of a step: bytes become base64, big integers become strings, and
 * values without a JSON form become null. Data that cannot be encoded at all becomes a string that says so.
 */
export const eventJson = (event: { readonly event: string; readonly data: unknown }): string => {
  const { data: _data, ...head } = event
  const data = event.event === "on_custom_event" || typeof event.data !== "object" || event.data === null ?
    valueJson(event.data) :
    `{${Object.entries(event.data).map(([key, value]) => `${JSON.stringify(key)}:${valueJson(value)}`).join(",")}}`
  // The head always has fields, so there is always a comma.
  return `${JSON.stringify(head).slice(0, -1)},"data":${data}}`
}

/** Any value as JSON. */
export const valueJson = (value: unknown): string => {
  try {
    // Most values are chunks or texts of a model, which are JSON as they are.
    return JSON.stringify(value, isPlain(value) ? undefined : jsonReplacer) ?? "null"
  } catch (error) {
    return JSON.stringify(`[not JSON: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}]`)
  }
}

const isPlain = (value: unknown): boolean =>
  typeof value === "string" ||
  (typeof value === "object" && value !== null && "_tag" in value && value._tag === "AIMessageChunk")
