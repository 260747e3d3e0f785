import * as Fs from "node:fs"
import { fileURLToPath } from "node:url"

const folder = fileURLToPath(new URL("../../../shared/wire/", import.meta.url))

/** Whether the recorded provider streams lie beside the project. They are not part of it. */
export const available = Fs.existsSync(`${folder}index.json`)

export const skipped = "skipped: the recordings (../shared/wire) are not there"

/** What a recording must fold to, in the provider's own terms. */
export interface Canonical {
  readonly text: string
  readonly reasoning: ReadonlyArray<string>
  readonly toolCalls: ReadonlyArray<{ readonly id: string; readonly name: string; readonly input: unknown }>
  readonly serverToolCalls?: ReadonlyArray<{ readonly id: string; readonly name: string; readonly input: unknown }>
  readonly stopReason: string
  readonly usage: unknown
}

export interface Recording {
  readonly name: string
  readonly bytes: Uint8Array
  readonly canonical: Canonical
}

interface Entry {
  readonly file: string
  readonly api: string
  readonly format: string
  readonly confidence: string
}

const read = (path: string): string => Fs.readFileSync(folder + path, "utf8")

/** A line of JSON as the server-sent event it was made from. */
const frame = (line: string): string => {
  const type = (JSON.parse(line) as { readonly type: string }).type
  return `event: ${type}\ndata: ${line}\n\n`
}

/** The recordings of one API of which is known for certain what they must fold to. */
export const recordings = (api: string): ReadonlyArray<Recording> => {
  if (!available) return []
  const index = JSON.parse(read("index.json")) as { readonly entries: ReadonlyArray<Entry> }
  return index.entries
    .filter((entry) => entry.api === api && entry.confidence === "high")
    .map((entry) => {
      const text = read(entry.file)
      const body = entry.format === "sse" ? text : text.split("\n").filter((line) => line !== "").map(frame).join("")
      const expected = JSON.parse(read(`${entry.file}.expected.json`)) as { readonly canonical: Canonical }
      return { name: entry.file, bytes: new TextEncoder().encode(body), canonical: expected.canonical }
    })
}
