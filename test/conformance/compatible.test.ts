// Every preset: what it declares is shown, and one of them keeps every promise.
import { describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as OpenAiCompatible from "rivulet/OpenAiCompatible"
import { Conformance, conformance, OpenAiServer } from "rivulet/Testing"
import { chatAnswers } from "../support/openAiAnswers.ts"

const subjectOf = (preset: OpenAiCompatible.PresetName) => {
  const options = { model: "test", preset } as const
  return Conformance.http({
    capabilities: Effect.runSync(OpenAiCompatible.make(options)).capabilities,
    model: ({ apiKey, baseUrl, options: call }) => OpenAiCompatible.make({ ...options, apiKey, baseUrl, ...call }),
    server: OpenAiServer.make,
    answers: chatAnswers
  })
}

// The keys of an object of presets.
const names = Object.keys(OpenAiCompatible.presets) as ReadonlyArray<OpenAiCompatible.PresetName>

const whole: OpenAiCompatible.PresetName = "ollama"

for (const name of names) {
  describe(name, () => {
    for (const each of conformance(subjectOf(name))) {
      if (name !== whole && !/[✓✗]$/.test(each.name)) continue
      const title = each.skip === undefined ? each.name : `${each.name} (${each.skip})`
      it.effect.skipIf(each.skip !== undefined)(title, () => each.run)
    }
  })
}
