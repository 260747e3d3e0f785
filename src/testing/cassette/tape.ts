/**
 * The exchanges of one cassette in use: answers requests with recorded exchanges, and records new ones. Made by
 * `Cassette.ts`, whose transport calls it for each request. New exchanges are written when they end.
 *
 * @internal
 */
import type * as Context from "effect/Context"
import { UnsupportedError } from "../../ChatModelError.ts"
import type { Fetch } from "../../internal/http/transport.ts"
import type { ExchangeRedaction, RedactedRequest } from "../../internal/wire/redaction.ts"
import { sentRequest, tapped } from "../../internal/wire/tap.ts"
import type { ExchangeTap, SentRequest } from "../../internal/wire/tap.ts"
import type { Script } from "../server/steps.ts"
import { writeTape } from "./format.ts"
import type { Exchange } from "./format.ts"
import { canonical, describe, keyOf, nearest } from "./match.ts"
import type { Canonical } from "./match.ts"
import { play, scriptOf } from "./player.ts"
import { Recording } from "./recording.ts"

/** The variable that says what happens to requests where the test does not. */
export const modeVariable = "RIVULET_CASSETTES"

/** Whether requests are sent, answered from the cassette, or refused. */
export type Mode = "record" | "replay" | "auto" | "refuse"

/** The settings of a tape. */
export interface TapeOptions {
  readonly name: string
  readonly path: string
  readonly mode: Mode
  readonly speed: number
  readonly ignore: ReadonlyArray<string>
  readonly redact: (request: SentRequest) => ExchangeRedaction
  readonly edit: (answer: Script, request: RedactedRequest) => Script
}

/** A recorded exchange, and whether it was played. */
interface Track {
  readonly exchange: Exchange
  readonly canonical: Canonical
  readonly key: string
  played: boolean
}

/** The exchanges of one cassette. */
export class Tape {
  readonly #options: TapeOptions
  readonly #tracks: ReadonlyArray<Track>
  /** Recordings in the order of their requests. */
  readonly #made: Array<Recording> = []
  #unsaved = false

  constructor(options: TapeOptions, exchanges: ReadonlyArray<Exchange>) {
    this.#options = options
    this.#tracks = exchanges.map((exchange) => {
      const asked = canonical(exchange.request, options.ignore)
      return { exchange, canonical: asked, key: keyOf(asked), played: false }
    })
  }

  /** Sends a request, or answers it. */
  fetch(next: Fetch, services: Context.Context<never>): Fetch {
    const { edit, ignore, mode, name, redact, speed } = this.#options
    const recording = tapped(next, (request) => this.#record(redact(request)))
    if (mode === "record") return recording
    return (input, init) => {
      const { request } = redact(sentRequest(input, init))
      const asked = canonical(request, ignore)
      const key = keyOf(asked)
      const equal = this.#tracks.filter((track) => track.key === key)
      const track = mode === "refuse" ? undefined : equal.find(({ played }) => !played)
      if (track === undefined) {
        return mode === "auto" ? recording(input, init) : Promise.reject(this.#refusal(request, asked, equal.length))
      }
      track.played = true
      return play(edit(scriptOf(track.exchange), track.exchange.request), { name, speed, services })(input, init)
    }
  }

  /** Writes what has not been written: exchanges that are left open, and those that could not be written before. */
  close(): void {
    if (this.#unsaved || this.#made.some(({ ended }) => !ended)) this.#save()
  }

  #record(redaction: ExchangeRedaction): ExchangeTap {
    const recording = new Recording(redaction, () => {
      // This runs within a read of a body. `close` tries again, and tells the error.
      this.#unsaved = true
      try {
        this.#save()
      } catch {
        return
      }
      this.#unsaved = false
    })
    this.#made.push(recording)
    return recording
  }

  #save(): void {
    const { mode, path } = this.#options
    const kept = mode === "auto" ? this.#tracks.map(({ exchange }) => exchange) : []
    writeTape(path, [...kept, ...this.#made.map(({ exchange }) => exchange)])
  }

  #refusal({ method, url }: RedactedRequest, asked: Canonical, equal: number): UnsupportedError {
    const { mode, name, path } = this.#options
    const what = `${method} ${url}`
    const cassette = `The cassette ${JSON.stringify(name)}`
    if (mode === "refuse") return new UnsupportedError({ message: `${cassette} refuses all requests: ${what}` })
    return new UnsupportedError({
      message: `${cassette} has no answer to ${what}. ${this.#reason(asked, equal)}. To record it into ${path}, ` +
        `run the test with a key and the mode record (${modeVariable}=record), or auto to keep what is recorded`
    })
  }

  #reason(asked: Canonical, equal: number): string {
    if (equal > 0) return `The request was recorded ${times(equal)} and is sent once more`
    const found = nearest(this.#tracks.map(({ canonical }) => canonical), asked)
    if (found === undefined) return "It is empty or does not exist"
    return `The nearest of ${this.#tracks.length} recorded requests is number ${found.index + 1}: ${
      describe(found.differences)
    }`
  }
}

const times = (count: number): string => count === 1 ? "once" : count === 2 ? "twice" : `${count} times`
