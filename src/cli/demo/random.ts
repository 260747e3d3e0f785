/**
 * Random choices that are the same for the same text. Called by the texts of the demo and by its pace. Pure; imports
 * nothing.
 */

/** Numbers from 0 to 1 that look random and are the same for the same text. */
export const seeded = (text: string): () => number => {
  // FNV-1a makes a seed of the text, mulberry32 numbers of the seed.
  let seed = 2166136261
  for (let i = 0; i < text.length; i++) seed = Math.imul(seed ^ text.charCodeAt(i), 16777619)
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Takes one of a list, by the numbers of {@link seeded}. */
export type Pick = <A>(from: readonly [A, ...Array<A>]) => A

/** A {@link Pick} that always picks the same for the same text. */
export const picker = (text: string): Pick => {
  const random = seeded(text)
  return (from) => from[Math.floor(random() * from.length)] ?? from[0]
}
