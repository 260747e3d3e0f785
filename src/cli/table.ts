/** What each provider can do, as a table: for a terminal, and for a page of the documentation. */
import * as Effect from "effect/Effect"
import type { Capabilities } from "../Capabilities.ts"
import type { Providers } from "../ModelRegistry.ts"

/** A provider, and what it declares. */
export interface Row {
  readonly name: string
  readonly capabilities: Capabilities
}

/** Each capability with its short title, its long one, and what a tick means. */
const columns: ReadonlyArray<readonly [key: keyof Capabilities, short: string, title: string, meaning: string]> = [
  ["tokenStreaming", "tokens", "Token streaming", "the answer arrives token by token"],
  ["tools", "tools", "Tools", "it calls the caller's tools"],
  [
    "parallelToolCalls",
    "parallel",
    "Parallel calls",
    "one answer may call several tools, and can be told not to"
  ],
  ["streamedToolArguments", "args", "Streamed arguments", "the arguments of a call arrive in slices"],
  ["structuredOutput", "json", "Structured output", "the provider holds an answer to a JSON Schema"],
  ["imageInput", "image-in", "Images in", "images go in"],
  ["imageOutput", "image-out", "Images out", "answers may contain images"],
  ["fileInput", "files", "Files", "documents such as PDF files go in"],
  ["reasoning", "reasons", "Reasoning", "reasoning is shown in parts of its own"],
  ["citations", "cites", "Citations", "answers cite their sources"],
  ["streamedUsage", "usage", "Usage", "a stream tells its usage"],
  ["promptCaching", "cache", "Prompt caching", "parts of the prompt are kept, and the usage tells what was"],
  ["serverTools", "server", "Server tools", "the provider runs tools of its own"]
]

/** Makes one model of each provider, which asks nobody, and takes down what it declares. */
export const rowsOf = (providers: Providers) =>
  Effect.forEach(Object.entries(providers), ([name, { make, models }]) =>
    Effect.scoped(
      Effect.map(make(models?.[0] ?? "any"), ({ capabilities }): Row => ({ name, capabilities }))
    ))

/** The table for a terminal, a provider a line. */
export const plainTable = (rows: ReadonlyArray<Row>): string => {
  const width = Math.max(...rows.map(({ name }) => name.length)) + 2
  const row = (name: string, cells: ReadonlyArray<string>) =>
    `${name.padEnd(width)}${columns.map(([, short], i) => (cells[i] ?? "").padEnd(short.length + 2)).join("")}`
      .trimEnd()
  return [
    row("", columns.map(([, short]) => short)),
    ...rows.map(({ capabilities, name }) => row(name, columns.map(([key]) => capabilities[key] ? "✓" : "✗")))
  ].join("\n") + "\n"
}

const line = (cells: ReadonlyArray<string>): string => `| ${cells.join(" | ")} |`

/** The page of the documentation. */
export const markdownPage = (rows: ReadonlyArray<Row>): string => {
  return [
    "# Models",
    "",
    "What each provider can do through Rivulet, by the name that `Providers.layerFrom` and `--model` take. Where it depends",
    "on the model a provider serves, a tick says that the provider's API can do it.",
    "",
    line(["", ...columns.map(([, , title]) => title)]),
    line([":--", ...columns.map(() => ":-:")]),
    ...rows.map(({ capabilities, name }) =>
      line([`\`${name}\``, ...columns.map(([key]) => capabilities[key] ? "✅" : "❌")])
    ),
    "",
    ...columns.map(([, , title, meaning]) => `- ${title}: ${meaning}.`),
    "",
    "Each model says the same of itself, as `capabilities`, and `rivulet models --table` prints it. This page is made of",
    "that by `npm run docs`. Every tick is shown, and every cross that one can ask for turned down, by",
    "`Testing.conformance`.",
    ""
  ].join("\n")
}
