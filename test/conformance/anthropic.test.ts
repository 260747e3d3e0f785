import { describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Anthropic from "rivulet/Anthropic"
import { AnthropicServer, Conformance, conformance } from "rivulet/Testing"
import { anthropicAnswers } from "../support/anthropicAnswers.ts"

const subject = Conformance.http({
  capabilities: Effect.runSync(Anthropic.make({ model: "claude-test" })).capabilities,
  model: ({ apiKey, baseUrl, options }) => Anthropic.make({ model: "claude-test", apiKey, baseUrl, ...options }),
  server: AnthropicServer.make,
  answers: anthropicAnswers
})

describe("Anthropic", () => {
  for (const { name, run, skip } of conformance(subject)) {
    it.effect.skipIf(skip !== undefined)(skip === undefined ? name : `${name} (${skip})`, () => run)
  }
})
