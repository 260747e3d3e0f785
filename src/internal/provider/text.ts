/**
 * Texts that came from outside: taking secrets out of them, and comparing a part of one. Used by decoders and by the
 * errors of providers; `isAt` is called for every frame. Must import nothing.
 */

/** Removes secrets from a text. */
export type Scrub = (text: string) => string

/** Replaces each secret by `<redacted>`, in case a server or a library repeats one. */
export const scrubber = (secrets: ReadonlyArray<string>): Scrub => {
  const known = secrets.filter((secret) => secret.length > 0)
  return (text) => known.reduce((text, secret) => text.replaceAll(secret, "<redacted>"), text)
}

/**
 * Whether `part` stands in `text` at a position. `startsWith` gives the same answer but compares one character after
 * the other; a slice of a long text copies nothing and is compared at once.
 */
export const isAt = (text: string, part: string, at: number): boolean => text.slice(at, at + part.length) === part
