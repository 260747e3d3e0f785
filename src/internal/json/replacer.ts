/**
 * The JSON of values that JSON lacks, for `JSON.stringify`. Used where any value of a user is sent: in events, and in
 * the chunks of agents.
 */
import * as Base64 from "effect/encoding/Base64"

/** Bytes become base64 and big integers strings. */
export const jsonReplacer = (_key: string, value: unknown): unknown =>
  typeof value === "bigint" ? String(value) : value instanceof Uint8Array ? Base64.encode(value) : value
