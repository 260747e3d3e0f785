/**
 * Folds: how the chunks of a run make one value. Used by steps, by the event layer and by histories and caches. Imports
 * no step. A fold costs O(1) a chunk.
 */
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { AIMessage } from "../../Message.ts"
import { joinBytes } from "../http/joinBytes.ts"
import { Accumulator } from "../message/accumulator.ts"

/**
 * How the chunks of a run make its output: each is the value so far (`snapshots`), one item of a list (`items`), or some
 * items of it (`lists`); or they are `parts` of a value, such as keys of an object. Otherwise they are put together like
 * text.
 */
export type ChunkKind = "snapshots" | "items" | "lists" | "parts"

/** The result of folding chunks. */
export interface Folded<out Out> {
  /** The value of the chunks so far, or undefined before the first. */
  readonly partial: () => unknown
  /** The whole value, after the last chunk. */
  readonly done: () => Out
}

/** Makes one value of chunks. */
export interface ChunkFold<in Chunk, out Out> extends Folded<Out> {
  /** Adds the chunks of one read, in order. */
  readonly add: (chunks: ReadonlyArray<Chunk>) => void
  /** A new fold for the values under a key of the chunks. Absent: they fold by their shape. */
  readonly at?: ((key: string) => ChunkFold<unknown, unknown>) | undefined
  /** How the chunks make the output. It may be undefined until the first chunk is added. */
  readonly kind?: (() => ChunkKind | undefined) | undefined
  /** A new fold for chunks of another run that are like these, of which this is the first; undefined if it is not. */
  readonly like?: ((first: unknown) => ChunkFold<unknown, unknown> | undefined) | undefined
}

/** A fold that another reader of the run feeds: chunks that are added here are in it already. */
export const fedElsewhere = <Out>(fold: ChunkFold<never, Out>): ChunkFold<unknown, Out> => ({ ...fold, add: ignore })

const ignore = (): void => {}

/** A fold that is made with the first chunk: before that it is not known how the chunks fold. */
export const withFirst = <Chunk, Out>(make: (first?: Chunk) => ChunkFold<Chunk, Out>): ChunkFold<Chunk, Out> => {
  let fold: ChunkFold<Chunk, Out> | undefined
  const made = (first?: Chunk) => fold ??= make(first)
  return {
    add: (chunks) => made(chunks[0]).add(chunks),
    partial: () => fold?.partial(),
    done: () => made().done(),
    at: (key) => made().at?.(key) ?? byShape(),
    kind: () => fold?.kind?.(),
    like: (first) => fold?.like?.(first)
  }
}

/** A fold whose result is known. */
export const known = (output: unknown, kind: ChunkKind | undefined): ChunkFold<unknown, unknown> => ({
  add: ignore,
  partial: () => output,
  done: () => output,
  at: (key) => known(isPlainObject(output) ? output[key] : undefined, undefined),
  kind: () => kind
})

/** For steps whose last chunk is their value. */
export const last = <A>(): ChunkFold<A, A> => {
  let value: A | undefined
  return {
    add: (chunks) => {
      if (chunks.length > 0) value = chunks[chunks.length - 1]
    },
    partial: () => value,
    // A step without chunks has no value; its output type then has no inhabitant to return.
    done: () => value as A,
    at: () => last(),
    kind: () => "snapshots"
  }
}

/** For chunks that are the items of a list. */
export const items = <A>(): ChunkFold<A, ReadonlyArray<A>> => {
  const all: Array<A> = []
  return {
    add: (chunks) => {
      for (const chunk of chunks) all.push(chunk)
    },
    partial: () => all.slice(),
    done: () => all,
    at: () => items(),
    kind: () => "items"
  }
}

/** The chunk of a list which says that the items before it do not count. */
export const anew: ReadonlyArray<never> = Object.freeze([])

/** For chunks that are lists of items. */
export const lists = <A>(): ChunkFold<ReadonlyArray<A>, ReadonlyArray<A>> => {
  let all: Array<A> = []
  return {
    add: (chunks) => {
      for (const chunk of chunks) {
        if (chunk === anew) all = []
        else for (const item of [chunk].flat() as ReadonlyArray<A>) all.push(item) // flat takes the list apart
      }
    },
    partial: () => all.slice(),
    done: () => all,
    kind: () => "lists"
  }
}

/** For bytes. */
export const bytes = (): ChunkFold<Uint8Array, Uint8Array> => {
  const pieces: Array<Uint8Array> = []
  const all = () => joinBytes(pieces)
  return { add: (chunks) => void pieces.push(...chunks), partial: all, done: all }
}

/**
 * For text: the concatenation. The slices of one read are joined first, because V8 keeps every slice that is appended
 * by itself as a node of its own.
 */
export const text = (): ChunkFold<string, string> => {
  let all = ""
  return {
    add: (chunks) => {
      all += chunks.length === 1 ? chunks[0]! : chunks.join("")
    },
    partial: () => all,
    done: () => all
  }
}

/** For model chunks. */
export const message = (): ChunkFold<AIMessageChunk, AIMessage> => {
  const all = new Accumulator()
  return {
    add: (chunks) => all.addAll(chunks),
    partial: () => all.partial(),
    // No stream of a model ends without its finish, which completes the message.
    done: () => all.message() as AIMessage
  }
}

