/**
 * The file of a cassette: JSON with one exchange after the other, a line for each read of a body, so that a change of an
 * answer is a change of a few lines. Read and written by `tape.ts`. A file is written beside its place and then renamed, so
 * that it is never half there.
 *
 * @internal
 */
import * as Schema from "effect/Schema"
import * as Fs from "node:fs"
import { dirname } from "node:path"

const Headers = Schema.Record(Schema.String, Schema.String)

/** One read of a body: a text, or bytes that are no UTF-8 by themselves. Times are in milliseconds since the request. */
const Read = Schema.Union([
  Schema.Struct({ at: Schema.Finite, text: Schema.String }),
  Schema.Struct({ at: Schema.Finite, base64: Schema.String })
])

/** An error of the connection, outermost first. */
const Failure = Schema.Struct({ message: Schema.String, code: Schema.optional(Schema.String) })

/** One request, its answer, and how the exchange ended. */
export const Exchange = Schema.Struct({
  request: Schema.Struct({
    method: Schema.String,
    url: Schema.String,
    headers: Headers,
    body: Schema.optional(Schema.Unknown)
  }),
  response: Schema.optional(Schema.Struct({
    at: Schema.Finite,
    status: Schema.Finite,
    headers: Headers,
    body: Schema.Array(Read)
  })),
  end: Schema.Struct({
    at: Schema.Finite,
    how: Schema.Literals(["complete", "left", "failed"]),
    /** Whether the reader was waiting for more when it left. */
    waiting: Schema.optional(Schema.Boolean),
    error: Schema.optional(Schema.Array(Failure))
  })
})

/** One request, its answer, and how the exchange ended. */
export interface Exchange extends Schema.Schema.Type<typeof Exchange> {}

/** A read of a body, in a file. */
export type Read = typeof Read.Type

const File = Schema.Struct({ version: Schema.Literal(1), exchanges: Schema.Array(Exchange) })

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(File))

/** The exchanges of a file, or undefined if there is none. Throws if it cannot be read or is no cassette. */
export const readTape = (path: string): ReadonlyArray<Exchange> | undefined =>
  Fs.existsSync(path) ? decode(Fs.readFileSync(path, "utf8")).exchanges : undefined

/** Writes a file in place of the one that is there. Throws if it cannot be written. */
export const writeTape = (path: string, exchanges: ReadonlyArray<Exchange>): void => {
  Fs.mkdirSync(dirname(path), { recursive: true })
  const draft = `${path}.${process.pid}.tmp`
  Fs.writeFileSync(draft, print(exchanges))
  Fs.renameSync(draft, path)
}

const print = (exchanges: ReadonlyArray<Exchange>): string =>
  `${object({ version: "1", exchanges: list(exchanges.map(printExchange)) })}\n`

const printExchange = ({ end, request, response }: Exchange): string =>
  object({
    request: JSON.stringify(request, undefined, 2),
    ...(response === undefined ? undefined : {
      response: object({
        at: String(response.at),
        status: String(response.status),
        headers: JSON.stringify(response.headers, undefined, 2),
        body: list(response.body.map((read) => JSON.stringify(read)))
      })
    }),
    end: JSON.stringify(end)
  })

/** An object whose fields are JSON already. */
const object = (fields: { readonly [name: string]: string }): string =>
  `{\n${Object.entries(fields).map(([name, json]) => indented(`"${name}": ${json}`)).join(",\n")}\n}`

/** An array whose items are JSON already. */
const list = (items: ReadonlyArray<string>): string =>
  items.length === 0 ? "[]" : `[\n${items.map(indented).join(",\n")}\n]`

const indented = (json: string): string => json.replace(/^/gm, "  ")
