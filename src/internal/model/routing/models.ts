/**
 * The models of a wrapper that has several, and the model that they make together. Used by the wrappers beside it.
 * Everything here is done when a wrapper is applied, nothing in a call.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Effect from "effect/Effect"
import { make as makeCapabilities } from "../../../Capabilities.ts"
import type { Capabilities } from "../../../Capabilities.ts"
import { nameOf } from "../../excerpt.ts"
import type { Described } from "../makeService.ts"
import { openerOf } from "../opening.ts"
import type { OpenModel } from "../opening.ts"
import type { Service } from "../service.ts"
import { effectWrapper, isModel, wrapModel, wrapper } from "../wrap.ts"
import type { EffectWrapper, Wrapper } from "../wrap.ts"

/** A model, or an effect of one, such as `OpenAi.make({ model: "gpt-6-luna" })`. */
export type ModelSource = Service | Effect.Effect<Service, unknown, unknown>

/** The models that a wrapper adds to the one it wraps. */
export type ModelSources = NonEmptyReadonlyArray<ModelSource>

/**
 * The wrapper with these models. With models alone it is a {@link Wrapper}. With effects of models it is an
 * {@link EffectWrapper} with their errors and requirements.
 */
export type WrapperOf<Models extends ReadonlyArray<ModelSource>> = [EffectIn<Models>] extends [never] ? Wrapper
  : EffectWrapper<Effect.Error<EffectIn<Models>>, Effect.Services<EffectIn<Models>>>

type EffectIn<Models extends ReadonlyArray<ModelSource>> = Extract<
  Models[number],
  Effect.Effect<unknown, unknown, unknown>
>

/**
 * A list in which the type of each model tells whether it is an effect. Otherwise the type of the wrapped model would
 * be unknown.
 */
export type Known<Models extends ReadonlyArray<ModelSource>> = {
  readonly [K in keyof Models]: [Models[K]] extends [Service] ? Models[K]
    : [Models[K]] extends [Effect.Effect<unknown, unknown, unknown>] ? Models[K]
    : never
}

/** One of the models that may answer a call. */
export interface Candidate {
  readonly model: Service
  readonly open: OpenModel
}

/** The models that may answer a call, the wrapped one first. */
export type Candidates = NonEmptyReadonlyArray<Candidate>

/** A wrapper that makes one model of the wrapped one and others. `openOf` runs each time it is applied. */
export const withModels = <Models extends ReadonlyArray<ModelSource>>(
  name: string,
  models: Models,
  openOf: (candidates: Candidates) => OpenModel
): WrapperOf<Models> => {
  const check = (model: unknown) => {
    if (isModel(model)) return
    throw new TypeError(`${name}: ${nameOf(model)} is no model: give models, or effects such as OpenAi.make({ ... })`)
  }
  for (const model of models) {
    if (!Effect.isEffect(model)) check(model)
  }
  const wrap = (self: Service, others: ReadonlyArray<Service>): Service =>
    wrapModel(
      self,
      (open) => openOf([{ model: self, open }, ...others.map((model) => ({ model, open: openerOf(model) }))]),
      shared([self, ...others])
    )
  const sources: ReadonlyArray<ModelSource> = models
  return (sources.some((source) => Effect.isEffect(source))
    ? effectWrapper((self) =>
      Effect.map(
        Effect.forEach(sources, (source) => Effect.isEffect(source) ? source : Effect.succeed(source)),
        (others) => {
          for (const other of others) check(other)
          return wrap(self, others)
        }
      )
    )
    // None of them is an effect, as `some` has just said.
    : wrapper((self) => wrap(self, sources as ReadonlyArray<Service>))) as WrapperOf<Models> // by the same rule
}

/** Other models, of which there must be one. */
export const someModels = <Models extends ReadonlyArray<ModelSource>>(name: string, models: Models): Models => {
  if (Array.isArray(models) && models.length > 0) return models
  throw new TypeError(`${name}: give a list of at least one other model`)
}

/** The capabilities that every model has, so that they hold whichever of them answers. */
const shared = (models: ReadonlyArray<Service>): Partial<Described> => ({
  capabilities: makeCapabilities(
    Object.fromEntries(
      // The keys of capabilities are those of the type.
      (Object.keys(makeCapabilities({})) as ReadonlyArray<keyof Capabilities>).map((name) => [
        name,
        models.every(({ capabilities }) => capabilities[name])
      ])
    )
  ),
  supportsSchema: (schema) => models.every((model) => model.supportsSchema(schema))
})
