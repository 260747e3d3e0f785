import * as Fs from "node:fs"
import { fileURLToPath } from "node:url"

const folder = fileURLToPath(new URL("../../../shared/langchain/events/", import.meta.url))

/** Whether LangChain's recorded runs lie beside the project. They are not part of it. */
export const available = Fs.existsSync(folder)

export const skipped = "skipped: the LangChain runs (../shared/langchain/events) are absent"

export interface LangChainEvent {
  readonly event: string
  readonly name: string
  readonly run: string
  readonly tags: ReadonlyArray<string>
  readonly data: unknown
}

/** One recorded run: its events, and the failure it ended with, if it did. */
export const langChainRun = (
  file: string
): { readonly events: ReadonlyArray<LangChainEvent>; readonly thrown: boolean } => {
  const lines = Fs.readFileSync(folder + file, "utf8").trim().split("\n").map((line) => JSON.parse(line) as object)
  return {
    events: lines.filter((line): line is LangChainEvent => "event" in line),
    thrown: lines.some((line) => "thrown" in line)
  }
}

const classes = new Map([["AIMessageChunk", "AIMessage"], ["ChatPromptValue", ""]])

/**
 * Data in a form that both sides share: the role and text of a message, and the fields of any other value. The end of a
 * model has a chunk in LangChain and a message here; ids, usage and metadata differ.
 */
export const neutral = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(neutral)
  if (typeof value !== "object" || value === null) return value
  const object = value as Readonly<Record<string, unknown>> // an object of JSON
  const tag = object["$"] ?? object["_tag"]
  if (typeof tag === "string" && "content" in object) {
    return { role: classes.get(tag) ?? tag, content: object["content"] }
  }
  return Object.fromEntries(
    Object.entries(object).filter(([key]) => key !== "$" && key !== "_tag").map(([key, value]) => [key, neutral(value)])
  )
}
