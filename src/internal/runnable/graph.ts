import type { RunType } from "../../RunEvent.ts"
import { TypeId } from "../step/types.ts"
import type { Step } from "../step/types.ts"

/** A step. `id` is its own in the graph, `name` need not be. */
export interface GraphNode {
  readonly id: string
  readonly name: string
  readonly type: RunType | "start" | "end"
}

/** What one step puts out goes to another. `label` says which branch that is. */
export interface GraphEdge {
  readonly from: string
  readonly to: string
  readonly label?: string | undefined
}

/** The steps of a chain, from `__start__` to `__end__`. */
export interface Graph {
  readonly nodes: ReadonlyArray<GraphNode>
  readonly edges: ReadonlyArray<GraphEdge>
}

/**
 * The steps of a chain and how they lie, without running it. Steps in a sequence follow each other; a step that has
 * others beside each other (`parallel`, `assign`, `branch`, `route`, `each`) has an edge to each, labelled with its key
 * or place. A step that `withConfig` named has that name. What is decided only in a run (the runnable a function gives,
 * fallbacks) is not shown.
 *
 * **Example** (A chain as a Mermaid diagram)
 *
 * ```ts
 * import { ChatModel, ChatPrompt, OutputParser, Runnable } from "rivulet"
 *
 * const chain = Runnable.sequence(ChatPrompt.make("About {topic}"), ChatModel.runnable, OutputParser.string)
 * const diagram = Runnable.toMermaid(Runnable.graph(chain))
 * ```
 */
export const graph = (self: Drawn): Graph => {
  const nodes: Array<GraphNode> = []
  const edges: Array<GraphEdge> = []
  const ids = new Set<string>()

  const add = (name: string, type: GraphNode["type"], from: ReadonlyArray<Loose>): ReadonlyArray<Loose> => {
    const plain = name.replace(/\W/g, "_")
    const base = reserved.has(plain) ? `${plain}_` : plain
    let id = base
    for (let i = 2; ids.has(id); i++) id = `${base}_${i}`
    ids.add(id)
    nodes.push({ id, name, type })
    edges.push(...from.map((edge) => ({ ...edge, to: id })))
    return [{ from: id }]
  }

  /** Adds a step behind these edges, and gives the edges that lead out of it. */
  const walk = (step: Drawn, from: ReadonlyArray<Loose>): ReadonlyArray<Loose> => {
    const { name, shape, type } = step[TypeId]
    if (shape?._tag === "Sequence") return shape.steps.reduce((from, step) => walk(step, from), from)
    const itself = add(name, type, from)
    return shape === undefined || shape.branches.length === 0
      ? itself
      : shape.branches.flatMap(([label, branch]) => walk(branch, itself.map((edge) => ({ ...edge, label }))))
  }

  add("__end__", "end", walk(self, add("__start__", "start", [])))
  return { nodes, edges }
}

/** All that is looked at of a runnable. */
interface Drawn {
  readonly [TypeId]: Step
}

/** An edge that leads nowhere yet. */
type Loose = Omit<GraphEdge, "to">

/** Words that mean something else in a Mermaid diagram. */
const reserved = new Set(["end", "graph", "subgraph", "flowchart", "class", "classDef", "style", "click", "default"])

/**
 * A graph as the text of a Mermaid diagram, as LangChain prints it. Names and labels may hold anything.
 *
 * **Example** (Printing a chain)
 *
 * ```ts
 * import { Console } from "effect"
 * import { ChatModel, OutputParser, Runnable } from "rivulet"
 *
 * const chain = Runnable.sequence(ChatModel.runnable, OutputParser.string)
 * const print = Console.log(Runnable.toMermaid(Runnable.graph(chain)))
 * ```
 */
export const toMermaid = (graph: Graph): string =>
  [
    "%%{init: {'flowchart': {'curve': 'linear'}}}%%",
    "graph TD;",
    ...graph.nodes.map((node) => `\t${nodeOf(node)}`),
    ...graph.edges.map(({ from, label, to }) =>
      label === undefined ? `\t${from} --> ${to};` : `\t${from} -- &nbsp;${escape(label)}&nbsp; --> ${to};`
    ),
    "\tclassDef default fill:#f2f0ff,line-height:1.2;",
    "\tclassDef first fill-opacity:0;",
    "\tclassDef last fill:#bfb6fc;",
    ""
  ].join("\n")

const nodeOf = ({ id, name, type }: GraphNode): string => {
  switch (type) {
    case "start":
      return `${id}([<p>${escape(name)}</p>]):::first`
    case "end":
      return `${id}([<p>${escape(name)}</p>]):::last`
    default:
      return `${id}(${escape(name)})`
  }
}

/** Mermaid's own way to write a character that would mean something. */
const escape = (text: string): string => text.replace(/[^\p{L}\p{N}_ .:,-]/gu, (char) => `#${char.codePointAt(0)};`)
