import * as Fs from "node:fs"
import { fileURLToPath } from "node:url"

const folder = fileURLToPath(new URL("../../../shared/wire/", import.meta.url))

/** Whether the recorded provider streams lie beside the project. They are not part of it. */
export const available = Fs.existsSync(`${folder}index.json`)

export const skipped = "skipped: the recordings (../shared/wire) are absent"

/** The message or failure that a decoder must make of a recording, in the provider's terms. Usage may be null. */
export interface Canonical {
  readonly text: string
  readonly reasoning?: ReadonlyArray<string>
  readonly toolCalls: ReadonlyArray<{ readonly id: string; readonly name: string; readonly input: unknown }>
  readonly serverToolCalls?: ReadonlyArray<{ readonly id: string; readonly name: string; readonly input: unknown }>
  readonly stopReason: string
  readonly usage: unknown
  readonly error?: { readonly message: string }
  readonly partial?: { readonly text: string }
}

export interface Recording {
  readonly name: string
  /** The name of its folder: the provider whose server sent it. */
  readonly provider: string
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

/** Lines of JSON as the server-sent events they were made from. */
const framed = (text: string, api: string): string => {
  const lines = text.split("\n").filter((line) => line !== "")
  if (api === "chat") return [...lines, "[DONE]"].map((line) => `data: ${line}\n\n`).join("")
  return lines
    .map((line) => `event: ${(JSON.parse(line) as { readonly type: string }).type}\ndata: ${line}\n\n`)
    .join("")
}

/** The recordings of one API whose expected result has this confidence. */
export const recordings = (api: string, confidence = "high"): ReadonlyArray<Recording> => {
  if (!available) return []
  const index = JSON.parse(read("index.json")) as { readonly entries: ReadonlyArray<Entry> }
  return index.entries
    .filter((entry) => entry.api === api && entry.confidence === confidence)
    .map((entry) => {
      const text = read(entry.file)
      const body = entry.format === "sse" ? text : framed(text, api)
      const expected = JSON.parse(read(`${entry.file}.expected.json`)) as { readonly canonical: Canonical }
      const provider = entry.file.slice(0, entry.file.indexOf("/"))
      return { name: entry.file, provider, bytes: new TextEncoder().encode(body), canonical: expected.canonical }
    })
}
