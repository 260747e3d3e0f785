/**
 * The flag `--wire`: shows what goes to the provider and what comes back, on stderr, as it happens. commands.ts loads it when
 * the flag is given. Each line of a body is shown when it is complete, so that no secret is cut in two.
 */
import { layerWrap } from "../HttpTransport.ts"
import { LineSplitter } from "../internal/http/lineSplitter.ts"
import { redaction } from "../internal/wire/redaction.ts"
import { tapped } from "../internal/wire/tap.ts"
import type { ExchangeTap, SentRequest, WireEnd } from "../internal/wire/tap.ts"
import { bold, dim, red, trace, visible } from "./output.ts"

/** A layer under which every exchange is shown. */
export const shown = layerWrap((next) => tapped(next, show))

const redact = redaction()

const show = (sent: SentRequest): ExchangeTap => {
  const { headers: headersOf, request, text } = redact(sent)
  const { body, headers, method, url } = request
  const decoder = new TextDecoder()
  const lines = new LineSplitter()
  const timed = (at: number, lines: ReadonlyArray<string>) => {
    for (const each of lines) {
      if (each !== "") line("<", `${dim(process.stderr, millis(at).padStart(9))}  ${visible(text(each))}`)
    }
  }
  let last = 0

  head(">", `${method} ${url}`, headers)
  if (body !== undefined) { for (const each of bodyOf(body).split("\n")) line(">", visible(each)) }
  return {
    response: ({ at, headers, status }) => head("<", `HTTP ${status} after ${millis(at)}`, headersOf(headers)),
    bytes: (bytes, at) => {
      last = at
      timed(at, lines.push(decoder.decode(bytes, { stream: true })))
    },
    end: (end) => {
      timed(last, [...lines.push(decoder.decode()), ...lines.end()])
      line("<", endOf(end, text))
    }
  }
}

const line = (mark: string, words: string): void => trace(`${dim(process.stderr, mark)} ${words}`)

const head = (mark: string, first: string, headers: { readonly [name: string]: string }): void => {
  line(mark, bold(process.stderr, visible(first)))
  for (const [name, value] of Object.entries(headers)) line(mark, dim(process.stderr, visible(`${name}: ${value}`)))
}

const endOf = (end: WireEnd, text: (error: string) => string): string => {
  switch (end.how) {
    case "complete":
      return bold(process.stderr, `complete after ${millis(end.at)}`)
    case "left":
      return bold(process.stderr, `left after ${millis(end.at)}`)
    case "failed":
      return red(process.stderr, visible(`failed after ${millis(end.at)}: ${text(messagesOf(end.error))}`))
  }
}

const messagesOf = (error: unknown): string => {
  const messages: Array<string> = []
  for (let each = error; each instanceof Error && messages.length < 5; each = each.cause) messages.push(each.message)
  return messages.length === 0 ? String(error) : messages.join(": ")
}

const millis = (at: number): string => `${at.toFixed(1)} ms`

/** The most characters of one text of a request, such as an image in base64. */
const longest = 2000

const bodyOf = (body: unknown): string =>
  typeof body === "string" ? shortened(body) : JSON.stringify(
    body,
    (_, value: unknown) => typeof value === "string" ? shortened(value) : value,
    2
  )

const shortened = (text: string): string =>
  text.length <= longest ? text : `${text.slice(0, longest)}… (${text.length} characters)`
