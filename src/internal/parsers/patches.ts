/**
 * JSON patches (RFC 6902) for `OutputParser.json` with `diff`: making them and folding them. It knows nothing of
 * answers. Folding copies each container once, not once for each patch.
 */
import * as JsonPatch from "effect/JsonPatch"
import type { Json } from "effect/Schema"
import { setKey } from "../json/object.ts"
import type { ChunkFold } from "../step/fold.ts"

/** The patch from one value to the next. The first one replaces the whole document. */
export const patchTo = (before: Json | undefined, after: Json): JsonPatch.JsonPatch =>
  before === undefined ? [{ op: "replace", path: "", value: after }] : JsonPatch.get(before, after)

const isPatch = (value: unknown): boolean =>
  Array.isArray(value) && value.every((item) => typeof item === "object" && item !== null && "op" in item)

type Container = Array<Json> | Record<string, Json>

/**
 * Folds patches to the value they lead to. The values in patches are shared with the parser's own, so each container is
 * copied before its first change; `JsonPatch.apply` would copy it for every patch.
 */
export const patchFold = (): ChunkFold<JsonPatch.JsonPatch, Json> => {
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
    const [key, ...rest] = keys as [string, ...Array<string>] // the path of a change within a container has a key
    if (rest.length > 0) {
      setKey(copy, key, step(Reflect.get(copy, key) as Container, rest, operation))
    } else if (operation.op === "remove") {
      if (Array.isArray(copy)) copy.splice(Number(key), 1)
      else delete copy[key]
    } else setKey(copy, key, operation.value)
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
    // Later patches change these containers in place.
    partial: () => structuredClone(all),
    done: () => all as Json, // a parser that succeeds has emitted a value
    kind: () => "parts",
    like: (first) => isPatch(first) ? patchFold() as ChunkFold<unknown, unknown> : undefined // patches, as the first is
  }
}
