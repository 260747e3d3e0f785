/**
 * The pieces of caches: keys of data, complete answers, recording a run, and a store whose failures are logged.
 * `Runnable.withCache` and `ModelCache` are made of them. The chunks of a run are kept in memory until it ends.
 */
import * as Array from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { AIMessage } from "../../Message.ts"
import type { CachedRun, RunnableCache } from "../../RunnableCache.ts"
import { nameOf } from "../excerpt.ts"
import { isObject } from "../json/object.ts"
import { optional } from "../optional.ts"
import { run } from "../returned.ts"
import { known } from "../step/fold.ts"
import { observed, once } from "../step/run.ts"
import type { Opener, Run } from "../step/types.ts"

// -----------------------------------------------------------------------------
// the store
// -----------------------------------------------------------------------------

/** The part of a cache that one step uses. A failure of the store is logged, and counts as a miss. */
export interface Store {
  readonly get: (key: string) => Effect.Effect<CachedRun | undefined>
  readonly set: (key: string, run: CachedRun) => Effect.Effect<unknown>
}

/**
 * The store of a step.
 *
 * @param check throws for a run that the step cannot replay
 */
export const storeOf = (
  cache: RunnableCache["Service"],
  name: string,
  check: (run: CachedRun) => void = () => {}
): Store => ({
  get: (key) =>
    orLogged(
      name,
      Effect.map(run((key: string) => cache.get(key), key), (found) => {
        const stored = readable(found)
        if (stored !== undefined) check(stored)
        return stored
      })
    ),
  set: (key, done) => orLogged(name, run((done: CachedRun) => cache.set(key, done), done))
})

/** A run as a store gives it. A store written without types may give anything. */
const readable = (found: unknown): CachedRun | undefined => {
  if (found === undefined || found === null) return undefined
  if (!isObject(found) || !globalThis.Array.isArray(found["chunks"])) {
    throw new TypeError(`The store gave ${nameOf(found)}, which is no stored run`)
  }
  return found as object as CachedRun // its output may be anything
}

/** The store is not the step: the cause of its death is logged. */
const orLogged = <A>(name: string, use: Effect.Effect<A>): Effect.Effect<A | undefined> =>
  Effect.catchCause(use, (cause) =>
    Cause.hasInterrupts(cause)
      ? Effect.failCause(cause)
      : Effect.as(Effect.logWarning(`The cache of ${name} failed`, cause), undefined))

// -----------------------------------------------------------------------------
// runs
// -----------------------------------------------------------------------------

/** The run that a store gave. */
export const replayed = ({ chunkKind, chunks, output }: CachedRun): Opener<unknown, unknown, never, never> => () =>
  Effect.succeed({
    pull: Array.isReadonlyArrayNonEmpty(chunks) ? once(Effect.succeed(chunks)) : Cause.done(),
    fold: () => known(output, chunkKind)
  })

/** The same run. `done` gets its chunks and the value they fold to before its end is passed on. */
export const recorded = <Chunk, Out, E, R>(
  run: Run<Chunk, Out, E, R>,
  done: (recording: { readonly chunks: ReadonlyArray<Chunk>; readonly output: Out } & CachedRun) => Effect.Effect<
    unknown
  >
): Run<Chunk, Out, E, R> => {
  const all: globalThis.Array<Chunk> = []
  const fold = run.fold()
  return observed(run, {
    chunks: (chunks) => {
      for (const chunk of chunks) all.push(chunk)
      fold.add(chunks)
    },
    end: () => done({ chunks: all, output: fold.done(), ...optional("chunkKind", fold.kind?.()) })
  })
}

/** Whether an answer is worth keeping: no limit or filter ended it, and it has content besides reasoning. */
export const isComplete = ({ content, finish, parts }: AIMessage): boolean =>
  (finish.reason === "stop" || finish.reason === "tool_calls") &&
  (content.trim() !== "" || parts.some(({ type }) => type !== "text" && type !== "reasoning"))

// -----------------------------------------------------------------------------
// keys
// -----------------------------------------------------------------------------

/** Deeper values are taken for circular ones. */
const deepest = 64

/** A string that is the same only for equal data, or undefined for a value that is not plain data. */
export const keyOf = (value: unknown, depth = 0): string | undefined => {
  if (typeof value === "string") return JSON.stringify(value)
  if (typeof value === "bigint") return `${value}n`
  if (typeof value !== "object" || value === null) {
    return typeof value === "function" || typeof value === "symbol" ? undefined : String(value)
  }
  if (depth > deepest) return undefined
  if (value instanceof Uint8Array) return `bytes(${value.join()})`
  if (globalThis.Array.isArray(value)) {
    const items = value.map((item) => keyOf(item, depth + 1))
    return items.includes(undefined) ? undefined : `[${items.join()}]`
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return undefined
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .toSorted(([a], [b]) => a < b ? -1 : 1)
    .map(([key, item]) => [JSON.stringify(key), keyOf(item, depth + 1)] as const)
  return entries.some(([, item]) => item === undefined)
    ? undefined
    : `{${entries.map((entry) => entry.join(":")).join()}}`
}
