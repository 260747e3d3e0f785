/**
 * The ways in which a router chooses a model for a call. Each takes a non-empty list of the models that may be asked,
 * and looks at each once.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import type { Random } from "effect/Random"
import { checkedNumber } from "../../defects.ts"

/** The facts by which a model is chosen. */
export interface Choosable {
  /** The name of the model in the router. No two are alike. */
  readonly id: string
  readonly weight: number
  /** The usual milliseconds to the first chunk. Undefined while none is known. */
  readonly latency: number | undefined
  /** The time at which the latency was measured last. */
  readonly measured: number
  /** The calls that wait for their first chunk. */
  readonly waiting: number
}

/** Chooses one of these models. */
export type Choose = <A extends Choosable>(models: NonEmptyReadonlyArray<A>, random: Random) => A

/** The checked weights of a router's models. */
export const checkedWeights = (name: string, weights: ReadonlyArray<number>, count: number): ReadonlyArray<number> => {
  if (weights.length !== count) {
    throw new TypeError(
      `${name}: give one for each of the ${count} models, the wrapped one first, not ${weights.length}`
    )
  }
  for (const weight of weights) checkedNumber(name, weight, 0)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  if (total > 0 && Number.isFinite(total)) return weights
  throw new TypeError(`${name} must have a sum above zero that is not infinite, not ${total}`)
}

/** By chance, as often as the weights say. Models of weight 0 are chosen only among themselves, in order. */
export const byWeight: Choose = (models, random) => {
  let rest = random.nextDoubleUnsafe() * models.reduce((sum, { weight }) => sum + weight, 0)
  for (const model of models) {
    rest -= model.weight
    if (rest < 0) return model
  }
  return best(models, ({ weight }) => weight)
}

/** The number of choices by latency of which one goes to the model that was measured longest ago. */
const remeasured = 20

/**
 * The model with the lowest latency. A model whose latency is not known goes first, but waits for one measurement at a
 * time if others are known. One choice in twenty measures again, so that a model that was slow once gets another chance.
 */
export const byLatency = (): Choose => {
  let choices = 0
  return (models) => {
    const choice = ++choices
    const known = models.filter(({ latency }) => latency !== undefined)
    const unknown = models.filter(({ latency, waiting }) =>
      latency === undefined && (known.length === 0 || waiting === 0)
    )
    if (isNonEmpty(unknown)) return best(unknown, ({ waiting }) => -waiting)
    if (!isNonEmpty(known)) return models[0]
    return choice % remeasured === 0
      ? best(known, ({ measured }) => -measured)
      : best(known, ({ latency = Infinity }) => -latency)
  }
}

/**
 * The same model for the same key, whichever others there are (rendezvous hashing): when a model goes, only its keys
 * move. A model gets as many keys as its weight says.
 */
export const byKey = (key: string): Choose => (models) =>
  best(models, ({ id, weight }) => weight / -Math.log(hash(`${id}\n${key}`)))

/** The first of the models with the highest score. */
export const best = <A>(models: NonEmptyReadonlyArray<A>, score: (model: A) => number): A =>
  models.reduce<readonly [A, number]>((first, model) => {
    const own = score(model)
    return own > first[1] ? [model, own] : first
  }, [models[0], -Infinity])[0]

export const isNonEmpty = <A>(models: ReadonlyArray<A>): models is NonEmptyReadonlyArray<A> => models.length > 0

/** FNV-1a, and the end of MurmurHash3, so that texts that differ little have numbers that differ much. In (0, 1). */
const hash = (text: string): number => {
  let bits = 0x811c9dc5
  for (let i = 0; i < text.length; i++) bits = Math.imul(bits ^ text.charCodeAt(i), 0x01000193)
  bits = Math.imul(bits ^ bits >>> 16, 0x85ebca6b)
  bits = Math.imul(bits ^ bits >>> 13, 0xc2b2ae35)
  return (((bits ^ bits >>> 16) >>> 0) + 0.5) / 2 ** 32
}
