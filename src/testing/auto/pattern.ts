/**
 * Makes a text that a regular expression matches. Used for the strings of a JSON Schema. It reads the usual syntax and
 * skips what looks around or back, so the caller checks each text and tries again. Imports only the numbers.
 *
 * @internal
 */
import type { Numbers } from "./choices.ts"

type Make = (numbers: Numbers) => string

/** The most repetitions beyond the least ones. */
const extra = 6

/** The maker of texts for a pattern, `undefined` if the pattern cannot be read. */
export const textsOf = (source: string): Make | undefined => {
  const reader = new Reader(source)
  const make = reader.alternatives()
  return reader.ended ? make : undefined
}

const printable = Array.from({ length: 95 }, (_, i) => String.fromCodePoint(32 + i))
// The simplest one comes first.
const letters = [..."abcdefghijklmnopqrstuvwxyz"]
const capitals = letters.map((letter) => letter.toUpperCase())
const digits = [..."0123456789"]
const words = [...letters, ...capitals, ...digits, "_"]
const spaces = [" ", "\t", "\n"]
const anything = [...new Set([...words, ...printable])]
const wide = [...anything, "é", "ß", "Ж", "漢", "𝕏"]

class Reader {
  readonly #source: ReadonlyArray<string>
  #at = 0
  #failed = false

  constructor(source: string) {
    this.#source = [...source]
  }

  get ended(): boolean {
    return this.#at === this.#source.length && !this.#failed
  }

  alternatives(): Make {
    const all: [Make, ...Array<Make>] = [this.#sequence()]
    while (this.#take("|")) all.push(this.#sequence())
    return (numbers) => (all.length === 1 ? all[0] : numbers.pick(all))(numbers)
  }

  #sequence(): Make {
    const all: Array<Make> = []
    while (this.#at < this.#source.length && !this.#sees("|") && !this.#sees(")") && !this.#failed) {
      all.push(this.#term())
    }
    return (numbers) => all.reduce((text, make) => text + make(numbers), "")
  }

  #term(): Make {
    const make = this.#atom()
    const [min, max] = this.#count()
    if (min === 1 && max === 1) return make
    return (numbers) => {
      const times = min + numbers.below(Math.min(max - min, extra) + 1)
      let text = ""
      for (let i = 0; i < times; i++) text += make(numbers)
      return text
    }
  }

  #count(): readonly [min: number, max: number] {
    const count = this.#bounds()
    if (count !== undefined) this.#take("?")
    return count ?? [1, 1]
  }

