// Compares the library's facts about models with those of others, and prints the differences. Run by `npm run facts`
// before a release. Fails if a model of a known family has no rule of its own, or if a difference is neither mended nor
// accepted in accepted.mjs beside this file.
import { mkdtempSync, rmSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { root, say } from "../lib.mjs"
import { accepted } from "./accepted.mjs"
import { genaiPrices, makers, piAi } from "./sources.mjs"

const load = (path) => import(pathToFileURL(join(root, "dist", path)).href)
const { allRules } = await load("internal/facts/all.js")
const { lookUp } = await load("internal/facts/lookup.js")
const ModelFacts = await load("ModelFacts.js")
const effect = createRequire(join(root, "package.json")).resolve("effect/Effect")
const Effect = await import(pathToFileURL(effect).href)

const work = mkdtempSync(join(tmpdir(), "rivulet-facts-"))
const sources = await (async () => {
  try {
    return [piAi(work), await genaiPrices(work), ...await makers({ Effect, ModelFacts })]
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
})()
for (const { models, name, version } of sources) say(`${name} ${version}: ${models.length} models`)

// -----------------------------------------------------------------------------
// differences
// -----------------------------------------------------------------------------

const fields = ["context", "maxOutput", "in", "out", "read", "write", "over", "overIn", "overOut", "status"]

/** Models of other kinds have no facts here. */
const otherKind = /audio|image|embed|realtime|transcribe|tts|voice|search|research|computer-use|live|ocr|guard|robotics/

const ours = (provider, model) => {
  const api = provider === "anthropic" ? "messages" : "chat"
  const { facts: { context, maxOutput, price, status, thinking }, guess } = lookUp(allRules, { provider, api, model })
  const { over } = price ?? {}
  return {
    isKnown: [context, maxOutput, status, thinking].some((fact) => fact !== undefined),
    guess,
    context,
    maxOutput,
    in: price?.in,
    out: price?.out,
    read: price?.read,
    write: price?.write,
    over: over?.tokens,
    overIn: over?.in,
    overOut: over?.out,
    status: status ?? "active"
  }
}

const used = new Set()
const isAccepted = (source, { model, provider }, field, theirs) => {
  const found = accepted.find((each) =>
    each.source === source && each.provider === provider && each.models.includes(model) && each.field === field &&
    each.theirs === theirs
  )
  if (found !== undefined) used.add(found)
  return found !== undefined
}

/** The models of today by name, each with its facts by source. */
const models = new Map()
const guesses = new Set()
for (const source of sources) {
  for (const facts of source.models.filter(({ model }) => !otherKind.test(model))) {
    const key = `${facts.provider}:${facts.model}`
    if (ours(facts.provider, facts.model).guess && !isAccepted(source.name, facts, "guess")) guesses.add(key)
    // A source that also has models of the past says nothing of one that no other has.
    if (source.past !== true || models.has(key)) models.set(key, { ...models.get(key), [source.name]: facts })
  }
}

/** The values of a field of a model, by source, or undefined if all that differ are accepted. */
const rowOf = (key, bySource, field, own) => {
  let open = false
  const cells = sources.map(({ name }) => {
    const facts = bySource[name]
    const theirs = field === "model" ? undefined : facts?.[field]
    if (facts === undefined || (field !== "model" && theirs === undefined)) return ""
    if (field !== "model" && theirs === own) return "="
    if (isAccepted(name, facts, field, theirs)) return "accepted"
    open = true
    return String(theirs ?? "known")
  })
  return open ? [key, field, String(own ?? ""), ...cells] : undefined
}

const rows = [...models].toSorted(([a], [b]) => a < b ? -1 : 1).flatMap(([key, bySource]) => {
  const [{ model, provider }] = Object.values(bySource)
  const { isKnown, ...own } = ours(provider, model)
  if (own.status === "retired") return []
  if (!isKnown) return [rowOf(key, bySource, "model", "unknown")]
  return fields.map((field) => rowOf(key, bySource, field, own[field]))
}).filter((row) => row !== undefined)

// -----------------------------------------------------------------------------
// report
// -----------------------------------------------------------------------------

const table = [["model", "field", "ours", ...sources.map(({ name }) => name)], ...rows]
const widths = table[0].map((_, i) => Math.max(...table.map((row) => row[i].length)))
say(`\n${rows.length} differences, ${used.size} of ${accepted.length} accepted ones found`)
if (rows.length > 0) {
  say(table.map((row) => row.map((cell, i) => cell.padEnd(widths[i])).join("  ").trimEnd()).join("\n"))
}
for (const each of accepted.filter((each) => !used.has(each))) {
  say(`No longer needed in accepted.mjs: ${each.source}, ${each.provider}, ${each.models.join(" ")}, ${each.field}`)
}
for (const key of guesses) say(`${key} has no rule of its own: add one to src/internal/facts/data`)
if (rows.length + guesses.size > 0) process.exit(1)
