/**
 * Slices of arguments that are not JSON themselves (the code of an interpreter, the input of a custom tool), as slices
 * of the JSON text that they become part of. Called by `calls.ts`.
 */
import { objectAt } from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"

/** Escapes slices of text for a JSON string. A slice may end inside a character. */
export class JsonStringSlices {
  #high = ""

  /** The escaped text of a slice. Half a character waits for the next slice. */
  push(slice: string): string {
    const text = this.#high + slice
    const last = text.charCodeAt(text.length - 1)
    const cut = last >= 0xd800 && last < 0xdc00
    this.#high = cut ? text.slice(-1) : ""
    return JSON.stringify(cut ? text.slice(0, -1) : text).slice(1, -1)
  }
}

/** The JSON text that precedes the first slice of the arguments. */
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
