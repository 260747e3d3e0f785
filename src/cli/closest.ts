/**
 * "Did you mean": the known name that is closest to one with a typing error, and the model closest to the name of one.
 * errors.ts calls it when a name was not found; the parser of commands has its own for flags and commands.
 */

/** The longest name that is compared. The names of models are shorter. */
const maxLength = 100

/** The known name that differs least from this one, or undefined if none is similar. Case does not count. */
export const closest = (name: string, known: Iterable<string>): string | undefined => {
  if (name.length > maxLength) return undefined
  let best: string | undefined
  let least = Math.max(1, Math.floor(name.length / 3)) + 1
  for (const each of known) {
    const distance = distanceOf(name.toLowerCase(), each.toLowerCase())
    if (distance < least && distance < Math.max(name.length, each.length)) {
      best = each
      least = distance
    }
  }
  return best
}

/** The number of characters to insert, delete, replace, or swap with their neighbour. */
const distanceOf = (a: string, b: string): number => {
  let beforeLast: ReadonlyArray<number> = []
  let last: ReadonlyArray<number> = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
        ? (beforeLast[j - 2] ?? 0) + 1
        : Infinity
      row.push(Math.min(replaced, swapped, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}

/** Models of each provider, by its name. */
export interface KnownModels {
  readonly [provider: string]: ReadonlyArray<string>
}

/** The model that may be meant by a name, with its provider: `anthropic:claude-haiku-4-5`. */
export const closestModel = (name: string, known: KnownModels): string | undefined => {
  const [first = "", ...rest] = name.split(":")
  const suggested = (provider: string) => (known[provider] ?? []).map((model) => `${provider}:${model}`)
  if (Object.hasOwn(known, first)) return closest(name, suggested(first))
  const provider = closest(first, Object.keys(known))
  if (rest.length > 0) {
    if (provider === undefined) return undefined
    const whole = `${provider}:${rest.join(":")}`
    return closest(whole, suggested(provider)) ?? whole
  }
  // A name alone is that of a model without its provider, or of a provider without a model.
  const all = Object.entries(known).flatMap(([provider, models]) => models.map((model) => ({ provider, model })))
  const model = closest(first, all.map(({ model }) => model))
  const owner = all.find((each) => each.model === model)
  if (owner !== undefined) return `${owner.provider}:${owner.model}`
  return provider === undefined ? undefined : suggested(provider)[0] ?? provider
}
