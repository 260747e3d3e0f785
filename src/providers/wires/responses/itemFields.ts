/**
 * Selections of the fields of an output item: its identity, its unknown fields, those that arguments do not give back.
 * Pure functions. Called by `output.ts`, `calls.ts` and the decoder.
 */
import * as Equal from "effect/Equal"
import { optional } from "../../../internal/optional.ts"
import { restOf, stringAt } from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"
import type { Citation } from "../../../Message.ts"
import type { CallKind } from "./callKinds.ts"

/** The fields of an item without the content of its parts. */
export const identity = (json: JsonObject): JsonObject =>
  restOf(json, ["content", "summary", "encrypted_content"]) ?? {}

/** The fields that are equal in all copies of an item. Encrypted content differs in each. */
export const comparable = (json: JsonObject): JsonObject => restOf(json, ["encrypted_content", "fingerprint"]) ?? {}

/** The id and the type of an item. */
export const named = (json: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(json).filter(([key]) => key === "id" || key === "type"))

/** Unknown fields. Empty lists are left out, as most deltas have an empty list of `logprobs`. */
export const extrasOf = (json: JsonObject, known: ReadonlyArray<string>): JsonObject | undefined => {
  const rest = restOf(json, known)
  const told = Object.entries(rest ?? {}).filter(([, value]) => !Array.isArray(value) || value.length > 0)
  return told.length === 0 ? undefined : Object.fromEntries(told)
}

/** The fields of an item that differ from those its emitted arguments would give back. */
export const unlike = (kind: CallKind, args: string, json: JsonObject): JsonObject => {
  let fields: JsonObject
  try {
    fields = kind.fields(args.trim() === "" ? {} : JSON.parse(args))
  } catch {
    fields = {} // The arguments are incomplete or no JSON.
  }
  return Object.fromEntries(
    kind.held.flatMap((key) =>
      key === "call_id" || key === "name" || json[key] === undefined || key === "result" ||
        Equal.equals(fields[key], json[key])
        ? []
        : [[key, json[key]]]
    )
  )
}

/** An annotation of a text as a citation. */
export const toCitation = (raw: JsonObject): Citation => {
  const url = stringAt(raw, "url")
  const title = stringAt(raw, "title") ?? stringAt(raw, "filename")
  return { ...optional("url", url), ...optional("title", title), raw }
}