const isChunk = (value: unknown): value is AIMessageChunk =>
  typeof value === "object" && value !== null && "_tag" in value && value._tag === "AIMessageChunk"

const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) &&
  (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null) && !("_tag" in value)

/**
 * For steps that do not say how their chunks fold. The first chunk decides: model chunks make a message, texts and bytes
 * are concatenated, plain objects are merged key by key (so that the single-key objects of parallel steps make one
 * object), and of anything else the last value counts. `undefined` and `null` before the first chunk that decides, and
 * among texts and objects, are left out.
 *
 * @param source the fold of the chunks that the step reads, for steps that give chunks like those
 */
export const byShape = (
  source?: Pick<ChunkFold<never, unknown>, "at" | "like">
): ChunkFold<unknown, unknown> => {
  let fold: ChunkFold<unknown, unknown> | undefined
  let empty: unknown
  return {
    add: (chunks) => {
      if (fold === undefined) {
        const first = chunks.find(isPresent)
        if (first === undefined) {
          empty = chunks.at(-1)
          return
        }
        fold = source?.like?.(first) ?? foldOfShape(first)
      }
      fold.add(chunks)
    },
    partial: () => fold === undefined ? empty : fold.partial(),
    done: () => fold === undefined ? empty : fold.done(),
    at: source?.at,
    kind: () => fold?.kind?.(),
    like: (first) => (fold ?? source)?.like?.(first)
  }
}

/**
 * For a step that works on the chunks of another run.
 *
 * @param source the fold of that run; undefined until the run is opened
 */
export const behind = (source: () => ChunkFold<never, unknown> | undefined): ChunkFold<unknown, unknown> => {
  let found: ChunkKind | undefined
  const kind = () => found ??= source()?.kind?.()
  const fold = withFirst((): ChunkFold<unknown, unknown> => {
    switch (kind()) {
      case "snapshots":
        return last()
      case "items":
        return items()
      case "lists":
        return withFirst((first) => Array.isArray(first) ? lists() as ChunkFold<unknown, unknown> : items())
      default:
        return byShape(source())
    }
  })
  return {
    ...fold,
    at: (key) => kind() === "snapshots" ? last() : source()?.at?.(key) ?? byShape(),
    kind: () => kind() === "snapshots" ? "snapshots" : fold.kind?.()
  }
}

const isPresent = (value: unknown): boolean => value !== undefined && value !== null

const foldOfShape = (first: unknown): ChunkFold<unknown, unknown> =>
  typeof first === "string"
    ? only(isString, (chunk) => isPresent(chunk) ? String(chunk) : "", text())
    : isChunk(first)
    ? only(isChunk, undefined, messageSoFar())
    : first instanceof Uint8Array
    ? only(isBytes, undefined, bytes())
    : isPlainObject(first)
    ? only(isPlainObject, undefined, byKey(() => byShape()))
    : last()

/** A fold for chunks that are all of one kind as a rule. Others are converted, or left out. */
const only = <Chunk>(
  is: (chunk: unknown) => chunk is Chunk,
  convert: ((chunk: unknown) => Chunk) | undefined,
  fold: ChunkFold<Chunk, unknown>
): ChunkFold<unknown, unknown> => ({
  add: (chunks) =>
    fold.add(
      chunks.every((chunk) => is(chunk))
        ? chunks as ReadonlyArray<Chunk> // `every` has just said so
        : convert === undefined
        ? chunks.filter(is)
        : chunks.map(convert)
    ),
  partial: fold.partial,
  done: fold.done,
  at: fold.at,
  kind: fold.kind,
  like: fold.like
})

const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array

const isString = (value: unknown): value is string => typeof value === "string"

/** For model chunks that may stop before their finish. */
const messageSoFar = (): ChunkFold<AIMessageChunk, unknown> => {
  const all = new Accumulator()
  return {
    add: (chunks) => all.addAll(chunks),
    partial: () => all.partial(),
    done: () => all.message() ?? all.partial()
  }
}

/**
 * For objects: each key folds by itself. The keys in `always` are in the result even if no chunk had them, with the
 * value of no chunks, if there is one.
 */
export const byKey = (
  foldOf: (key: string) => ChunkFold<unknown, unknown>,
  always: ReadonlyArray<string> = []
): ChunkFold<Record<string, unknown>, Record<string, unknown>> => {
  const folds = new Map<string, ChunkFold<unknown, unknown>>()
  const all = (value: (fold: ChunkFold<unknown, unknown>) => unknown) =>
    Object.fromEntries([...folds].map(([key, fold]) => [key, value(fold)]))
  return {
    add: (chunks) => {
      for (const chunk of chunks) {
        for (const key of Object.keys(chunk)) {
          let fold = folds.get(key)
          if (fold === undefined) folds.set(key, fold = foldOf(key))
          fold.add([chunk[key]])
        }
      }
    },
    partial: () => all((fold) => fold.partial()),
    done: () => {
      const whole = all((fold) => fold.done())
      for (const key of always) {
        const value = folds.has(key) ? undefined : foldOf(key).done()
        if (value !== undefined) whole[key] = value
      }
      return whole
    },
    at: foldOf,
    kind: () => "parts",
    like: (first) =>
      isPlainObject(first)
        ? only(isPlainObject, undefined, byKey(foldOf))
        : undefined
  }
}
