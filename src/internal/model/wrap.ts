/**
 * A model made of a model. Wrappers change how a call opens; events, batches and the type of the service stay those of one
 * model. Every wrapper of the package is made here.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Scope } from "effect/Scope"
import { nameOf } from "../excerpt.ts"
import { isRunnable } from "../runnable/make.ts"
import { TypeId } from "../step/run.ts"
import { makeService } from "./makeService.ts"
import type { Described } from "./makeService.ts"
import { openerOf } from "./opening.ts"
import type { OpenModel } from "./opening.ts"
import { ChatModel } from "./service.ts"
import type { Service } from "./service.ts"

/**
 * Makes a model of a model, or a layer of a layer for `ChatModel`.
 *
 * **Details**
 *
 * The model stays a `ChatModel.Service`, so agents, `generateObject`, histories and chains take it without knowing. A
 * layer keeps its errors and requirements.
 */
export interface Wrapper {
  <A extends Service | ModelLayer>(self: A): A extends ModelLayer ? A : Service
}

/**
 * Makes a model of a model by an effect, or a layer of a layer for `ChatModel`. The model lives as long as the scope.
 */
export interface EffectWrapper<out E, out R> {
  <A extends Service | ModelLayer>(
    self: A
  ): A extends Layer.Layer<infer Provided, infer E0, infer R0> ? Layer.Layer<Provided, E | E0, Exclude<R, Scope> | R0>
    : Effect.Effect<Service, E, R>
}

/** A layer for `ChatModel`, whatever its errors and requirements are. */
export type ModelLayer = Layer.Layer<ChatModel, unknown, unknown>

/** Whether this is a model. */
export const isModel = (value: unknown): value is Service => isRunnable(value) && "capabilities" in value

/** A model. It throws for anything else, which callers without types may give. */
export const checkedModel = (value: Service): Service => {
  if (isModel(value)) return value
  throw new TypeError(
    Effect.isEffect(value)
      ? "A wrapper takes a model or a layer of one, not an effect: give it to Effect.map, or to Effect.flatMap if it makes effects"
      : `A wrapper takes a model or a layer of one, not ${nameOf(value)}`
  )
}

/** A model with another way to open a call. Its calls have a span of their own around those of the model inside. */
export const wrapModel = (
  model: Service,
  wrap: (open: OpenModel) => OpenModel,
  changes?: Partial<Described>
): Service => wrapped(model, wrap, changes, true)

/** A model that opens each call of another one with another request. Its calls are those of that model. */
export const adaptModel = (
  model: Service,
  wrap: (open: OpenModel) => OpenModel,
  changes?: Partial<Described>
): Service => {
  const { subject } = model[TypeId]
  return wrapped(model, wrap, changes, subject?._tag === "Model" && subject.wrapped)
}

const wrapped = (
  model: Service,
  wrap: (open: OpenModel) => OpenModel,
  changes: Partial<Described> | undefined,
  isWrapped: boolean
): Service => {
  const { capabilities, countTokens, facts, model: name, options, provider, supportsSchema } = model
  return makeService(
    { provider, model: name, options, capabilities, facts, supportsSchema, countTokens, ...changes },
    wrap(openerOf(model)),
    isWrapped
  )
}

/** A wrapper for models and layers from one for models. */
export const wrapper = (wrap: (model: Service) => Service): Wrapper =>
  ((self: Service | ModelLayer) =>
    isLayer(self)
      // The other services of the layer stay.
      ? Layer.effect(ChatModel, Effect.map(ChatModel, wrap)).pipe(Layer.provideMerge(self))
      : wrap(checkedModel(self))) as Wrapper // the result is of the kind of the argument

/** A wrapper for models and layers from an effectful one for models. */
export const effectWrapper = <E, R>(wrap: (model: Service) => Effect.Effect<Service, E, R>): EffectWrapper<E, R> =>
  ((self: Service | ModelLayer) =>
    isLayer(self)
      // The other services of the layer stay.
      ? Layer.effect(ChatModel, Effect.flatMap(ChatModel, wrap)).pipe(Layer.provideMerge(self))
      : wrap(checkedModel(self))) as EffectWrapper<E, R> // the result is of the kind of the argument

const isLayer = (self: Service | ModelLayer): self is ModelLayer => Layer.isLayer(self)
