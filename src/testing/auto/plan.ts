/**
 * The plan of an automatic model: the numbers of each of its turns, and the simpler plans of a plan. A plan becomes
 * simpler step by step: fewer turns, fewer calls, fewer numbers, zeros, small numbers. `effect/Arbitrary` tries 100
 * simpler values by default, so each step first tries what gains most, and a plan remembers the step that made it.
 *
 * @internal
 */
import { mix } from "./choices.ts"
import type { Numbered } from "./choices.ts"

/** The numbers of one answer: of what it does and says, and of each of its calls. */
export interface Turn {
  readonly own: Numbered
  /** As many as the answer may have calls. */
  readonly calls: ReadonlyArray<Numbered>
}

/** Where the shrinking of a plan is. */
interface Place {
  readonly step: number
  /** The number of the turn, of the call within all streams, of the position: what the step counts. */
  readonly item: number
  readonly at: number
  /** A value of what the step lowers that is known to be too small. */
  readonly tooSmall: number
}

/** The numbers of all turns of a conversation. */
export class Plan {
  readonly seed: number
  /** Absent: all are those of the seed. */
  readonly turns: ReadonlyArray<Turn> | undefined
  readonly place: Place

  constructor(seed: number, turns: ReadonlyArray<Turn> | undefined, place: Place) {
    this.seed = seed
    this.turns = turns
    this.place = place
  }
}

/** The most calls of one turn. */
const maxCalls = 16

/** The turns of a plan that is being shrunk, at first. */
const maxTurns = 64

const start = (step: number): Place => ({ step, item: 0, at: 0, tooSmall: -1 })

/** A plan with a seed for each turn. */
export const planOf = (seed: number): Plan => new Plan(seed, undefined, start(0))

const none: ReadonlyMap<number, number> = new Map()

const numbered = (seed: number): Numbered => ({ seed, limit: Infinity, fixed: none })

const seeded = (seed: number, turn: number): Turn => ({
  own: numbered(mix(seed, turn)),
  calls: Array.from({ length: maxCalls }, (_, call) => numbered(mix(mix(seed, turn), call + 1)))
})

const zeros: Numbered = { seed: 0, limit: 0, fixed: none }

/** The numbers of one turn, which counts from 0. */
export const turnOf = ({ seed, turns }: Plan, turn: number): Turn =>
  turns === undefined ? seeded(seed, turn) : turns[turn] ?? { own: zeros, calls: [zeros] }

const turnsOf = (plan: Plan): ReadonlyArray<Turn> =>
  plan.turns ?? Array.from({ length: maxTurns }, (_, turn) => seeded(plan.seed, turn))

/** Plans that are simpler by one step, those that gain most first. */
export const simpler = (plan: Plan): ReadonlyArray<Plan> =>
  steps.slice(plan.place.step).flatMap((step, i) => step(plan, i === 0 ? plan.place : start(plan.place.step + i)))

type Step = (plan: Plan, place: Place) => ReadonlyArray<Plan>

/** Keeps only the first turns. */
const fewerTurns: Step = (plan, place) =>
  between(place.tooSmall, turnsOf(plan).length).map(([length, tooSmall]) =>
    new Plan(plan.seed, turnsOf(plan).slice(0, length), { ...place, tooSmall })
  )

/** Leaves one turn out. */
const withoutTurn: Step = (plan, place) =>
  few(plan).slice(place.item).map((_, i) =>
    new Plan(plan.seed, few(plan).toSpliced(place.item + i, 1), { ...place, item: place.item + i })
  )

/** Keeps only the first calls of a turn. */
const fewerCalls: Step = (plan, place) =>
  few(plan).flatMap((turn, item) =>
    item < place.item ? [] : between(item === place.item ? Math.max(place.tooSmall, 0) : 0, turn.calls.length).map(
      ([length, tooSmall]) =>
        withTurn(plan, item, { ...turn, calls: turn.calls.slice(0, length) }, { ...place, item, tooSmall })
    )
  )

/** Leaves one call out. */
const withoutCall: Step = (plan, place) =>
  few(plan).flatMap((turn, item) =>
    item < place.item || turn.calls.length < 2 ? [] : turn.calls.flatMap((_, at) =>
      item === place.item && at < place.at
        ? []
        : [withTurn(plan, item, { ...turn, calls: turn.calls.toSpliced(at, 1) }, { ...place, item, at })]
    )
  )

/** Keeps only the first numbers of a decision. */
const fewerNumbers: Step = (plan, place) =>
  numbersOf(plan).flatMap((numbers, item) =>
    item < place.item ? [] : between(item === place.item ? place.tooSmall : -1, numbers.limit).map(
      ([limit, tooSmall]) => withNumbers(plan, item, { ...numbers, limit }, { ...place, item, tooSmall })
    )
  )

