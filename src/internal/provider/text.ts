/** The start of a text that came from outside. */
export const excerpt = (text: string, length = 200): string =>
  text.length <= length ? text : `${text.slice(0, length - 1)}…`

/** Takes secrets out of a text. */
export type Scrub = (text: string) => string

/** Replaces each secret by `<redacted>`, in case a server or a library repeats it. */
export const scrubber = (secrets: ReadonlyArray<string>): Scrub => {
  const known = secrets.filter((secret) => secret.length > 0)
  return (text) => known.reduce((text, secret) => text.replaceAll(secret, "<redacted>"), text)
}

/**
 * Whether a text has another at a position. `startsWith` says the same, but compares one character after the other; a
 * slice of a long text copies nothing, and is compared in one go.
 */
export const isAt = (text: string, part: string, at: number): boolean => text.slice(at, at + part.length) === part
