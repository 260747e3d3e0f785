/**
 * Values that are made on first use. Used for codecs and other values derived from schemas, which cost milliseconds each:
 * an import should not pay for those it may never need. It must import nothing.
 */

/** A function that makes a value on its first call and returns the same value from then on. */
export const lazy = <A>(make: () => A): () => A => {
  let made: { readonly value: A } | undefined
  return () => (made ??= { value: make() }).value
}
