import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { closest, closestModel } from "../../src/cli/closest.ts"

describe("the closest name", () => {
  const names = ["anthropic", "openai", "openai-chat", "groq", "xai"]

  it("differs by few characters, whatever their case", () => {
    const meant: ReadonlyArray<readonly [name: string, closest: string | undefined]> = [
      ["anthropic", "anthropic"],
      ["antropic", "anthropic"],
      ["Antrhopic", "anthropic"],
      ["opnai", "openai"],
      ["openaichat", "openai-chat"],
      ["GROQ", "groq"],
      ["grok", "groq"],
      ["foo", undefined],
      ["", undefined],
      ["constructor", undefined],
      ["x".repeat(10_000), undefined]
    ]
    for (const [name, expected] of meant) assert.strictEqual(closest(name, names), expected, name)
  })

  it.prop("is one of the known ones, and a known one is its own", [Schema.String], ([name]) => {
    const found = closest(name, names)
    assert.isTrue(found === undefined || names.includes(found))
    for (const each of names) assert.strictEqual(closest(each, names), each)
  })
})

describe("the closest model", () => {
  const known = {
    demo: [],
    anthropic: ["claude-haiku-4-5", "claude-opus-4-8"],
    groq: ["llama-3.3"],
    ollama: ["llama3.2"]
  }

  it("has the right provider and the right model", () => {
    const meant: ReadonlyArray<readonly [name: string, closest: string | undefined]> = [
      ["antropic:claude-haiku-4-5", "anthropic:claude-haiku-4-5"],
      ["antropic:claude-haiku-45", "anthropic:claude-haiku-4-5"],
      // A provider may have any other model.
      ["antropic:my-own-model", "anthropic:my-own-model"],
      ["anthropic:claude-haku-4-5", "anthropic:claude-haiku-4-5"],
      ["anthropic:gpt", undefined],
      ["claud-haiku-4-5", "anthropic:claude-haiku-4-5"],
      ["antropic", "anthropic:claude-haiku-4-5"],
      ["demmo", "demo"],
      ["foo:bar", undefined],
      ["foo", undefined],
      ["__proto__:x", undefined]
    ]
    for (const [name, expected] of meant) assert.strictEqual(closestModel(name, known), expected, name)
  })
})
