/**
 * JSON for frames. Called by the encoders of all wires, once for each delta.
 */

/**
 * Characters that some clients take for the end of a line (Python's `splitlines`). JSON leaves them as they are; within a
 * string an escape means the same.
 */
const lineEnd = /[\u0085\u2028\u2029]/
const lineEnds = new RegExp(lineEnd, "g")

/** A value as JSON in one line, whatever ends a line for the client. */
export const jsonText = (value: unknown): string => {
  const text = JSON.stringify(value)
  return lineEnd.test(text)
    ? text.replaceAll(lineEnds, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`)
    : text
}
