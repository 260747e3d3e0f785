import * as Fs from "node:fs"
import { fileURLToPath } from "node:url"

const folder = fileURLToPath(new URL("../../../shared/langchain/cases/", import.meta.url))

/** Whether LangChain's recorded cases lie beside the project. They are not part of it. */
export const available = Fs.existsSync(folder)

export const skipped = "skipped: the LangChain cases (../shared/langchain/cases) are absent"

/** A text, and the value that LangChain reads in it. */
export interface TextCase {
  readonly id: string
  readonly input: string
  /** Absent when it throws. */
  readonly expected?: unknown
  readonly throws?: string
}

/** Slices, and the values that a LangChain parser streams. */
export interface StreamCase {
  readonly id: string
  readonly test: string
  readonly parser: string
  /** It streams patches. */
  readonly diff?: boolean
  readonly input_chunks: ReadonlyArray<string | { readonly content: string }>
  readonly expected_chunks: ReadonlyArray<unknown>
}

/** Slices of tool calls, and the calls that LangChain makes of them. */
export interface CollapseCase {
  readonly id: string
  readonly input: {
    readonly chunks: ReadonlyArray<{
      readonly id?: string
      readonly index?: number
      readonly name?: string
      readonly args?: string
    }>
  }
  readonly expected: {
    readonly tool_calls: ReadonlyArray<{ readonly id?: string; readonly name: string; readonly args: unknown }>
    readonly invalid_tool_calls: ReadonlyArray<{ readonly id?: string; readonly name: string; readonly args: string }>
  }
}

const read = (file: string): unknown =>
  available ? JSON.parse(Fs.readFileSync(folder + file, "utf8"), (_, value: unknown) => number(value)) : []

/** Numbers that JSON cannot express are written as `{"$number": "-0"}`. */
const number = (value: unknown): unknown =>
  typeof value === "object" && value !== null && "$number" in value ? Number(value.$number) : value

// The readme of the folder states these types.
export const strictCases = read("partial-json-strict.json") as ReadonlyArray<TextCase>
export const markdownCases = read("partial-json-markdown.json") as ReadonlyArray<TextCase>
export const streamCases = read("parser-stream.json") as ReadonlyArray<StreamCase>
export const collapseCases = read("collapse-tool-call-chunks.json") as ReadonlyArray<CollapseCase>
