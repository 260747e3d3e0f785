/**
 * Short forms of values for error messages: the start of a text, and the name of a value. Used wherever a message shows
 * what a model, a server or a caller gave. It must import nothing.
 */

/** The text, cut off with an ellipsis if it has more than `length` UTF-16 code units. */
export const excerpt = (text: string, length = 200): string =>
  text.length <= length ? text : `${text.slice(0, length - 1)}…`

/** Names a value that is not what it should be, for a message: a short value as it is, any other by its kind. */
export const nameOf = (value: unknown): string => {
  if (typeof value === "string") return excerpt(JSON.stringify(value))
  if (typeof value === "function") return "a function"
  if (typeof value !== "object" || value === null) return String(value)
  if (Array.isArray(value)) return "an array"
  return "then" in value && typeof value.then === "function" ? "a Promise" : "an object"
}
