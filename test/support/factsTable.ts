// The table of facts beside the repository, and a reader of its rules. Independent of src: the judge of requests and the
// tests of the catalogue read facts here, so that a wrong rule of the library does not agree with itself.
import * as Fs from "node:fs"
import { fileURLToPath } from "node:url"

const folder = fileURLToPath(new URL("../../../shared/models/", import.meta.url))

/** Whether the table of models lies beside the project. It is not part of it. */
export const available = Fs.existsSync(`${folder}facts.json`)

export const skipped = "skipped: the table of models (../shared/models) is absent"

/** JSON whose fields are looked at by name. */
export type Json = any // oxlint-disable-line typescript/no-explicit-any -- the files' own README states the types

/** The model that a rule is about. `provider` is a name of `Providers`. */
export interface Subject {
  readonly provider: string
  readonly api: string
  readonly model: string
}

/** The facts of a model, with the names of the table. */
export interface TableFacts {
  readonly [field: string]: Json
}

interface TableRule extends TableFacts {
  readonly match: string
  readonly provider?: ReadonlyArray<string>
  readonly api?: string
}

const read = (file: string): Json => available ? JSON.parse(Fs.readFileSync(folder + file, "utf8")) : []

export const rules: ReadonlyArray<TableRule> = read("facts.json").rules ?? []

/** A call and the request that should be sent for it. */
export interface Case extends Subject {
  readonly id: string
  readonly options: Json
  readonly want: {
    readonly body?: Json
    readonly absent?: ReadonlyArray<string>
    readonly warn?: ReadonlyArray<string>
    readonly fail?: string
  }
  readonly why: string
}

export const cases: ReadonlyArray<Case> = read("cases.json")

const about = new Set(["match", "provider", "api", "sources", "confidence", "note"])

/** Whether a rule is about a model. */
export const hits = (rule: TableRule, { api, model, provider }: Subject): boolean => {
  if (!new RegExp(rule.match, "i").test(model)) return false
  if (rule.api !== undefined && rule.api !== api) return false
  if (rule.provider === undefined) return true
  // The library calls both of OpenAI's APIs `openai`, the table calls one of them `openai-chat`.
  const names = provider.startsWith("openai") && provider !== "openai-compatible"
    ? ["openai", "openai-chat"]
    : [provider]
  return names.some((name) => rule.provider?.includes(name))
}

/** The facts of a model: of each field the value of the first rule that hits and has it. */
export const factsOf = (subject: Subject): TableFacts => {
  const facts: { [field: string]: Json } = {}
  for (const rule of rules.filter((rule) => hits(rule, subject))) {
    for (const field of Object.keys(rule)) {
      if (!about.has(field) && !(field in facts)) facts[field] = rule[field]
    }
  }
  return facts
}
