// The cost of importing the library, beyond that of the modules of effect that it needs.
import { execFile } from "node:child_process"
import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { median, quantile } from "../lab.mjs"

const run = promisify(execFile)
const here = fileURLToPath(new URL("..", import.meta.url))
const entries = ["rivulet", "rivulet/Anthropic"]

/** The modules outside the package that its entries import when they are loaded. */
const externals = async () => {
  /** @type {Set<string>} */
  const files = new Set()
  /** @type {Set<string>} */
  const found = new Set()
  const walk = async (/** @type {string} */ url) => {
    if (files.has(url)) return
    files.add(url)
    const source = await readFile(new URL(url), "utf8")
    // Statements as tsc writes them; `import()` is for later and does not match.
    const imports = source.matchAll(/^(?:import|export) (?:[^"';]+ from )?"([^"]+)"/gm)
    for (const [, specifier = ""] of imports) {
      if (specifier.startsWith(".")) await walk(new URL(specifier, url).href)
      else if (!specifier.startsWith("node:")) found.add(specifier)
    }
  }
  for (const entry of entries) await walk(import.meta.resolve(entry))
  return [...found].toSorted()
}

/** Milliseconds that a fresh process needs to import the modules. */
const timeOf = async (/** @type {ReadonlyArray<string>} */ modules) => {
  const source = `const start = performance.now()
    await Promise.all(${JSON.stringify(modules)}.map((name) => import(name)))
    console.log(performance.now() - start)`
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", source], { cwd: here })
  return Number(stdout)
}

/** @param {{ runs: number }} how */
export const imports = async ({ runs }) => {
  const needed = await externals()
  const candidates = [
    { name: `effect (${needed.length} modules)`, modules: needed },
    { name: "rivulet", modules: ["rivulet"] },
    { name: entries.join(" and "), modules: entries },
    { name: "the SDK, which waits for the first call", modules: ["@anthropic-ai/sdk"] }
  ].map((candidate) => ({ ...candidate, times: /** @type {Array<number>} */ ([]) }))
  for (let i = -1; i < runs; i++) {
    for (const { modules, times } of candidates) {
      const time = await timeOf(modules)
      if (i >= 0) times.push(time)
    }
  }
  const base = candidates[0]?.times ?? []
  const extra = candidates[2]?.times.map((time, i) => time - (base[i] ?? NaN)) ?? []
  return {
    runs,
    modules: needed,
    clients: candidates.map(({ name, times }) => ({ name, millis: median(times) })),
    extra: { millis: median(extra), p10: quantile(extra, 0.1), p90: quantile(extra, 0.9), goal: 80 }
  }
}
