import { assert, describe, it } from "@effect/vitest"
import { ChatModel, ChatPrompt, OutputParser, Runnable } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"

describe("graph", () => {
  const prompt = ChatPrompt.make("About {topic}")
  const chain = Runnable.sequence(prompt, ChatModel.runnable, OutputParser.string)

  it("of a chain is its steps in their order", () => {
    assert.deepStrictEqual(Runnable.graph(chain), {
      nodes: [
        { id: "__start__", name: "__start__", type: "start" },
        { id: "ChatPromptTemplate", name: "ChatPromptTemplate", type: "prompt" },
        { id: "ChatModel", name: "ChatModel", type: "chat_model" },
        { id: "StrOutputParser", name: "StrOutputParser", type: "parser" },
        { id: "__end__", name: "__end__", type: "end" }
      ],
      edges: [
        { from: "__start__", to: "ChatPromptTemplate" },
        { from: "ChatPromptTemplate", to: "ChatModel" },
        { from: "ChatModel", to: "StrOutputParser" },
        { from: "StrOutputParser", to: "__end__" }
      ]
    })
  })

  it("has the name of a model, also of a wrapped one", () => {
    const { model } = ScriptedChatModel.make([], { provider: "scripted", model: "gold-1" })
    const wrapped = model.pipe(ChatModel.withDefaults({ temperature: 0 }))
    const node = { name: "scripted", type: "chat_model", model: "gold-1" } as const
    for (const step of [model, wrapped]) {
      const { nodes } = Runnable.graph(Runnable.sequence(prompt, step, OutputParser.string))
      assert.deepInclude(nodes[2], node)
    }
  })

  it("of a chain is printed as LangChain does", () => {
    assert.strictEqual(
      Runnable.toMermaid(Runnable.graph(Runnable.sequence(prompt, ChatModel.runnable))),
      `%%{init: {'flowchart': {'curve': 'linear'}}}%%
graph TD;
\t__start__([<p>__start__</p>]):::first
\tChatPromptTemplate(ChatPromptTemplate)
\tChatModel(ChatModel)
\t__end__([<p>__end__</p>]):::last
\t__start__ --> ChatPromptTemplate;
\tChatPromptTemplate --> ChatModel;
\tChatModel --> __end__;
\tclassDef default fill:#f2f0ff,line-height:1.2;
\tclassDef first fill-opacity:0;
\tclassDef last fill:#bfb6fc;
`
    )
  })

  it("has an edge to each branch, with its label, and one from each to what follows", () => {
    const lambda = Runnable.fn((_input: { readonly topic: string }) => 1)
    const { edges, nodes } = Runnable.graph(
      Runnable.sequence(Runnable.parallel({ a: chain, b: lambda }), Runnable.fn((_input: unknown) => 2))
    )
    assert.deepStrictEqual(nodes.map((node) => node.id), [
      "__start__",
      "RunnableMap",
      "ChatPromptTemplate",
      "ChatModel",
      "StrOutputParser",
      "RunnableLambda",
      "RunnableLambda_2",
      "__end__"
    ])
    assert.deepStrictEqual(edges.slice(1), [
      { from: "RunnableMap", to: "ChatPromptTemplate", label: "a" },
      { from: "ChatPromptTemplate", to: "ChatModel" },
      { from: "ChatModel", to: "StrOutputParser" },
      { from: "RunnableMap", to: "RunnableLambda", label: "b" },
      { from: "StrOutputParser", to: "RunnableLambda_2" },
      { from: "RunnableLambda", to: "RunnableLambda_2" },
      { from: "RunnableLambda_2", to: "__end__" }
    ])
  })

  it("shows what is inside a step that is run in another way, by the name it was given", () => {
    const step = (name: string) => Runnable.fn((n: number) => n).pipe(Runnable.withConfig({ name }))
    const inner = Runnable.branch([[(n: number) => n > 0, step("one")]], step("other")).pipe(
      Runnable.withConfig({ name: "choice" }),
      Runnable.withTimeout("1 second"),
      Runnable.withRetry()
    )
    const labels = (graph: Runnable.Graph) => graph.edges.map(({ from, label, to }) => [from, label, to])
    assert.deepStrictEqual(labels(Runnable.graph(inner)), [
      ["__start__", undefined, "choice"],
      ["choice", "branch:1", "one"],
      ["choice", "branch:default", "other"],
      ["one", undefined, "__end__"],
      ["other", undefined, "__end__"]
    ])
    assert.deepStrictEqual(labels(Runnable.graph(Runnable.each(step("one")))).slice(1, 2), [
      ["RunnableEach", "each", "one"]
    ])
    assert.deepStrictEqual(labels(Runnable.graph(Runnable.route({ k: step("one") }, () => "k"))).slice(1, 2), [
      ["RouterRunnable", "k", "one"]
    ])
    assert.deepStrictEqual(labels(Runnable.graph(Runnable.parallel({}))), [
      ["__start__", undefined, "RunnableMap"],
      ["RunnableMap", undefined, "__end__"]
    ])
  })

  it("holds names and labels that mean something to Mermaid", () => {
    const odd = Runnable.fn((n: number) => n).pipe(Runnable.withConfig({ name: "end" }))
    const diagram = Runnable.toMermaid(Runnable.graph(Runnable.parallel({
      "a --> b": odd,
      b: odd.pipe(Runnable.withConfig({ name: `f("x")<b>;` }))
    })))
    assert.include(diagram, "\tend_(end)\n")
    assert.include(diagram, "\tRunnableMap -- &nbsp;a --#62; b&nbsp; --> end_;\n")
    assert.include(diagram, "\tf__x___b__(f#40;#34;x#34;#41;#60;b#62;#59;)\n")
  })
})
