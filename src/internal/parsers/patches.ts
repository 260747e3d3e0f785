import * as JsonPatch from "effect/JsonPatch"
import type { Json } from "effect/Schema"
import type { ChunkFold } from "../step/fold.ts"

/** The steps from one value to the next; before the first there is none. */
export const patchTo = (before: Json | undefined, after: Json): JsonPatch.JsonPatch =>
  before === undefined ? [{ op: "replace", path: "", value: after }] : JsonPatch.get(before, after)

type Container = Array<Json> | Record<string, Json>

/**
 * For patches: the value they lead to. What they bring is shared with the values they were made from, so it is copied
 * before it is changed, once; `JsonPatch.apply` would copy for each step.
 */
export const patched = (): ChunkFold<JsonPatch.JsonPatch, Json> => {
  const own = new WeakSet<object>()
  let all: Json | undefined
  const owned = (container: Container): Container => {
    if (own.has(container)) return container
    const copy = Array.isArray(container) ? container.slice() : { ...container }
    own.add(copy)
    return copy
  }
  const step = (
    container: Container,
    keys: ReadonlyArray<string>,
    operation: JsonPatch.JsonPatchOperation
  ): Container => {
    const copy = owned(container)
    const [key, ...rest] = keys as [string, ...Array<string>] // a path that leads into a container has a key
    if (rest.length > 0) {
      define(copy, key, step(Reflect.get(copy, key) as Container, rest, operation))
    } else if (operation.op === "remove") {
      if (Array.isArray(copy)) copy.splice(Number(key), 1)
      else delete copy[key]
    } else define(copy, key, operation.value)
    return copy
  }
  return {
    add: (patches) => {
      for (const operation of patches.flat()) {
        if (operation.path === "") {
          if (operation.op !== "remove") all = operation.value
        } else {
          const keys = operation.path.slice(1).split("/").map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"))
          all = step(all as Container, keys, operation)
        }
      }
    },
    // The fold goes on changing its value.
    partial: () => structuredClone(all),
    done: () => all as Json // a parser that ends well has put out a value
  }
}

/** A key named `__proto__` is a key like any other. */
const define = (container: Container, key: string, value: Json): void =>
  void Object.defineProperty(container, key, { value, writable: true, enumerable: true, configurable: true })
