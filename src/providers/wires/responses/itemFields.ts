/** What of an item's JSON goes where. */
import * as Equal from "effect/Equal"
import { given } from "../../../internal/optional.ts"
import { restOf, stringAt } from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"
import type { Citation } from "../../../Message.ts"
import type { CallKind } from "./callKinds.ts"

/** What an item says about itself, without what its parts hold. */
export const identity = (json: JsonObject): JsonObject =>
  restOf(json, ["content", "summary", "encrypted_content"]) ?? {}

/** What must be the same each time an item is told: what is encrypted, is encrypted anew. */
export const comparable = (json: JsonObject): JsonObject => restOf(json, ["encrypted_content", "fingerprint"]) ?? {}

/** Which item it is, and no more. */
export const named = (json: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(json).filter(([key]) => key === "id" || key === "type"))

/** Fields without a name here. An empty list, as most have of `logprobs`, says nothing. */
export const extrasOf = (json: JsonObject, known: ReadonlyArray<string>): JsonObject | undefined => {
  const rest = restOf(json, known)
  const told = Object.entries(rest ?? {}).filter(([, value]) => !Array.isArray(value) || value.length > 0)
  return told.length === 0 ? undefined : Object.fromEntries(told)
}

/** The fields of the item that its arguments, as they were shown, would not give back to the letter. */
export const unlike = (kind: CallKind, args: string, json: JsonObject): JsonObject => {
  let fields: JsonObject
  try {
    fields = kind.fields(args.trim() === "" ? {} : JSON.parse(args))
  } catch {
    fields = {} // cut off, or no JSON at all
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

export const toCitation = (raw: JsonObject): Citation => {
  const url = stringAt(raw, "url")
  const title = stringAt(raw, "title") ?? stringAt(raw, "filename")
  return { ...given("url", url), ...given("title", title), raw }
}
