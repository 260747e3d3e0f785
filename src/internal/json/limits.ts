/**
 * The limits on JSON that a model or a server writes, the one check of them that needs no reader, and parsing a whole
 * text. The accumulator of messages and the decoders use these, so this file must not import the readers.
 */

/** The limits on a text that is read. */
export interface Limits {
  /** The deepest nesting of objects and arrays. */
  readonly maxDepth: number
  /** The greatest length, in UTF-16 code units. */
  readonly maxLength: number
}

/** The limits of these options. The defaults are 512 levels and 16,777,216 code units. */
export const limitsOf = (
  options: { readonly maxDepth?: number | undefined; readonly maxLength?: number | undefined } | undefined
): Limits => ({
  maxDepth: options?.maxDepth ?? 512,
  maxLength: options?.maxLength ?? 16_777_216
})

/**
 * Whether a JSON text nests objects and arrays deeper than `most`. Code that walks a value recursively would run out of
 * stack on such a text. Linear in the text.
 */
export const isDeeperThan = (text: string, most: number): boolean => {
  if (text.length <= most) return false
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22:
        at = endOfString(text, at)
        break
      case 0x5b:
      case 0x7b:
        if (++depth > most) return true
        break
      case 0x5d:
      case 0x7d:
        depth--
    }
  }
  return false
}

/** The position of the closing quote of the string that opens at `from`. */
const endOfString = (text: string, from: number): number => {
  let at = from + 1
  while (at < text.length && text.charCodeAt(at) !== 0x22) at += text.charCodeAt(at) === 0x5c ? 2 : 1
  return at
}

/**
 * The value of a JSON text. A number that a double cannot hold (`1e400`) is null, as JSON.parse would make it infinite,
 * which is no JSON value. Throws what JSON.parse throws, and RangeError on such a number at the bottom of a deep text.
 */
export const parseJson = (text: string): unknown => {
  const value: unknown = JSON.parse(text)
  return maybeInfinite.test(text) ? JSON.parse(text, (_, item: unknown) => isInfinite(item) ? null : item) : value
}

/** A number with an exponent of three digits, or of two hundred digits. Most exponents in a text are part of a string. */
const maybeInfinite = /(?:^|[[:,\s])-?\d+(?:\.\d+)?[eE]\+?\d{3}|\d{200}/

const isInfinite = (value: unknown): boolean => typeof value === "number" && !Number.isFinite(value)
