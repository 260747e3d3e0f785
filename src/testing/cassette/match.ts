/**
 * Which recorded request a request is, and where it differs from the nearest one. Used by `tape.ts`. Requests are compared
 * without secrets, in a form that does not depend on the order of fields, on labels, or on the port of a local server.
 *
 * @internal
 */
import { excerpt } from "../../internal/excerpt.ts"
import { isLoopback } from "../../internal/http/transport.ts"
import { isObject } from "../../internal/provider/json.ts"
import type { RedactedRequest } from "../../internal/wire/redaction.ts"

/** A request in the form in which it is compared. */
export interface Canonical {
  readonly method: string
  readonly url: string
  readonly body: unknown
}

/** Fields that label a request for the provider's records, and change no answer. */
export const labels = ["metadata", "prompt_cache_key", "safety_identifier", "user"]

/** The form of a request in which it is compared, without the fields at these paths. */
export const canonical = (
  { body, method, url }: Pick<RedactedRequest, "body" | "method" | "url">,
  ignore: ReadonlyArray<string>
): Canonical => {
  const address = new URL(url)
  address.searchParams.sort()
  if (isLoopback(address)) {
    address.host = "localhost"
    address.port = ""
  }
  const paths = [...labels, ...ignore].map((path) => path.split("."))
  return { method, url: address.href, body: without(body, paths) }
}

/** A value with its fields in order, without those at the paths. `*` is any field or item. */
const without = (value: unknown, paths: ReadonlyArray<ReadonlyArray<string>>): unknown => {
  if (typeof value !== "object" || value === null) return value
  const inside = (name: string) => paths.flatMap(([first, ...rest]) => first === "*" || first === name ? [rest] : [])
  const entries = Object.entries(value).flatMap(([name, field]) => {
    const rest = inside(name)
    return rest.some((path) => path.length === 0) ? [] : [[name, without(field, rest)] as const]
  })
  if (Array.isArray(value)) return entries.map(([, item]) => item)
  return Object.fromEntries(entries.toSorted(([a], [b]) => a < b ? -1 : 1))
}

/** Two requests are the same if these texts are. */
export const keyOf = (request: Canonical): string => JSON.stringify(request)

/** A place at which two requests differ. */
interface Difference {
  readonly path: string
  readonly recorded: unknown
  readonly asked: unknown
}

/** The recorded request that is nearest to a request, by its number from 0, and where it differs. */
export const nearest = (
  recorded: ReadonlyArray<Canonical>,
  asked: Canonical
): { readonly index: number; readonly differences: ReadonlyArray<Difference> } | undefined =>
  recorded
    .map((each, index) => ({ index, differences: differences("", each, asked) }))
    .toSorted((a, b) => a.differences.length - b.differences.length)[0]

const differences = (path: string, recorded: unknown, asked: unknown): ReadonlyArray<Difference> => {
  if (isObject(recorded) && isObject(asked)) {
    return [...new Set([...Object.keys(recorded), ...Object.keys(asked)])].flatMap((name) =>
      differences(path === "" ? name : `${path}.${name}`, recorded[name], asked[name])
    )
  }
  if (Array.isArray(recorded) && Array.isArray(asked)) {
    return Array.from(
      { length: Math.max(recorded.length, asked.length) },
      (_, i) => differences(`${path}[${i}]`, recorded[i], asked[i])
    ).flat()
  }
  return JSON.stringify(recorded) === JSON.stringify(asked) ? [] : [{ path, recorded, asked }]
}

/** The most differences that a message shows. */
const shown = 3

/** Differences for people. */
export const describe = (all: ReadonlyArray<Difference>): string => {
  const texts = all.slice(0, shown).map(({ asked, path, recorded }) => {
    const from = typeof recorded === "string" && typeof asked === "string" ? commonStart(recorded, asked) : 0
    return `${path} was ${valueOf(recorded, from)} and is ${valueOf(asked, from)}`
  })
  return texts.join("; ") + (all.length > shown ? `; and ${all.length - shown} more` : "")
}

/** The place from which two texts are shown: a few characters before they differ. */
const commonStart = (a: string, b: string): number => {
  let at = 0
  while (at < a.length && a[at] === b[at]) at++
  return Math.max(0, at - 20)
}

const valueOf = (value: unknown, from: number): string => {
  if (value === undefined) return "absent"
  if (typeof value !== "string") return excerpt(JSON.stringify(value), 80)
  return (from > 0 ? "…" : "") + excerpt(JSON.stringify(value.slice(from)), 80)
}
