// What the library knows of models by their names: by the table of facts, and that no rule is about another family.
import { assert, describe, it } from "@effect/vitest"
import { ModelFacts } from "rivulet"
import { expect } from "vitest"
import { names } from "../support/factsNames.ts"
import { nameOf, subjects } from "../support/factsSubjects.ts"
import { available, factsOf, skipped } from "../support/factsTable.ts"
import type { Json, Subject } from "../support/factsTable.ts"

/** Facts of the table that the library does without. */
const left = ["limitRequired", "outputs", "penalties", "seed", "system"]
const leftInside = ["by", "asOf", "dynamic", "lowestMaxEffort"]

/**
 * Where the library knows better, or more: the prices of open models at home, the words of codex models, which models of
 * OpenAI have reasoning that can go back, and what Ollama's API lacks.
 */
const deliberate = (field: string, { api, model, provider }: Subject): boolean => {
  switch (field) {
    case "price":
      return ["ollama", "lmstudio", "llamacpp", "vllm"].includes(provider)
    case "thinking":
      return /gpt-5(\.[12])?-codex/.test(model)
    case "reasoningBack":
      return api === "responses" || /gpt-5\.[1-3]-chat/.test(model)
    case "topK":
      return provider === "ollama"
    // It always reasons.
    case "stop":
      return /gpt-6-astra/.test(model)
    default:
      return false
  }
}

/** A fact in one order, without what is left out of it. */
const sorted = (value: Json): Json =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(
      Object.entries(value)
        .filter(([key, each]) => each !== undefined && !leftInside.includes(key))
        .map(([key, each]) => [key, sorted(each)])
        .toSorted()
    )
    : value

describe.skipIf(!available)(`the catalogue is the table${available ? "" : ` (${skipped})`}`, () => {
  for (const subject of [...subjects, ...names]) {
    it(`for ${nameOf(subject)}`, () => {
      const ours: Json = ModelFacts.of(subject)
      const table = factsOf(subject)
      for (const field of new Set([...Object.keys(ours), ...Object.keys(table)])) {
        if (left.includes(field) || deliberate(field, subject)) continue
        const named = field === "limitField" && typeof table[field] === "object"
        assert.deepStrictEqual(sorted(ours[field]), sorted(named ? table[field][subject.api] : table[field]), field)
      }
    })
  }
})

describe("no rule is about another family", () => {
  const of = (provider: string, api: string) => (model: string) => ModelFacts.of({ provider, api, model })
  const claude = of("anthropic", "messages")
  const gpt = of("openai", "responses")

  it("of Claude", () => {
    assert.strictEqual(claude("claude-opus-5-5").price?.in, 4)
    assert.strictEqual(claude("claude-opus-5").price?.in, 5)
    assert.strictEqual(claude("claude-opus-4-5-20251101").retires, "2027-01-22")
    assert.strictEqual(claude("claude-haiku-4-5-20251001").status, undefined)
    assert.strictEqual(claude("us.anthropic.claude-sonnet-4-5-20250929-v1:0").retires, "2026-11-30")
    assert.strictEqual(claude("claude-opus-4-20250514").status, "retired")
    assert.strictEqual(claude("claude-opus-5-6").price, undefined)
    assert.deepStrictEqual(claude("claudette"), {})
    assert.deepStrictEqual(claude("my-claude-opus-5"), {})
  })

  it("of GPT", () => {
    assert.strictEqual(gpt("gpt-4o-2024-05-13").status, "retired")
    assert.strictEqual(gpt("gpt-4o-2024-08-06").status, "active")
    assert.strictEqual(gpt("gpt-4o-2024-08-06").maxOutput, 16_384)
    assert.strictEqual(gpt("gpt-4-turbo").status, "retired")
    assert.strictEqual(gpt("gpt-5.3-codex").status, undefined)
    assert.strictEqual(gpt("gpt-5.1-codex").status, "retired")
    assert.strictEqual(gpt("gpt-5.3-codex-spark").maxOutput, 32_000)
    assert.strictEqual(gpt("gpt-5-mini").price?.in, 0.25)
    assert.strictEqual(gpt("gpt-5.4-mini").price?.in, 0.75)
    assert.strictEqual(gpt("gpt-oss-120b").thinking, undefined)
    for (const name of ["chatgpt-4o-latest", "minigpt-4", "foo3", "o30"]) {
      assert.strictEqual(gpt(name).thinking, undefined, name)
      assert.strictEqual(gpt(name).status, undefined, name)
    }
  })

  it("of open models", () => {
    assert.strictEqual(of("ollama", "chat")("qwen3:8b").thinking?.control, "toggle")
    assert.strictEqual(of("ollama", "chat")("qwen3-coder:30b").thinking, undefined)
    assert.strictEqual(of("openrouter", "chat")("qwen/qwen3-max").thinking, undefined)
    assert.strictEqual(of("openrouter", "chat")("deepseek/deepseek-chat").status, undefined)
    assert.strictEqual(of("groq", "chat")("openai/gpt-oss-20b").price?.in, 0.075)
    assert.deepStrictEqual(of("openai-compatible", "chat")("my-model"), {})
  })
})

