/**
 * Failures of the incremental readers (JSON and XML) as plain data, and the constructors of the common ones. Public
 * errors (`PartialJsonError`, `OutputParserError`) are built from them elsewhere, so this file imports no Effect
 * module.
 */
import type { Limits } from "./limits.ts"

/** Why a text cannot be read, and where. The reasons are those of `PartialJsonError`. */
export interface Failure {
  readonly reason: "Empty" | "Syntax" | "Incomplete" | "Depth" | "Length"
  /** A sentence that says what is wrong. */
  readonly message: string
  /** The offset of the failure in the text, in UTF-16 code units. */
  readonly position: number
  /** A description of the text that should be there. */
  readonly expected: string
  /** The keys and indices from the root to the failure. */
  readonly path: ReadonlyArray<string | number>
}

/** A failure whose message ends with its position. */
export const failureAt = (
  reason: Failure["reason"],
  expected: string,
  position: number,
  message: string,
  path: Failure["path"] = []
): Failure => ({ reason, expected, position, message: `${message} (at position ${position})`, path })

/** The failure of a text that is longer than `maxLength`. */
export const tooLong = ({ maxLength }: Limits): Failure =>
  failureAt("Length", `at most ${maxLength} characters`, maxLength, "The text is too long")

/** The failure of a text without any JSON, which was read up to `position`. */
export const noJson = (position: number): Failure => failureAt("Empty", "JSON", position, "There is no JSON")

/** A character as a message shows it: quoted, or as `U+XXXX` if it is not a printable ASCII character. */
export const shownCharacter = (code: number): string =>
  code > 0x20 && code < 0x7f && code !== 0x22
    ? `"${String.fromCharCode(code)}"`
    : `U+${code.toString(16).toUpperCase().padStart(4, "0")}`
