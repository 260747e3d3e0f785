/**
 * The incremental XML reader behind `OutputParser.xml`. It must not import messages or streams. Each character is read
 * once; a snapshot copies only the elements that are still open.
 */
import { excerpt } from "../excerpt.ts"
import type { Failure } from "../json/failure.ts"
import type { Limits } from "../json/limits.ts"
import { isHighSurrogate } from "../json/string.ts"
import { isThinkName, LoneClosingTag } from "../json/thinkTags.ts"

/** An XML element: an object whose one key is the element's name. */
export interface Xml {
  /** The text of the element, or its child elements. */
  readonly [name: string]: string | ReadonlyArray<Xml>
}

/** An element whose closing tag has not been read. */
interface Open {
  readonly name: string
  /** The complete child elements. */
  readonly children: Array<Xml>
  text: string
  /** The white space at the end of the text, which belongs to it if more text follows. */
  space: string
}

// The states within the text.
const inText = 0
const inMarkup = 1
const over = 2

/** The cost of copying an open element, in addition to its children. */
const openWeight = 4

/** A longer text after a `<` is not a tag. */
const longestTag = 8192

/**
 * Reads the first element of a text that arrives in pieces, in one pass, and tolerates XML as models write it: prose
 * may surround the element, a stray `<` or `&` is text, and attributes are skipped. Only the five predefined entities
 * and character references are expanded.
 */
export class XmlReader {
  /** Set when no further text can complete the element. */
  failure: Failure | undefined
  /** A number that grows whenever the value changes. */
  version = 0
  /** The cost of copying what {@link value} has to copy, in elements. */
  cost = 0

  readonly #limits: Limits
  readonly #root: string | undefined
  #open: Array<Open> = []
  readonly #closing = new LoneClosingTag()
  /** Whether text stands before the element. */
  #amidProse = false
  #state = inText
  #read = 0
  #whole: Xml | undefined
  /** An incomplete tag, or the start of other markup, from its `<` on. */
  #markup = ""
  /** The text that ends the markup, or `""` while its kind is not known. */
  #ending = ""
  /** The quote that ends the current attribute value, or `""`. */
  #quote = ""
  /** The last characters of a comment, CDATA section or processing instruction. */
  #tail = ""
  /** The content of a CDATA section so far. */
  #section = ""
  /** An incomplete entity, from its `&` on. */
  #entity = ""

  /** @param root the name of the element; any by default */
  constructor(limits: Limits, root: string | undefined) {
    this.#limits = limits
    this.#root = root
  }

  /** Reads the next piece. */
  push(piece: string): void {
    let at = 0
    while (at < piece.length && this.failure === undefined) {
      at = this.#state === over
        ? this.#readOver(piece, at)
        : this.#state === inText
        ? this.#readText(piece, at)
        : this.#readMarkup(piece, at)
    }
    this.#read += piece.length
    if (this.failure === undefined && this.#read > this.#limits.maxLength) {
      this.#fail("Length", `The text is longer than ${this.#limits.maxLength} characters`)
    }
  }

  /** The element so far, or `undefined` before it starts. A value that was returned is never changed. */
  value(): Xml | undefined {
    if (this.#whole !== undefined) return this.#whole
    let inner: Xml | undefined
    for (let i = this.#open.length - 1; i >= 0; i--) {
      const { children, name, text } = this.#open[i]!
      inner = { [name]: inner !== undefined ? [...children, inner] : children.length > 0 ? children.slice() : text }
    }
    return inner
  }

  /** Ends the text. Returns the complete element; without one it returns `undefined` and sets {@link failure}. */
  end(): Xml | undefined {
    if (this.failure === undefined && this.#whole === undefined) {
      const open = this.#open[this.#open.length - 1]
      if (open === undefined) {
        this.#fail("Empty", this.#root === undefined ? "There is no XML element" : `There is no <${this.#root}>`)
      } else this.#fail("Incomplete", `Expected ${closeTag(open.name)} before the end`)
    }
    return this.failure === undefined ? this.#whole : undefined
  }

  /** Looks behind the element for the end of reasoning that it was part of. */
  #readOver(piece: string, from: number): number {
    const end = this.#closing.endIn(piece.slice(from))
    if (end === -1) return piece.length
    this.#restart()
    return from + end
  }

