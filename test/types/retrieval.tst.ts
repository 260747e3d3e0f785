// The usual ways to write retrieval compile without help, and a step that does not fit is told by the key it needs.
import { Context, Effect } from "effect"
import { ChatModel, ChatPrompt, OutputParser, Runnable } from "rivulet"
import type { ChatModelError } from "rivulet"
import { expect } from "tstyche"

interface Doc {
  readonly pageContent: string
}
const library = Runnable.retriever(
  "Library",
  (query: string) => Effect.succeed<ReadonlyArray<Doc>>([{ pageContent: query }])
)
const format = (docs: ReadonlyArray<Doc>) => docs.map(({ pageContent }) => pageContent).join("\n")
const prompt = ChatPrompt.make("Use {context} to answer {question}")
const answer = Runnable.sequence(prompt, ChatModel.runnable, OutputParser.string)

type Answer<In, Out = string> = Runnable.Chain<In, Out, ChatModelError.ChatModelError, ChatModel.ChatModel>
type Question = { readonly question: string }

// parallel, with the question passed through
expect(Runnable.sequence(
  Runnable.parallel({ context: Runnable.sequence(library, Runnable.fn(format)), question: Runnable.passthrough() }),
  answer
)).type.toBeAssignableTo<Answer<string>>()
expect(Runnable.sequence(
  Runnable.parallel({
    context: Runnable.sequence(library, Runnable.map(format)),
    question: Runnable.passthrough<string>()
  }),
  prompt,
  ChatModel.runnable,
  OutputParser.string
)).type.toBeAssignableTo<Answer<string>>()

// with a model of another tag, and a given one
class Fast extends Context.Service<Fast, ChatModel.Service>()("app/Fast") {}
declare const given: ChatModel.Service
expect(Runnable.sequence(
  Runnable.parallel({ context: Runnable.sequence(library, Runnable.fn(format)), question: Runnable.passthrough() }),
  prompt,
  ChatModel.runnableOf(Fast, { temperature: 0 }),
  OutputParser.string
)).type.toBe<
  Runnable.Runnable<string, string, ChatModelError.ChatModelError, Fast, string>
>()
expect(Runnable.sequence(
  Runnable.assign({
    context: Runnable.sequence(
      ChatPrompt.make("Words to search for: {question}"),
      ChatModel.runnableOf(Fast),
      OutputParser.string,
      library,
      Runnable.fn(format)
    )
  }),
  prompt,
  ChatModel.runnableOf(given, { temperature: 0 }),
  OutputParser.string
)).type.toBeAssignableTo<Runnable.Chain<Question, string, ChatModelError.ChatModelError, Fast>>()
expect(ChatModel.runnableOf).type.not.toBeCallableWith(prompt)
expect(ChatModel.runnableOf).type.not.toBeCallableWith(Fast, { temperatur: 0 })

// parallel, with keys picked from an object
expect(Runnable.sequence(
  Runnable.parallel({
    context: Runnable.sequence(Runnable.pick("question"), library, Runnable.fn(format)),
    question: Runnable.pick("question")
  }),
  answer
)).type.toBeAssignableTo<Answer<Question>>()

// assign, step by step
expect(Runnable.sequence(
  Runnable.assign({ docs: Runnable.sequence(Runnable.pick("question"), library) }),
  Runnable.assign({ context: Runnable.fn((input: { readonly docs: ReadonlyArray<Doc> }) => format(input.docs)) }),
  answer
)).type.toBeAssignableTo<Answer<Question>>()
expect(Runnable.sequence(
  Runnable.assign({
    context: Runnable.pick("question").pipe(Runnable.andThen(library), Runnable.andThen(Runnable.fn(format)))
  }),
  answer
)).type.toBeAssignableTo<Answer<Question>>()

// steps in steps: each takes the keys that those inside it need
expect(Runnable.assign({ a: Runnable.assign({ b: Runnable.pick("question") }) }).invoke)
  .type.toBeCallableWith({ question: "" })
expect(
  Runnable.assign({
    both: Runnable.parallel({
      docs: Runnable.sequence(Runnable.pick("question"), library),
      question: Runnable.pick("question")
    })
  }).invoke({ question: "" }).pipe(Effect.map(({ both, question }) => format(both.docs) + question))
).type.toBe<Effect.Effect<string>>()
expect(Runnable.assign({ a: Runnable.assign({ b: Runnable.fn((input: Question) => input.question.length) }) }))
  .type.toBeAssignableTo<
  Runnable.Chain<Question, { readonly question: string; readonly a: { readonly question: string; readonly b: number } }>
