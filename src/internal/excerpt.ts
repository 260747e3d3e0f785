/**
 * The start of a text, for error messages. Used wherever a message shows text that a model or a server wrote. It must
 * import nothing.
 */

/** The text, cut off with an ellipsis if it has more than `length` UTF-16 code units. */
export const excerpt = (text: string, length = 200): string =>
  text.length <= length ? text : `${text.slice(0, length - 1)}…`
