/**
 * Slices of a call's arguments that are not JSON themselves (the code of an interpreter, the input of a custom tool), as
 * slices of the JSON text they become a part of.
 */
import { objectAt } from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"

/** Writes text into a JSON string, also when a slice ends inside a character. */
export class JsonStringSlices {
  #high = ""

  push(slice: string): string {
    const text = this.#high + slice
    const last = text.charCodeAt(text.length - 1)
    const cut = last >= 0xd800 && last < 0xdc00
    this.#high = cut ? text.slice(-1) : ""
    return JSON.stringify(cut ? text.slice(0, -1) : text).slice(1, -1)
  }
}

/** The JSON text before the first slice of these calls' arguments. */
export const opening = (type: string, item: JsonObject): string => {
  switch (type) {
    case "custom_tool_call":
      return "\""
    case "code_interpreter_call":
      return "{\"code\":\""
    case "shell_call":
      return "{\"commands\":[\""
    case "apply_patch_call": {
      const { diff: _, ...operation } = objectAt(item, "operation") ?? {}
      return `${JSON.stringify(operation).slice(0, -1)},"diff":"`
    }
  }
  return ""
}
