/**
 * Server-sent events, as the WHATWG's HTML standard defines them (section 9.2.6, "Interpreting an event stream"), for
 * bytes that arrive in any cut. Called by the decoders of all wires, once a network read. The bytes of one read are
 * decoded at once, up to the last line end, and the rest waits for the next read. UTF-8 has no line end inside a
 * character, so no character is cut.
 */
import { joinBytes } from "./joinBytes.ts"

/** Receives the frames that have data. An event without a name is a `message`, as the standard says. */
export interface FrameHandler {
  readonly frame: (event: string, data: string) => void
  /** Called for a comment line, which providers send to keep a connection alive. */
  readonly comment: () => void
  /** Called for a line that is no field of an event stream. Such a body may be something else, such as an error. */
  readonly stray: (line: string) => void
  /**
   * May read a frame straight from the text. Called where a frame starts. Gives the position after the frame and its
   * blank line, or -1 to have the frame parsed.
   */
  readonly fast: (text: string, start: number) => number
}

// Each call decodes whole lines and keeps no state, so one decoder serves all streams. The parser drops the byte order
// mark, as only one at the start of a stream is to be dropped.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

const encoder = new TextEncoder()

const LF = 10
const CR = 13

/** The largest frame, in bytes. Images inside a message make frames of many megabytes. */
export const maxFrameBytes = 64 * 1024 * 1024

/** The most bytes of a first line that begins like JSON or a page, which no event stream does. */
export const maxPageBytes = 64 * 1024

/** Cuts bytes into frames. */
export class SseParser {
  readonly #handler: FrameHandler
  #waiting: Array<Uint8Array> | undefined
  #waitingBytes = 0
  #first = true
  #skipLineFeed = false
  #inFrame = false
  #event = ""
  #data: string | undefined
  /** The bytes of the lines so far of a frame that earlier reads began. */
  #frameBytes = 0
  #limit = maxFrameBytes
  /** Whether the body has a line that only event streams have. */
  opened = false

  /** Whether the body begins like JSON or a page, so that it may be as long as a page only. */
  get isPage(): boolean {
    return !this.opened && this.#limit === maxPageBytes
  }

  constructor(handler: FrameHandler) {
    this.#handler = handler
  }

  /** Parses the bytes of one read. Gives false if a frame is larger than {@link maxFrameBytes}, or a page too long. */
  push(bytes: Uint8Array): boolean {
    if (this.#first && this.#waiting === undefined) {
      this.#limit = /^[[{<]/.test(String.fromCharCode(bytes[0] ?? 0)) ? maxPageBytes : maxFrameBytes
    }
    let end = bytes.lastIndexOf(LF)
    if (bytes.includes(CR, end + 1)) end = bytes.lastIndexOf(CR)
    if (end === -1) {
      if (this.#waiting === undefined) this.#waiting = [bytes]
      else this.#waiting.push(bytes)
      this.#waitingBytes += bytes.length
    } else {
      this.#frameBytes += this.#waitingBytes + end + 1
      const head = end === bytes.length - 1 ? bytes : bytes.subarray(0, end + 1)
      const text = decoder.decode(this.#waiting === undefined ? head : joinBytes([...this.#waiting, head]))
      this.#waiting = end === bytes.length - 1 ? undefined : [bytes.subarray(end + 1)]
      this.#waitingBytes = bytes.length - end - 1
      this.#lines(this.#clean(text))
    }
    return this.#waitingBytes + this.#frameBytes <= (this.opened ? maxFrameBytes : this.#limit)
  }

  /** Parses what is left at the end of the body, as if the line ends after it had come. */
  end(): void {
    const left = this.#waiting
    this.#waiting = undefined
    this.#waitingBytes = 0
    if (left !== undefined) this.#lines(this.#clean(`${decoder.decode(joinBytes(left))}\n`))
    this.#dispatch()
  }

  #clean(text: string): string {
    if (this.#first) {
      this.#first = false
      if (text.charCodeAt(0) === 0xfeff) text = text.slice(1)
    }
    if (this.#skipLineFeed && text.charCodeAt(0) === LF) text = text.slice(1)
    this.#skipLineFeed = false
    if (!text.includes("\r")) return text
    this.#skipLineFeed = text.charCodeAt(text.length - 1) === CR
    return text.replace(/\r\n?/g, "\n")
  }

  /** `text` ends with a line feed, unless it is empty. */
  #lines(text: string): void {
    const handler = this.#handler
    let at = 0
    let frameStart = this.#inFrame ? -1 : 0
    while (at < text.length) {
      if (!this.#inFrame) {
        const after = handler.fast(text, at)
        if (after !== -1) {
          at = frameStart = after
          continue
        }
      }
      const end = text.indexOf("\n", at)
      if (end !== at) this.#line(text, at, end)
      else {
        this.#dispatch()
        frameStart = end + 1
      }
      at = end + 1
    }
    // Of a frame that began in this read, only its own lines count.
    if (frameStart !== -1) this.#frameBytes = frameStart === at ? 0 : encoder.encode(text.slice(frameStart)).length
  }

  #line(text: string, start: number, end: number): void {
    this.#inFrame = true
    const line = text.slice(start, end)
    const colon = line.indexOf(":")
    if (colon === 0) {
      this.opened = true
      return this.#handler.comment()
    }
    const value = colon === -1 ? "" : line.slice(colon + (line.charCodeAt(colon + 1) === 32 ? 2 : 1))
    switch (colon === -1 ? line : line.slice(0, colon)) {
      case "data":
        this.opened = true
        this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`
        break
      case "event":
        this.opened = true
        this.#event = value
        break
      // These are for clients that reconnect, and a model's answer cannot be resumed.
      case "id":
      case "retry":
        this.opened = true
        break
      default:
        this.#handler.stray(line)
    }
  }

  #dispatch(): void {
    const data = this.#data
    const event = this.#event
    this.#inFrame = false
    this.#data = undefined
    this.#event = ""
    if (data !== undefined) this.#handler.frame(event === "" ? "message" : event, data)
  }
}