  #bounds(): readonly [min: number, max: number] | undefined {
    if (this.#take("*")) return [0, Infinity]
    if (this.#take("+")) return [1, Infinity]
    if (this.#take("?")) return [0, 1]
    const braces = /^\{(\d+)(,(\d*))?\}/.exec(this.#source.slice(this.#at, this.#at + 24).join(""))
    if (braces === null) return undefined
    this.#at += braces[0].length
    const min = Number(braces[1])
    return [min, braces[2] === undefined ? min : braces[3] === "" ? Infinity : Number(braces[3])]
  }

  #atom(): Make {
    const character = this.#next()
    switch (character) {
      case "^":
      case "$":
        return nothing
      case ".":
        return oneOf(anything)
      case "(":
        return this.#group()
      case "[":
        return oneOf(this.#class())
      case "\\":
        return this.#escape()
      case "*":
      case "+":
      case "?":
        return this.#fail()
      default:
        return () => character
    }
  }

  #group(): Make {
    const head = this.#source.slice(this.#at, this.#at + 64).join("")
    const opened = /^\?(?::|=|!|<=|<!|<\w+>)/.exec(head)?.[0] ?? ""
    if (opened === "" && head.startsWith("?")) return this.#fail()
    this.#at += opened.length
    const inner = this.alternatives()
    if (!this.#take(")")) return this.#fail()
    // What looks around takes no place in the text. The text is checked later.
    return /[=!]$/.test(opened) ? nothing : inner
  }

  #escape(): Make {
    const character = this.#next()
    if (character === "b" || character === "B") return nothing
    // A reference to a group would need its text.
    if (/[1-9k]/.test(character)) return this.#fail()
    return oneOf(this.#escaped(character))
  }

  #escaped(character: string): ReadonlyArray<string> {
    switch (character) {
      case "d":
        return digits
      case "D":
        return without(anything, digits)
      case "w":
        return words
      case "W":
        return without(printable, words)
      case "s":
        return spaces
      case "S":
        return without(anything, spaces)
      case "p":
      case "P":
        return this.#property(character === "P")
      case "n":
        return ["\n"]
      case "r":
        return ["\r"]
      case "t":
        return ["\t"]
      case "v":
        return ["\v"]
      case "f":
        return ["\f"]
      case "0":
        return ["\0"]
      case "x":
        return this.#code(/^[\da-fA-F]{2}/)
      case "u":
        return this.#code(/^(?:\{[\da-fA-F]+\}|[\da-fA-F]{4})/)
      default:
        return [character]
    }
  }

  #code(form: RegExp): ReadonlyArray<string> {
    const found = form.exec(this.#source.slice(this.#at, this.#at + 10).join(""))?.[0]
    if (found === undefined) return this.#none()
    this.#at += found.length
    const code = Number.parseInt(found.replace(/[{}]/g, ""), 16)
    return code <= 0x10ffff ? [String.fromCodePoint(code)] : this.#none()
  }

  #property(negated: boolean): ReadonlyArray<string> {
    const found = /^\{[\w=]+\}/.exec(this.#source.slice(this.#at, this.#at + 40).join(""))?.[0]
    if (found === undefined) return this.#none()
    this.#at += found.length
    try {
      const property = new RegExp(`^\\${negated ? "P" : "p"}${found}$`, "u")
      return wide.filter((each) => property.test(each))
    } catch {
      return this.#none()
    }
  }

  #class(): ReadonlyArray<string> {
    const negated = this.#take("^")
    const members: Array<string> = []
    while (!this.#take("]")) {
      if (this.#at >= this.#source.length) return this.#none()
      const from = this.#member()
      const to = from.length === 1 && this.#sees("-") && this.#source[this.#at + 1] !== "]"
        ? this.#rangeEnd()
        : undefined
      if (to === undefined) members.push(...from)
      else {
        const [first, last] = [from[0]?.codePointAt(0) ?? 0, to.codePointAt(0) ?? 0]
        for (let code = first; code <= Math.min(last, first + 200); code++) {
          // Half of a pair is no character.
          if (code < 0xd800 || code > 0xdfff) members.push(String.fromCodePoint(code))
        }
      }
    }
    if (!negated) return members
    return without(wide, members)
  }

  #rangeEnd(): string | undefined {
    this.#at++
    return this.#member()[0]
  }

  #member(): ReadonlyArray<string> {
    const character = this.#next()
    if (character !== "\\") return [character]
    const escaped = this.#next()
    return escaped === "b" ? ["\b"] : this.#escaped(escaped)
  }

  #next(): string {
    const character = this.#source[this.#at++]
    if (character === undefined) this.#failed = true
    return character ?? ""
  }

  #sees(character: string): boolean {
    return this.#source[this.#at] === character
  }

  #take(character: string): boolean {
    if (!this.#sees(character)) return false
    this.#at++
    return true
  }

  #fail(): Make {
    this.#failed = true
    return nothing
  }

  #none(): ReadonlyArray<string> {
    this.#failed = true
    return []
  }
}

const nothing: Make = () => ""

const oneOf = (characters: ReadonlyArray<string>): Make => (numbers) =>
  characters[numbers.below(characters.length)] ?? ""

const without = (all: ReadonlyArray<string>, some: ReadonlyArray<string>): ReadonlyArray<string> =>
  all.filter((each) => !some.includes(each))
