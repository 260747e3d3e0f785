import { describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as OpenAi from "rivulet/OpenAi"
import { Conformance, conformance, OpenAiServer } from "rivulet/Testing"
import { chatAnswers } from "../support/openAiAnswers.ts"

const options = { model: "gpt-test", api: "chat" } as const

const subject = Conformance.http({
  capabilities: Effect.runSync(OpenAi.make(options)).capabilities,
  model: ({ apiKey, baseUrl, options: call }) => OpenAi.make({ ...options, apiKey, baseUrl, ...call }),
  server: OpenAiServer.make,
  answers: chatAnswers
})

describe("OpenAI, by Chat Completions", () => {
  for (const { name, run, skip } of conformance(subject)) {
    it.effect.skipIf(skip !== undefined)(skip === undefined ? name : `${name} (${skip})`, () => run)
  }
})
