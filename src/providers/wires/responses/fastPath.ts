/**
 * Makes the pattern of the commonest frames of the Responses API, one text delta each. Called by the decoder for the
 * first delta of a block. Servers write the fields of a delta in different orders, but each server always in the same
 * one, so one frame that was parsed gives the pattern of those that follow it.
 */
import { FramePattern } from "../../../internal/provider/framePattern.ts"
import type { Hole } from "../../../internal/provider/framePattern.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"

/** The fields that differ from frame to frame. The padding keeps eavesdroppers from measuring the text. */
const holes: { readonly [field: string]: Hole } = {
  delta: "text",
  sequence_number: "number",
  obfuscation: "padding"
}

/** The pattern of a frame; undefined if the frame says more than a text delta, or says it in an unusual way. */
export const patternOf = (name: string, data: string, event: JsonObject): FramePattern | undefined => {
  if (!Object.entries(event).every(([key, value]) => isPlain(key, value))) return undefined
  // A quotation mark inside a string is escaped, so these can only be names of fields.
  const fields = Object.keys(holes)
    .filter((field) => field in event)
    .map((field) => ({ field, key: data.indexOf(`"${field}":`) }))
    .toSorted((a, b) => a.key - b.key)
  const literals: Array<string> = []
  let from = 0
  for (const { field, key } of fields) {
    const at = key + field.length + 3
    const value = JSON.stringify(event[field])
    // There are other ways to write the same, such as an escape for a letter or a space before a colon.
    if (key === -1 || !data.startsWith(value, at)) return undefined
    const quote = holes[field] === "number" ? 0 : 1
    literals.push(data.slice(from, at + quote))
    from = at + value.length - quote
  }
  literals.push(`${data.slice(from)}\n\n`)
  literals[0] = `${name === "message" ? "" : `event: ${name}\n`}data: ${literals[0]}`
  return new FramePattern(literals, fields.flatMap(({ field }) => holes[field] ?? []))
}

/** Whether a field says only which block the delta belongs to, or nothing. */
const isPlain = (key: string, value: JsonObject[string]): boolean => {
  switch (key) {
    case "logprobs":
      return Array.isArray(value) && value.length === 0
    case "type":
    case "item_id":
    case "delta":
    case "obfuscation":
      return typeof value === "string"
    case "sequence_number":
    case "output_index":
    case "content_index":
      return typeof value === "number"
  }
  return false
}
