import type { Limits } from "./limits.ts"

/** Why a text is not JSON, and where. */
export interface Failure {
  readonly reason: "Empty" | "Syntax" | "Incomplete" | "Depth" | "Length"
  readonly message: string
  /** The offset in the text, in UTF-16 code units. */
  readonly position: number
  /** What should be there, in words. */
  readonly expected: string
  readonly path: ReadonlyArray<string | number>
}

export const failureAt = (
  reason: Failure["reason"],
  expected: string,
  position: number,
  message: string,
  path: Failure["path"] = []
): Failure => ({ reason, expected, position, message: `${message} (at position ${position})`, path })

export const tooLong = ({ maxLength }: Limits): Failure =>
  failureAt("Length", `at most ${maxLength} characters`, maxLength, "The text is too long")

export const noJson = (position: number): Failure => failureAt("Empty", "JSON", position, "There is no JSON")

/** A character for a message. It may have been cut in half, or be one that no terminal should see. */
export const shownCharacter = (code: number): string =>
  code > 0x20 && code < 0x7f && code !== 0x22
    ? `"${String.fromCharCode(code)}"`
    : `U+${code.toString(16).toUpperCase().padStart(4, "0")}`
