/**
 * One exchange while it is recorded. Made by `tape.ts` for each request that is sent.
 *
 * @internal
 */
import type { ExchangeRedaction } from "../../internal/wire/redaction.ts"
import type { ExchangeTap, ResponseHead, WireEnd } from "../../internal/wire/tap.ts"
import type { Exchange, Read } from "./format.ts"

/** Headers that describe the connection or the program, and change with either. */
const ofConnection =
  /^(accept-encoding|accept-language|connection|content-encoding|content-length|date|host|keep-alive|sec-.*|transfer-encoding|user-agent|x-stainless-.*)$/

/** Records one exchange. */
export class Recording implements ExchangeTap {
  ended = false
  readonly #redaction: ExchangeRedaction
  readonly #onEnd: () => void
  readonly #bytes: Array<Uint8Array> = []
  readonly #times: Array<number> = []
  #head: ResponseHead | undefined
  /** The exchange once it has ended. A file is written after each answer, with those before it. */
  #made: Exchange | undefined
  #end: WireEnd = { at: 0, how: "left", waiting: true }

  constructor(redaction: ExchangeRedaction, onEnd: () => void) {
    this.#redaction = redaction
    this.#onEnd = onEnd
  }

  response(head: ResponseHead): void {
    this.#head = head
    this.#end = { at: head.at, how: "left", waiting: true }
  }

  bytes(bytes: Uint8Array, at: number): void {
    // The owner of the bytes may write over them.
    this.#bytes.push(bytes.slice())
    this.#times.push(at)
    this.#end = { at, how: "left", waiting: true }
  }

  end(end: WireEnd): void {
    this.ended = true
    this.#end = end
    this.#onEnd()
  }

  /** The exchange without its secrets. If it has not ended, its reader has left it. */
  get exchange(): Exchange {
    const exchange = this.#made ?? this.#exchange()
    if (this.ended) this.#made = exchange
    return exchange
  }

  #exchange(): Exchange {
    const { request } = this.#redaction
    return {
      request: { ...request, headers: kept(request.headers) },
      ...(this.#head === undefined ? undefined : {
        response: {
          at: rounded(this.#head.at),
          status: this.#head.status,
          headers: kept(this.#redaction.headers(this.#head.headers)),
          body: this.#redaction.reads(this.#bytes).flatMap((bytes, i) =>
            bytes.length === 0 ? [] : readOf(bytes, this.#times[i] ?? 0)
          )
        }
      }),
      end: this.#endOf(this.#end)
    }
  }

  #endOf(end: WireEnd): Exchange["end"] {
    const at = rounded(end.at)
    return end.how === "failed" ? { at, how: end.how, error: this.#chain(end.error) } : { ...end, at }
  }

  /** An error and its causes. */
  #chain(error: unknown): NonNullable<Exchange["end"]["error"]> {
    const chain: Array<{ readonly message: string; readonly code?: string }> = []
    for (let each = error; each instanceof Error && chain.length < 5; each = each.cause) {
      const code: unknown = "code" in each ? each.code : undefined
      chain.push({ message: this.#redaction.text(each.message), ...(typeof code === "string" ? { code } : undefined) })
    }
    return chain
  }
}

/** Hundredths of a millisecond. */
const rounded = (at: number): number => Math.round(at * 100) / 100

const kept = (headers: Exchange["request"]["headers"]): Exchange["request"]["headers"] =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !ofConnection.test(name)))

const readOf = (bytes: Uint8Array, at: number): Read => {
  try {
    return { at: rounded(at), text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) }
  } catch {
    return { at: rounded(at), base64: Buffer.from(bytes).toString("base64") }
  }
}
