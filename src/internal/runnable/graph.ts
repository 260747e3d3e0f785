/**
 * `graph` and `toMermaid`: the steps of a chain as a drawing. Looks at descriptions only, and runs nothing.
 */
import type { RunType } from "../../RunEvent.ts"
import { optional } from "../optional.ts"
import { TypeId } from "../step/run.ts"
import type { Step } from "../step/types.ts"

/** A step of a graph. */
export interface GraphNode {
  /** Unique in the graph. */
  readonly id: string
  /** The name of the step. Two steps may have the same. */
  readonly name: string
  /** The type of the step in events, or one of the two ends. */
  readonly type: RunType | "start" | "end"
  /** The name of the model, if the step is a chat model that is not taken from the context. */
  readonly model?: string | undefined
}

/** A connection: the output of one step goes to another. */
export interface GraphEdge {
  /** The id of the step that the output comes from. */
  readonly from: string
  /** The id of the step that it goes to. */
  readonly to: string
  /** The name of the branch. */
  readonly label?: string | undefined
}

/** The steps of a chain, from `__start__` to `__end__`. */
export interface Graph {
  /** The steps, `__start__` first and `__end__` last. */
  readonly nodes: ReadonlyArray<GraphNode>
  /** The connections between them. */
  readonly edges: ReadonlyArray<GraphEdge>
}

/**
 * The steps of a chain and their connections. Nothing is run.
 *
 * **Details**
 *
 * The steps of a sequence follow each other. A step with branches (`parallel`, `assign`, `branch`, `route`, `each`) has
 * an edge to each branch, labelled with its key or place. A step named by `withConfig` has that name. Steps that are
 * decided in a run, such as the runnable that a function returns, are not shown.
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
  const uses = new Map<string, number>()

  const add = (
    name: string,
    type: GraphNode["type"],
    from: ReadonlyArray<Loose>,
    model?: string
  ): ReadonlyArray<Loose> => {
    const plain = name.replace(/\W/g, "_")
    const base = reserved.has(plain) ? `${plain}_` : plain
    let id = base
    for (let i = uses.get(base) ?? 1; ids.has(id); uses.set(base, i)) id = `${base}_${++i}`
    ids.add(id)
    nodes.push({ id, name, type, ...optional("model", model) })
    edges.push(...from.map((edge) => ({ ...edge, to: id })))
    return [{ from: id }]
  }

  /** Adds a step behind these edges, and gives the edges that lead out of it. */
  const walk = (step: Drawn, from: ReadonlyArray<Loose>): ReadonlyArray<Loose> => {
    const { name, shape, subject, type } = step[TypeId]
    if (shape?._tag === "Sequence") return shape.steps.reduce((from, step) => walk(step, from), from)
    const itself = add(name, type, from, subject?._tag === "Model" ? subject.model : undefined)
    return shape === undefined || shape.branches.length === 0
      ? itself
      : shape.branches.flatMap(([label, branch]) => walk(branch, itself.map((edge) => ({ ...edge, label }))))
  }

  add("__end__", "end", walk(self, add("__start__", "start", [])))
  return { nodes, edges }
}

/** The part of a runnable that a graph looks at. */
interface Drawn {
  readonly [TypeId]: Step
}

/** An edge without its end. */
type Loose = Omit<GraphEdge, "to">

/** Words with a meaning in Mermaid. */
const reserved = new Set(["end", "graph", "subgraph", "flowchart", "class", "classDef", "style", "click", "default"])

/**
 * A graph as the text of a Mermaid diagram, in the form that LangChain prints. Names and labels may contain any
 * character.
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

/** Escapes characters that have a meaning in Mermaid. */
const escape = (text: string): string => text.replace(/[^\p{L}\p{N}_ .:,-]/gu, (char) => `#${char.codePointAt(0)};`)