// -----------------------------------------------------------------------------
// the matrix
// -----------------------------------------------------------------------------

const thinkingOf = (thinking: ModelFacts.ThinkingFacts | undefined): string =>
  thinking === undefined ? "" : [
    thinking.control,
    thinking.wire,
    thinking.efforts?.join(","),
    thinking.budget && `${thinking.budget[0]}..${thinking.budget[1] ?? ""}`,
    thinking.default === undefined ?
      undefined :
      `${thinking.default}${thinking.defaultEffort === undefined ? "" : `(${thinking.defaultEffort})`}`,
    thinking.off === undefined ? undefined : `off ${thinking.off}`,
    thinking.lowest,
    thinking.display
  ].filter((part) => part !== undefined && part !== false).join(" ")

const line = (subject: Subject): string => {
  const { apis, cache, chatEfforts, inputs, json, parallel, price, reasoningBack, thinking, tools, ...facts } =
    ModelFacts
      .of(subject)
  const { context, cutoff, limitField, maxInput, maxOutput, minOutput, oneOfTemperatureTopP, retires, ...kinds } = facts
  const { jsonWhen, sampling, status, stop, temperature, topK, topP } = kinds
  const cells: Readonly<Record<string, unknown>> = {
    status: status && `${status}${retires === undefined ? "" : ` ${retires}`}`,
    apis,
    tokens: context === undefined && maxOutput === undefined
      ? undefined
      : `${context ?? "?"}/${maxInput ?? "?"} out ${minOutput ?? 1}..${maxOutput ?? "?"}`,
    limit: limitField,
    thinking: thinkingOf(thinking),
    chatEfforts,
    back: reasoningBack,
    sampling,
    temperature,
    topP,
    topK,
    oneOf: oneOfTemperatureTopP,
    stop,
    tools: tools && Object.entries(tools).map(([key, value]) => `${key}=${value}`).join(","),
    parallel,
    json: json && `${json}${jsonWhen === undefined ? "" : ` ${jsonWhen}`}`,
    inputs,
    cache: cache && `${cache.kind}${cache.min === undefined ? "" : ` ${cache.min}`}`,
    price: price && [price.in, price.out, price.read, price.write, price.write1h].map((each) => each ?? "-").join("/"),
    over: price?.over && `${price.over.tokens}: ${price.over.in}/${price.over.out}`,
    cutoff
  }
  const shown = Object.entries(cells).filter(([, value]) => value !== undefined && value !== "")
  return `${nameOf(subject)} | ${shown.map(([name, value]) => `${name} ${String(value)}`).join(" | ")}\n`
}

describe("the matrix of what is known", () => {
  it("is as it was, or `vitest run test/facts/catalogue.test.ts --update` says which models a change is about", () =>
    expect(names.map(line).join("")).toMatchFileSnapshot("./matrix.txt"))
})