>()
expect(Runnable.sequence(
  Runnable.passthrough<Question & { readonly user: { readonly name: string } }>(),
  Runnable.assign({
    profile: Runnable.sequence(
      Runnable.pick("user"),
      Runnable.assign({ greeting: Runnable.fn(({ name }: { readonly name: string }) => `Hi ${name}`) })
    )
  }),
  Runnable.fn(({ profile, question }) => profile.greeting + profile.name + question)
)).type.toBeAssignableTo<Runnable.Chain<Question & { readonly user: { readonly name: string } }, string>>()

// the documents beside the answer
const cited = Runnable.sequence(
  Runnable.assign({ docs: Runnable.sequence(Runnable.pick("question"), library) }),
  Runnable.assign({
    answer: Runnable.sequence(
      Runnable.fn(({ docs, question }: { readonly docs: ReadonlyArray<Doc>; readonly question: string }) => ({
        question,
        context: format(docs)
      })),
      answer
    )
  })
)
expect(cited).type.toBeAssignableTo<
  Answer<Question, { readonly question: string; readonly docs: ReadonlyArray<Doc>; readonly answer: string }>
>()
expect(Runnable.sequence(cited, Runnable.pick("answer"))).type.toBeAssignableTo<Answer<Question>>()

// a router behind assign: the variables of a prompt are texts there
const ask = (field: "physics" | "history") =>
  Runnable.sequence(ChatPrompt.make([["system", `You know ${field}.`], ["human", "{question}"]]), ChatModel.runnable)
const topic = Runnable.assign({
  topic: Runnable.sequence(ChatPrompt.make("The topic of {question}?"), ChatModel.runnable, OutputParser.string)
})
const physics = Runnable.sequence(ask("physics"), OutputParser.string)
const history = Runnable.sequence(ask("history"), OutputParser.string)
expect(Runnable.sequence(topic, Runnable.route({ physics, history }, (input) => input.topic)).invoke({ question: "q" }))
  .type.toBeAssignableTo<
  Effect.Effect<string, ChatModelError.ChatModelError | Runnable.RouteError, ChatModel.ChatModel>
>()
expect(
  Runnable.sequence(topic, Runnable.route({ physics, history }, (input: { readonly topic: string }) => input.topic))
)
  .type.toBeAssignableTo<
  Runnable.Chain<Question, string, ChatModelError.ChatModelError | Runnable.RouteError, ChatModel.ChatModel>
>()
expect(Runnable.sequence(topic, Runnable.branch([[(input) => input.topic === "physics", physics]], history)))
  .type.toBeAssignableTo<Answer<Question>>()
expect(Runnable.sequence(topic, Runnable.fn((input: Question) => input.question.length > 9 ? physics : history)))
  .type.toBeAssignableTo<Answer<Question>>()
// alone, a condition sees what the steps take
expect(Runnable.branch([[(input) => input.question === 1, physics]], history)).type.toBeAssignableTo<Answer<Question>>()
expect(Runnable.route({ physics, history }, (input) => input.question === 1 ? "physics" : "history").invoke)
  .type.toBeCallableWith({ question: 1 })
// a prompt takes numbers behind a step that gives them
expect(
  Runnable.sequence(Runnable.passthrough<{ readonly n: number }>(), Runnable.assign({ prompt: ChatPrompt.make("{n}") }))
    .invoke
).type.toBeCallableWith({ n: 1 })

// up to ten steps, and any number in sequences of sequences or by andThen
const louder = Runnable.fn((text: string) => `${text}!`)
expect(Runnable.sequence(louder, louder, louder, louder, louder, louder, louder, louder, louder, louder))
  .type.toBeAssignableTo<Runnable.Chain<string, string>>()
expect(Runnable.sequence)
  .type.not.toBeCallableWith(louder, louder, louder, louder, louder, louder, louder, louder, louder, louder, louder)

// Chain takes any chain
const run = <In, Out, E, R>(chain: Runnable.Chain<In, Out, E, R>, input: In) => chain.invoke(input)
expect(run(answer, { context: "", question: "" })).type.toBe<
  Effect.Effect<string, ChatModelError.ChatModelError, ChatModel.ChatModel>
>()
expect(run(Runnable.parallel({ a: louder }), "")).type.toBe<Effect.Effect<{ readonly a: string }>>()
