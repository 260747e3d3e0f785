/**
 * The table of the capabilities of all providers: for a terminal, and for the page docs/models.md, which `npm run docs`
 * writes. No request is made.
 */
import * as Effect from "effect/Effect"
import type { Capabilities } from "../Capabilities.ts"
import type { Providers } from "../ModelRegistry.ts"

/** A provider and the capabilities that it declares. */
export interface Row {
  readonly name: string
  readonly capabilities: Capabilities
}

/** Each capability with its short title, its long title, and the meaning of a tick. */
const columns: ReadonlyArray<readonly [key: keyof Capabilities, short: string, title: string, meaning: string]> = [
  ["tokenStreaming", "tokens", "Token streaming", "the answer arrives token by token"],
  ["tools", "tools", "Tools", "the model calls the caller's tools"],
  [
    "parallelToolCalls",
    "parallel",
    "Parallel calls",
    "one answer may call several tools, and `parallelToolCalls: false` prevents it"
  ],
  ["streamedToolArguments", "args", "Streamed arguments", "the arguments of a tool call arrive in slices"],
  ["structuredOutput", "json", "Structured output", "the provider enforces a JSON Schema"],
  ["imageInput", "image-in", "Images in", "messages may contain images"],
  ["imageOutput", "image-out", "Images out", "answers may contain images"],
  ["fileInput", "files", "Files", "messages may contain documents, such as PDF files"],
  ["reasoning", "reasons", "Reasoning", "reasoning arrives in parts of its own"],
  ["citations", "cites", "Citations", "answers may cite their sources"],
  ["streamedUsage", "usage", "Usage", "streams report usage"],
  [
    "promptCaching",
    "cache",
    "Prompt caching",
    "the provider can cache parts of the prompt, and usage reports the cached tokens"
  ],
  ["serverTools", "server", "Server tools", "the provider runs tools of its own"]
]

/** The rows of these providers. Makes one model of each to read its capabilities, without any request. */
export const rowsOf = (providers: Providers) =>
  Effect.forEach(Object.entries(providers), ([name, { make, models }]) =>
    Effect.scoped(
      Effect.map(make(models?.[0] ?? "any"), ({ capabilities }): Row => ({ name, capabilities }))
    ))

/**
 * The table for a terminal, with one line for each provider. Where a terminal is too narrow for it, each line lists what
 * the provider supports.
 */
export const plainTable = (rows: ReadonlyArray<Row>, columnsOfTerminal = Infinity): string => {
  const width = Math.max(...rows.map(({ name }) => name.length)) + 2
  if (columns.reduce((sum, [, short]) => sum + short.length + 2, width) > columnsOfTerminal + 2) {
    return rows.map(({ capabilities, name }) => {
      const supported = columns.flatMap(([key, short]) => capabilities[key] ? [short] : [])
      return `${name.padEnd(width)}${supported.join(", ")}\n`
    }).join("")
  }
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
    "The capabilities of each provider through Rivulet. The name in the first column is the one that",
    "`Providers.layerFrom` and `--model` take. If a capability depends on the model that a provider serves, a tick",
    "describes the provider's API.",
    "",
    line(["", ...columns.map(([, , title]) => title)]),
    line([":--", ...columns.map(() => ":-:")]),
    ...rows.map(({ capabilities, name }) =>
      line([`\`${name}\``, ...columns.map(([key]) => capabilities[key] ? "✅" : "❌")])
    ),
    "",
    ...columns.map(([, , title, meaning]) => `- ${title}: ${meaning}.`),
    "",
    "The same values are in `capabilities` of each model, and `rivulet models --table` prints them. `npm run docs`",
    "writes this page from them. `Testing.conformance` tests that every tick works, and that a request for a feature",
    "with a cross fails.",
    ""
  ].join("\n")
}
