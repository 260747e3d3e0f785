import type * as JsonSchema from "effect/JsonSchema"
import { isJsonSchema, mapNodes } from "./nodes.ts"

type Node = JsonSchema.JsonSchema

/** What a `$ref` of a schema refers to in it: `#`, or a JSON pointer after it. */
export const definitionOf = (schema: Node, $ref: string): Node | undefined => {
  if (!$ref.startsWith("#")) return undefined
  let found: unknown = schema
  for (const token of $ref.slice(1).split("/").slice(1)) {
    const key = token.replaceAll("~1", "/").replaceAll("~0", "~")
    found = isJsonSchema(found) && Object.hasOwn(found, key) ? found[key] : undefined
  }
  return isJsonSchema(found) ? found : undefined
}

/** The schema with its root in place of a `$ref`. */
export const withRoot = (schema: Node): Node => {
  const seen = new Set<unknown>()
  let root = schema
  while (typeof root["$ref"] === "string" && !seen.has(root["$ref"])) {
    const { $ref, ...rest } = root
    seen.add($ref)
    const target = definitionOf(schema, String($ref))
    if (target === undefined) break
    root = { ...target, ...rest }
  }
  return root
}

/** Every `$ref` that is reached from a node, whether or not by way of others. The root's definitions are no part of it. */
export const refsFrom = (schema: Node, node: Node): ReadonlySet<string> => {
  const refs = new Set<string>()
  const visit = (node: Node): void => {
    const { $defs: _, definitions: __, ...parts } = node
    mapNodes(parts, (part) => {
      const { $ref } = part
      if (typeof $ref === "string" && !refs.has($ref)) {
        refs.add($ref)
        const target = definitionOf(schema, $ref)
        if (target !== undefined) visit(target)
      }
      return part
    })
  }
  visit(node)
  return refs
}

/** Every `$ref` by which something refers to itself. */
export const recursiveIn = (schema: Node): ReadonlySet<string> =>
  new Set([...refsFrom(schema, schema)].filter(($ref) => {
    const target = definitionOf(schema, $ref)
    return target !== undefined && refsFrom(schema, target).has($ref)
  }))
