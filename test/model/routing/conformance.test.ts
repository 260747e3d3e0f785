// The suite of every chat model, for models that are wrapped. The answer comes from another model than the first.
import { describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { ModelRouting } from "rivulet"
import type { ChatModel } from "rivulet"
import { conformance } from "rivulet/Testing"
import { dead } from "../../support/routing.ts"
import { scriptedSubject } from "../../support/scriptedSubject.ts"

const wrappers: { readonly [name: string]: (model: ChatModel.Service) => ChatModel.Service } = {
  withFallbacks: (model) => dead(model).pipe(ModelRouting.withFallbacks([model])),
  withRouter: (model) =>
    dead(model).pipe(ModelRouting.withRouter([model], { strategy: { weights: [1, 0] }, coolDown: false })),
  withHedge: (model) => dead(model).pipe(ModelRouting.withHedge("1 hour", { models: [model] }))
}

for (const [wrapper, wrap] of Object.entries(wrappers)) {
  describe(wrapper, () => {
    const subject: typeof scriptedSubject = {
      ...scriptedSubject,
      start: (answers, options) =>
        Effect.map(scriptedSubject.start(answers, options), (running) => ({ ...running, model: wrap(running.model) }))
    }
    for (const { name, run, skip } of conformance(subject)) {
      it.effect.skipIf(skip !== undefined)(skip === undefined ? name : `${name} (${skip})`, () => run)
    }
  })
}
