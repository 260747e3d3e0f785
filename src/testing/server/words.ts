/**
 * Cuts texts into words. The script constructors use it to make tokens of a text. Imports nothing.
 *
 * @internal
 */
/** The words of a text, each with the space before it. */
export const words = (text: string): ReadonlyArray<string> => text.match(/\s*\S+|\s+$/g) ?? []
