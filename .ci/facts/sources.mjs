// Facts about models from other sources: the data of two public packages, and the lists of the makers themselves. Each
// source gives facts under the names that ours have; prices are in US dollars for a million tokens.
import { mkdirSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { output, readJson, run } from "../lib.mjs"

/** Downloads the newest version of a package, without its dependencies, and returns its folder. */
const download = (name, work) => {
  // Without the tag npm takes an older version if the newest one asks for a newer Node.js.
  const [{ filename }] = JSON.parse(
    output("npm", ["pack", "--json", "--loglevel=error", "--pack-destination", work, `${name}@latest`])
  )
  const folder = join(work, filename.replace(/\.tgz$/, ""))
  mkdirSync(folder)
  run("tar", ["-xzf", join(work, filename), "-C", folder])
  return { folder: join(folder, "package"), version: readJson(folder, "package", "package.json").version }
}

/** A number that says something: no cache and no price are written as 0 there. */
const known = (value) => value === undefined || value === null || value === 0 ? undefined : value

// -----------------------------------------------------------------------------
// packages
// -----------------------------------------------------------------------------

const piProviders = ["anthropic", "openai", "google", "xai", "mistral", "deepseek", "moonshotai", "groq"]

/** `@earendil-works/pi-ai`: limits and prices of the models of today. Its data are files of JSON. */
export const piAi = (work) => {
  const { folder, version } = download("@earendil-works/pi-ai", work)
  const data = join(folder, "dist/providers/data")
  const models = piProviders.flatMap((provider) => {
    if (!readdirSync(data).includes(`${provider}.json`)) throw new Error(`pi-ai ${version} has no data of ${provider}`)
    const apis = Object.values(readJson(data, `${provider}.json`))
    const chats = apis.flatMap((models) => Object.values(models)).filter(({ type }) => type === "chat")
    return chats.map(({ contextWindow, cost, id, maxTokens }) => {
      const [tier] = cost.tiers ?? []
      return {
        provider,
        model: id,
        context: known(contextWindow),
        maxOutput: known(maxTokens),
        in: cost.input,
        out: cost.output,
        read: known(cost.cacheRead),
        write: known(cost.cacheWrite),
        over: tier?.inputTokensAbove,
        overIn: tier?.input,
        overOut: tier?.output
      }
    })
  })
  return { name: "pi-ai", version, models }
}

/** Their names of our providers. */
const pricesProviders = {
  anthropic: "anthropic",
  openai: "openai",
  google: "google",
  "x-ai": "xai",
  mistral: "mistral",
  deepseek: "deepseek",
  moonshotai: "moonshotai",
  groq: "groq"
}

/**
 * `@pydantic/genai-prices`: contexts and prices. Its data are in its code. It also has models that are no longer served, and
 * does not tell which.
 */
export const genaiPrices = async (work) => {
  const { folder, version } = download("@pydantic/genai-prices", work)
  const prices = await import(pathToFileURL(join(folder, "dist/index.js")).href)
  const models = Object.entries(pricesProviders).flatMap(([providerId, provider]) => {
    const found = prices.findProvider({ providerId })
    if (found === undefined) throw new Error(`genai-prices ${version} has no data of ${providerId}`)
    return found.models.map(({ context_window, id }) => {
      const usage = { input_tokens: 1, output_tokens: 1 }
      const price = prices.calcPrice(usage, id, { providerId })?.model_price ?? {}
      const { cache_read_mtok, cache_write_mtok, input_mtok, output_mtok } = price
      const [tier] = input_mtok?.tiers ?? []
      return {
        provider,
        model: id,
        context: known(context_window),
        in: input_mtok?.base ?? input_mtok,
        out: output_mtok?.base ?? output_mtok,
        read: known(cache_read_mtok?.base ?? cache_read_mtok),
        write: known(cache_write_mtok?.base ?? cache_write_mtok),
        // It is the last number of tokens below the step.
        over: tier && Math.ceil(tier.start / 1000) * 1000,
        overIn: tier?.price,
        overOut: output_mtok?.tiers?.[0]?.price
      }
    })
  })
  return { name: "genai-prices", version, models, past: true }
}

// -----------------------------------------------------------------------------
// makers
// -----------------------------------------------------------------------------

/** The variables of the keys of makers. A list is read if its key is set. */
const keys = {
  anthropic: ["ANTHROPIC_API_KEY"],
  google: ["GOOGLE_API_KEY", "GEMINI_API_KEY"],
  mistral: ["MISTRAL_API_KEY"]
}

/** The makers' own lists, as `ModelFacts.fromProvider` reads them. */
export const makers = async ({ Effect, ModelFacts }) => {
  const sources = []
  for (const [provider, variables] of Object.entries(keys)) {
    if (!variables.some((name) => process.env[name])) continue
    const rules = await Effect.runPromise(ModelFacts.fromProvider(provider))
    const models = rules.map(({ context, match, maxOutput, status }) => ({
      provider,
      model: nameOf(match),
      context,
      maxOutput,
      status
    }))
    sources.push({ name: provider, version: "its list", models })
  }
  return sources
}

/** The name that a rule of a list is for: its pattern is that name, and an ending that may be absent. */
const nameOf = (match) => match.slice(1, -1).replace(/\([^)]*\)\?$/, "").replaceAll(/\\(.)/g, "$1")