/** Makes a number 0, from the last one on. */
const zero: Step = (plan, place) =>
  numbersOf(plan).flatMap((numbers, item) =>
    item < place.item ?
      [] :
      positions(numbers).toReversed().flatMap((at) =>
        (item === place.item && place.at > 0 && at >= place.at) || numbers.fixed.get(at) === 0
          ? []
          : [withNumbers(plan, item, fix(numbers, at, 0), { ...place, item, at })]
      )
  )

/** Makes a number small, from the last one on, as the last one is rarely without effect. */
const lower: Step = (plan, place) =>
  numbersOf(plan).toReversed().flatMap((numbers, i, { length }) => {
    const item = length - 1 - i
    const wasAt = place.tooSmall < 0 ? undefined : place
    if (wasAt !== undefined && item > wasAt.item) return []
    return positions(numbers).toReversed().flatMap((at) => {
      const number = numbers.fixed.get(at)
      const isHere = item === wasAt?.item && at === wasAt.at
      if (number === 0 || (item === wasAt?.item && at > wasAt.at)) return []
      return lowerThan(number, isHere ? wasAt.tooSmall : 0).map(([value, tooSmall]) =>
        withNumbers(plan, item, fix(numbers, at, value), { ...place, item, at, tooSmall })
      )
    })
  })

const steps: ReadonlyArray<Step> = [fewerTurns, withoutTurn, fewerCalls, withoutCall, fewerNumbers, zero, lower]

/** The turns, if they are few. The steps after the first have nothing to do before that. */
const few = (plan: Plan): ReadonlyArray<Turn> => (plan.turns ?? []).length > 24 ? [] : plan.turns ?? []

const numbersOf = (plan: Plan): ReadonlyArray<Numbered> => few(plan).flatMap(({ calls, own }) => [own, ...calls])

/** The positions of numbers, if they are few: a plan that is cut down so far has few. */
const positions = ({ limit }: Numbered): ReadonlyArray<number> =>
  limit > 100 ? [] : Array.from({ length: limit }, (_, i) => i)

const withTurn = (plan: Plan, at: number, turn: Turn, place: Place): Plan =>
  new Plan(plan.seed, few(plan).toSpliced(at, 1, turn), place)

const withNumbers = (plan: Plan, item: number, numbers: Numbered, place: Place): Plan => {
  let at = item
  for (const [i, turn] of few(plan).entries()) {
    if (at === 0) return withTurn(plan, i, { ...turn, own: numbers }, place)
    if (at <= turn.calls.length) {
      return withTurn(plan, i, { ...turn, calls: turn.calls.toSpliced(at - 1, 1, numbers) }, place)
    }
    at -= turn.calls.length + 1
  }
  return plan
}

const fix = (numbers: Numbered, at: number, value: number): Numbered => ({
  ...numbers,
  fixed: new Map(numbers.fixed).set(at, value)
})

const sizes = [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64]

/** Sizes above the one that is too small and below the one that is known to do, each with the one before it. */
const between = (tooSmall: number, enough: number): ReadonlyArray<readonly [size: number, tooSmall: number]> => {
  const some = sizes.filter((size) => size > tooSmall && size < enough)
  // Between two of these sizes all are tried.
  const all = some.length > 0 || enough === Infinity
    ? some
    : Array.from({ length: Math.max(enough - tooSmall - 1, 0) }, (_, i) => tooSmall + 1 + i)
  return all.map((size, i) => [size, all[i - 1] ?? tooSmall])
}

/** Numbers below one, up to which none is known to do. A number of the seed is taken for the largest. */
const lowerThan = (
  number: number | undefined,
  tooSmall: number
): ReadonlyArray<readonly [value: number, tooSmall: number]> => {
  const values = number === undefined
    ? ladder
    : halves(tooSmall, number)
  return values.map((value, i) => [value, values[i - 1] ?? tooSmall])
}

/** Odd numbers stand for positive integers, and even ones for negative integers. */
const ladder = [1, 2, 3, 4, 5, 8, 17, 64, 257, 1024, 4097, 2 ** 16, 2 ** 18 + 1, 2 ** 22, 2 ** 26 + 1]

/** The numbers half way, three quarters of the way and so on from the lower bound to the upper, odd or even as that. */
const halves = (low: number, high: number): ReadonlyArray<number> => {
  const middle = high - 2 * Math.ceil((high - low) / 4)
  return middle <= low || middle === high ? [] : [middle, ...halves(middle, high)]
}