  /** Forgets all that was read: only the closing tag of reasoning was sent. */
  #restart(): void {
    this.#closing.stop()
    this.#open = []
    this.#whole = undefined
    this.#state = inText
    this.cost = 0
    this.version++
  }

  /** Reads text up to the next markup. Like the other readers, it returns the position where it stopped. */
  #readText(piece: string, from: number): number {
    if (this.#entity !== "") return this.#readEntity(piece, from)
    let at = from
    while (at < piece.length) {
      const char = piece[at]
      if (char === "<") {
        this.#add(piece.slice(from, at))
        this.#markup = "<"
        this.#ending = ""
        this.#state = inMarkup
        return at + 1
      }
      if (char === "&" && this.#open.length > 0) {
        this.#add(piece.slice(from, at))
        this.#entity = "&"
        return at + 1
      }
      at++
    }
    this.#add(piece.slice(from))
    return at
  }

  #readEntity(piece: string, at: number): number {
    const char = piece[at]!
    if (/[\w#]/.test(char) && this.#entity.length < 12) {
      this.#entity += char
      return at + 1
    }
    const text = char === ";" ? entityText(this.#entity) : undefined
    this.#add(text ?? this.#entity)
    this.#entity = ""
    return text === undefined ? at : at + 1
  }

  /** Reads more markup. Markup that turns out to be none becomes text. */
  #readMarkup(piece: string, from: number): number {
    if (this.#ending === ">") return this.#readTag(piece, from)
    if (this.#ending !== "") return this.#readUntil(piece, from)
    // The characters after the `<` decide which markup it is.
    const start = this.#markup + piece[from]!
    if (!startsMarkup.test(start)) {
      this.#notMarkup()
      return from
    }
    this.#markup = start
    this.#ending = endingOf(start)
    this.#quote = ""
    this.#tail = ""
    return from + 1
  }

  #readTag(piece: string, from: number): number {
    for (let at = from; at < piece.length; at++) {
      const char = piece[at]!
      if ((char === "<" && this.#quote === "") || this.#markup.length > longestTag) {
        this.#notMarkup()
        return at
      }
      this.#markup += char
      if (this.#quote !== "") {
        if (char === this.#quote) this.#quote = ""
      } else if ((char === "\"" || char === "'") && this.#markup.at(-2) === "=") this.#quote = char
      else if (char === ">") {
        this.#state = inText
        const name = /^<\/?([^\s/>]+)/.exec(this.#markup)?.[1] ?? ""
        if (this.#markup.startsWith("</")) this.#close(name)
        else if (!this.#markup.startsWith("<!")) this.#start(name, this.#markup.endsWith("/>"))
        return at + 1
      }
    }
    return piece.length
  }

  /** Reads a comment, a CDATA section or a processing instruction. */
  #readUntil(piece: string, from: number): number {
    const ending = this.#ending
    const before = this.#tail
    // The ending may be split between pieces.
    const found = (before + piece.slice(from)).indexOf(ending)
    const to = found === -1 ? piece.length : from + found - before.length + ending.length
    this.#tail = (before + piece.slice(from, to)).slice(1 - ending.length)
    if (ending === "]]>") this.#section += piece.slice(from, to)
    if (found === -1) return to
    this.#state = inText
    const section = this.#section
    this.#section = ""
    this.#add(section.slice(0, -ending.length))
    return to
  }

  #notMarkup(): void {
    this.#add(this.#markup)
    this.#markup = ""
    this.#state = inText
  }

  #start(name: string, empty: boolean): void {
    if (isThinkName(name)) this.#closing.stop()
    if (this.#open.length === 0 && this.#root !== undefined && name !== this.#root) return
    if (this.#open.length === this.#limits.maxDepth) {
      this.#fail("Depth", `The elements are nested more than ${this.#limits.maxDepth} levels deep`)
      return
    }
    this.#open.push({ name, children: [], text: "", space: "" })
    this.cost += openWeight
    this.version++
    if (empty) this.#close(name)
  }

  #close(name: string): void {
    const open = this.#open[this.#open.length - 1]
    if (isThinkName(name) && !this.#closing.stopped) return this.#restart()
    // A closing tag before the element is ignored.
    if (open === undefined) return
    if (name !== open.name) {
      this.#fail("Syntax", `Expected ${closeTag(open.name)}, got ${closeTag(name)}`)
      return
    }
    this.#open.pop()
    this.cost -= openWeight + open.children.length
    const text = open.text + open.space.trimEnd()
    const whole: Xml = { [name]: open.children.length > 0 ? open.children : text }
    const parent = this.#open[this.#open.length - 1]
    if (parent === undefined) {
      this.#whole = whole
      this.#state = over
      // A text that is XML from its first character on has no reasoning before it.
      if (!this.#amidProse) this.#closing.stop()
    } else {
      parent.children.push(whole)
      this.cost++
    }
  }

  #add(text: string): void {
    const open = this.#open[this.#open.length - 1]
    if (open === undefined && text.trim() !== "") this.#amidProse = true
    // Text between elements is layout.
    if (open === undefined || open.children.length > 0 || text === "") return
    const shown = (open.text === "" ? text.trimStart() : text).trimEnd()
    if (shown === "") {
      if (open.text !== "") open.space += text
      return
    }
    const start = open.text === "" ? text.length - text.trimStart().length : 0
    const space = text.slice(start + shown.length)
    // The first half of a surrogate pair is held until the second arrives.
    const half = space === "" && isHighSurrogate(shown.slice(-1)) ? shown.slice(-1) : ""
    open.text += open.space + shown.slice(0, shown.length - half.length)
    open.space = half + space
    this.version++
  }

  #fail(reason: Failure["reason"], message: string): void {
    const path = this.#open.map((open) => open.name)
    this.failure = { reason, message, expected: message, position: this.#read, path }
  }
}

const closeTag = (name: string): string => `</${excerpt(name, 50)}>`

/** A `<` and the start of a name, `/`, `?`, `!--`, `!DOCTYPE` or `![CDATA[`. */
const startsMarkup = /^<(?:\/?[\p{L}_]|\/$|\?|!(?:$|--?$|D|\[(?:$|C(?:$|D(?:$|A(?:$|T(?:$|A(?:$|\[))))))))/u

/** The text that ends the markup with this start, or `""` if that is not known yet. */
const endingOf = (start: string): string => {
  if (start === "<?") return "?>"
  if (start === "<!--") return "-->"
  if (start === "<![CDATA[") return "]]>"
  return start === "<!D" || /^<\/?[^/!]/.test(start) ? ">" : ""
}

const entityText = (entity: string): string | undefined => {
  const named = entities[entity]
  if (named !== undefined) return named
  const [, hex, decimal] = /^&#(?:x([\da-f]+)|(\d+))$/i.exec(entity) ?? []
  const code = hex === undefined ? Number(decimal ?? NaN) : parseInt(hex, 16)
  return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : undefined
}

const entities: { readonly [entity: string]: string } = {
  "&lt": "<",
  "&gt": ">",
  "&amp": "&",
  "&quot": "\"",
  "&apos": "'"
}
