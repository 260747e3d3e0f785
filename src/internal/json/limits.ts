/**
 * Limits on JSON that a model writes, and the one check of them that needs no parser. Apart from the readers, so that
 * folding a message loads none of them.
 */

/** How deep and how long a text may be. */
export interface Limits {
  /** Objects and arrays within each other. */
  readonly maxDepth: number
  /** UTF-16 code units. */
  readonly maxLength: number
}

/** The limits, with the defaults for those that are not given. */
export const limitsOf = (
  options: { readonly maxDepth?: number | undefined; readonly maxLength?: number | undefined } | undefined
): Limits => ({
  maxDepth: options?.maxDepth ?? 512,
  maxLength: options?.maxLength ?? 16_777_216
})

/**
 * Whether a JSON text has more objects and arrays within each other than `most`. What walks through a value does so by
 * calling itself, so that a model could have it run out of stack.
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

/** Where the string that starts at `from` has its closing quote. */
const endOfString = (text: string, from: number): number => {
  let at = from + 1
  while (at < text.length && text.charCodeAt(at) !== 0x22) at += text.charCodeAt(at) === 0x5c ? 2 : 1
  return at
}
