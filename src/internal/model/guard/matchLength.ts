/**
 * How long a match of a regular expression can be, read from its source. The guard holds back that much text, so that it
 * sees every match whole. Used once for a pattern, when a guard is made. Linear in the source.
 */

/**
 * The most UTF-16 units that a match and the text around it that the pattern looks at can have. `Infinity` if the pattern
 * has no bound, or if the bound is not known: repetitions without an end, references to groups, and sets of strings.
 */
export const longestMatch = (pattern: RegExp): number => new Reader(pattern).read()

class Reader {
  readonly #source: string
  /** Whether a character of the pattern is a code point. */
  readonly #unicode: boolean
  readonly #sets: boolean
  /** The most units of a character that a class matches. */
  readonly #unit: number
  #at = 0

  constructor({ flags, source }: RegExp) {
    this.#source = source
    this.#sets = flags.includes("v")
    this.#unicode = this.#sets || flags.includes("u")
    this.#unit = this.#unicode ? 2 : 1
  }

  read(): number {
    return this.#alternatives()
  }

  /** The alternatives up to the end of their group. */
  #alternatives(): number {
    let longest = 0
    let length = 0
    while (this.#at < this.#source.length) {
      const next = this.#source[this.#at]
      if (next === ")") break
      if (next === "|") {
        this.#at++
        longest = Math.max(longest, length)
        length = 0
      } else {
        length += this.#term()
      }
    }
    return Math.max(longest, length)
  }

  #term(): number {
    const length = this.#atom()
    const most = this.#most()
    // No text repeated without an end is still none.
    return length === 0 || most === 0 ? 0 : length * most
  }

  /** The most repetitions of the atom before. */
  #most(): number {
    const [quantifier, , from, comma, to] = matchAt(quantifiers, this.#source, this.#at) ?? []
    if (quantifier === undefined) return 1
    this.#at += quantifier.length
    if (from === undefined) return quantifier.startsWith("?") ? 1 : Infinity
    return comma === undefined ? Number(from) : to === undefined || to === "" ? Infinity : Number(to)
  }

  #atom(): number {
    const next = this.#source[this.#at]
    switch (next) {
      case "^":
      case "$":
        this.#at++
        return 0
      case "(":
        return this.#group()
      case "[":
        return this.#class()
      case "\\":
        return this.#escape()
      case ".":
        this.#at++
        return this.#unit
    }
    const length = this.#unicode ? String.fromCodePoint(this.#source.codePointAt(this.#at) ?? 0).length : 1
    this.#at += length
    return length
  }

  /** A group, or a look at the text around, which counts in full because it must have arrived, too. */
  #group(): number {
    this.#at += (matchAt(groupStarts, this.#source, this.#at) ?? ["("])[0].length
    const length = this.#alternatives()
    this.#at++ // the parenthesis
    return length
  }

  #class(): number {
    const start = this.#at
    let depth = 0
    do {
      const next = this.#source[this.#at]
      if (next === "\\") this.#at++
      else if (next === "[" && (this.#sets || depth === 0)) depth++
      else if (next === "]") depth--
      this.#at++
    } while (depth > 0 && this.#at < this.#source.length)
    const content = this.#source.slice(start, this.#at)
    return this.#sets && setsOfStrings.test(content) ? Infinity : this.#unit
  }

  #escape(): number {
    const [escape] = matchAt(this.#unicode ? unicodeEscapes : escapes, this.#source, this.#at) ?? ["\\"]
    this.#at += escape.length
    if (/^\\[bB]$/.test(escape)) return 0
    // A reference to a group. Without such a group it is a character, which is rare enough.
    if (/^\\[1-9k]/.test(escape)) return Infinity
    if (this.#sets && setsOfStrings.test(escape)) return Infinity
    return this.#unit
  }
}

const matchAt = (pattern: RegExp, text: string, at: number): RegExpExecArray | null => {
  pattern.lastIndex = at
  return pattern.exec(text)
}

const quantifiers = /([*+?]|\{(\d+)(,(\d*))?\})\??/y
const groupStarts = /\((?:\?(?:[:=!]|<[=!]|<[^>]*>|[a-z-]*:))?/y
const escapes = /\\(?:c[a-z]|x[\da-f]{2}|u[\da-f]{4}|[1-9]\d*|[\s\S])/iy
const unicodeEscapes =
  /\\(?:c[a-z]|x[\da-f]{2}|u[\da-f]{4}\\u[\da-f]{4}|u[\da-f]{4}|u\{[\da-f]+\}|[pP]\{[^}]*\}|k<[^>]*>|[1-9]\d*|[\s\S])/iy
/** Properties of strings and lists of them, which `v` has. */
const setsOfStrings = /\\q\{|\\p\{(?:RGI_|Basic_Emoji|Emoji_Keycap)/
