/**
 * Encodes streamed text as bytes. Called by the codecs of `RunEvent` and by `OutputParser`. Imports nothing.
 */
const encoder = new TextEncoder()

/** Encodes text that arrives in any slices as UTF-8, also if a slice ends inside a character. */
export class Utf8Encoder {
  #high = ""

  push(slice: string): Uint8Array {
    const text = this.#high + slice
    const last = text.charCodeAt(text.length - 1)
    const cut = last >= 0xd800 && last < 0xdc00
    this.#high = cut ? text.slice(-1) : ""
    return encoder.encode(cut ? text.slice(0, -1) : text)
  }

  /** The bytes of a character that never became complete. */
  end(): Uint8Array {
    const left = encoder.encode(this.#high)
    this.#high = ""
    return left
  }
}
