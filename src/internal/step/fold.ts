import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { AIMessage } from "../../Message.ts"
import { Accumulator } from "./accumulator.ts"

/** What chunks fold to. */
export interface Kept<out Out> {
  /** What came so far, or undefined when nothing did. */
  readonly partial: () => unknown
  /** The whole value. */
  readonly done: () => Out
}

/** Makes one value of the chunks of a stream. */
export interface Folder<in Chunk, out Out> extends Kept<Out> {
  readonly add: (chunk: Chunk) => void
  /** Adds all chunks of a read, where that is cheaper at once. */
  readonly addAll?: ((chunks: ReadonlyArray<Chunk>) => void) | undefined
  /** How the values under one key of the chunks fold, where that does not go by their shape. */
  readonly at?: ((key: string) => Folder<unknown, unknown>) | undefined
}

/** A folder of which it is known only with the first chunk, or at the end, what it is: by the chunks' shape if never. */
export const lazily = <Chunk, Out>(make: () => Folder<Chunk, Out> | undefined): Folder<Chunk, Out> => {
  let folder: Folder<Chunk, Out> | undefined
  // What has no folder of its own has put out nothing, and nothing has no shape.
  const made = () => folder ??= make() ?? byShape() as Folder<Chunk, Out>
  return {
    add: (chunk) => (folder ?? made()).add(chunk),
    addAll: (chunks) => addAll(folder ?? made(), chunks),
    partial: () => (folder ?? make())?.partial(),
    done: () => made().done(),
    at: (key) => made().at?.(key) ?? byShape()
  }
}

/** The fold of a stream's arrays as they pass. */
export interface Following<Chunk, out Out> extends Kept<Out> {
  /** Takes the next array, and gives it back. */
  readonly follow: (chunks: readonly [Chunk, ...Array<Chunk>]) => readonly [Chunk, ...Array<Chunk>]
}

const addAll = <Chunk>(folder: Folder<Chunk, unknown>, chunks: ReadonlyArray<Chunk>): void => {
  if (folder.addAll !== undefined) return folder.addAll(chunks)
  for (const chunk of chunks) folder.add(chunk)
}

/** Folds a run's chunks as they pass, unless the run does so itself. */
export const following = <Chunk, Out>(run: {
  readonly folder: () => Folder<Chunk, Out>
  readonly kept?: (() => Kept<Out> | undefined) | undefined
}): Following<Chunk, Out> => {
  let own: Folder<Chunk, Out> | undefined
  let kept: Kept<Out> | undefined
  const result = () => kept ?? (own ??= run.folder())
  return {
    follow: (chunks) => {
      if (kept !== undefined) return chunks
      if (own === undefined) {
        kept = run.kept?.()
        if (kept !== undefined) return chunks
        own = run.folder()
      }
      addAll(own, chunks)
      return chunks
    },
    partial: () => result().partial(),
    done: () => result().done()
  }
}

/** For steps whose last chunk is their value. */
export const last = <A>(): Folder<A, A> => {
  let value: A | undefined
  return {
    add: (chunk) => {
      value = chunk
    },
    partial: () => value,
    // A step that puts out nothing has no value; its type then has no inhabitant to give.
    done: () => value as A,
    at: () => last()
  }
}

/**
 * For text: the slices strung together. Those of one read are joined first: a text that is put together slice by slice
 * stays in memory as slices.
 */
export const text = (): Folder<string, string> => {
  let all = ""
  return {
    add: (chunk) => {
      all += chunk
    },
    addAll: (chunks) => {
      all += chunks.join("")
    },
    partial: () => all,
    done: () => all
  }
}

const isChunk = (value: unknown): value is AIMessageChunk =>
  typeof value === "object" && value !== null && "_tag" in value && value._tag === "AIMessageChunk"

const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) &&
  (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null) && !("_tag" in value)

/**
 * For steps that do not say how their chunks fold, by what the chunks are: model chunks to a message, texts strung
 * together, plain objects merged key by key (so that the single-key objects of parallel steps make one), anything else
 * by its last value.
 */
export const byShape = (): Folder<unknown, unknown> => {
  let folder: Folder<never, unknown> | undefined
  let add: (chunk: unknown) => void
  const folderFor = (chunk: unknown): void => {
    if (typeof chunk === "string") {
      const inner = text()
      add = (chunk) => inner.add(String(chunk))
      folder = inner
    } else if (isChunk(chunk)) {
      const all = new Accumulator()
      add = (chunk) => {
        if (isChunk(chunk)) all.add(chunk)
      }
      folder = { add, partial: () => all.partial(), done: () => all.message() ?? all.partial() }
    } else if (isPlainObject(chunk)) {
      const inner = byKey(() => byShape())
      add = (chunk) => {
        if (isPlainObject(chunk)) inner.add(chunk)
      }
      folder = inner
    } else {
      const inner = last<unknown>()
      add = inner.add
      folder = inner
    }
  }
  return {
    add: (chunk) => {
      if (folder === undefined) folderFor(chunk)
      add(chunk)
    },
    partial: () => folder?.partial(),
    done: () => folder?.done()
  }
}

/**
 * For objects whose keys fold each by itself. The keys in `always` have a value even if no chunk had them: that of no
 * chunks, if there is one.
 */
export const byKey = (
  folderOf: (key: string) => Folder<unknown, unknown>,
  always: ReadonlyArray<string> = []
): Folder<Record<string, unknown>, Record<string, unknown>> => {
  const folders = new Map<string, Folder<unknown, unknown>>()
  const all = (value: (folder: Folder<unknown, unknown>) => unknown) =>
    Object.fromEntries([...folders].map(([key, folder]) => [key, value(folder)]))
  return {
    add: (chunk) => {
      for (const key of Object.keys(chunk)) {
        let folder = folders.get(key)
        if (folder === undefined) folders.set(key, folder = folderOf(key))
        folder.add(chunk[key])
      }
    },
    partial: () => all((folder) => folder.partial()),
    done: () => {
      const whole = all((folder) => folder.done())
      for (const key of always) {
        const value = folders.has(key) ? undefined : folderOf(key).done()
        if (value !== undefined) whole[key] = value
      }
      return whole
    },
    at: folderOf
  }
}

/** For model chunks. */
export const message = (): Folder<AIMessageChunk, AIMessage> => {
  const all = new Accumulator()
  return {
    add: all.add.bind(all),
    addAll: all.addAll.bind(all),
    partial: all.partial.bind(all),
    // `run` lets no stream of a model end without its finish.
    done: () => all.message() as AIMessage
  }
}
