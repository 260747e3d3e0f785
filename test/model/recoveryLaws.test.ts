// A model with recovery is one model, and its consumer owns the connection.
import { describe } from "@effect/vitest"
import { Effect } from "effect"
import { ModelRecovery } from "rivulet"
import { cancellation, subjects } from "../support/cancellation.ts"
import { wrapperLaws } from "../support/wrapperLaws.ts"

const recovery = ModelRecovery.withRecovery({ restart: "never" })

describe("a model with recovery", () => {
  wrapperLaws((model) => Effect.succeed(recovery(model)))
})

describe("leaving a model with recovery", () => {
  const { anthropic } = subjects
  cancellation({
    ...anthropic,
    serve: (script, options) =>
      Effect.map(anthropic.serve(script, options), ({ model, server }) => ({ model: recovery(model), server }))
  })
})
