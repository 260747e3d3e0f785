import { Effect, Layer } from "effect"
import { ChatModel, OutputParser, Runnable } from "rivulet"
import type { RunnableCache } from "rivulet"

type Model = ChatModel.Service

/** A chain over a model, and how its chunks fold. */
export interface Row {
  readonly name: string
  readonly make: (
    model: Model
  ) => Runnable.Runnable<string, unknown, unknown, RunnableCache.RunnableCache, unknown, never>
  /** How many chunks there are before the first of the model's. */
  readonly before?: number
  readonly folds: "text" | "message" | "object" | "last" | "list"
}

const answer = (model: Model) => Runnable.sequence(model, OutputParser.string)
const question = Runnable.fn((q: string) => ({ q }))
const ask = (model: Model) => Runnable.sequence(Runnable.fn(({ q }: { readonly q: string }) => q), answer(model))

/** Every combinator, over a model. */
export const combinators: ReadonlyArray<Row> = [
  { name: "model", make: (m) => m, folds: "message" },
  { name: "sequence", make: answer, folds: "text" },
  { name: "andThen", make: (m) => m.pipe(Runnable.andThen(OutputParser.string)), folds: "text" },
  { name: "parallel", make: (m) => Runnable.parallel({ a: answer(m), b: answer(m) }), folds: "object" },
  { name: "map", make: (m) => Runnable.sequence(answer(m), Runnable.map((s: string) => s + s)), folds: "text" },
  { name: "fn of an effect", make: (m) => Runnable.fn((q: string) => m.invoke(q)), folds: "last" },
  { name: "fn of a runnable", make: (m) => Runnable.fn((_input: string) => answer(m)), folds: "text" },
  {
    name: "transform",
    make: (m) => Runnable.sequence(answer(m), Runnable.transform("T", (text) => text)),
    folds: "text"
  },
  { name: "passthrough", make: (m) => Runnable.sequence(m, Runnable.passthrough()), folds: "message" },
  {
    name: "a parser that makes a list",
    make: (m) => Runnable.sequence(m, OutputParser.lines),
    folds: "list"
  },
  {
    name: "a parser that gives one value",
    make: (m) => Runnable.sequence(m, OutputParser.regex(/(?<first>.*)/)),
    folds: "last"
  },
  { name: "withRetry", make: (m) => answer(m).pipe(Runnable.withRetry()), folds: "text" },
  { name: "withFallbacks", make: (m) => answer(m).pipe(Runnable.withFallbacks([answer(m)])), folds: "text" },
  { name: "withConfig", make: (m) => answer(m).pipe(Runnable.withConfig({ name: "n" })), folds: "text" },
  {
    name: "assign",
    make: (m) => Runnable.sequence(question, Runnable.assign({ a: ask(m), b: ask(m) })),
    before: 1,
    folds: "object"
  },
  {
    name: "pick",
    make: (m) => Runnable.sequence(Runnable.parallel({ a: answer(m), b: answer(m) }), Runnable.pick("a")),
    folds: "text"
  },
  {
    name: "pick of keys",
    make: (m) => Runnable.sequence(Runnable.parallel({ a: answer(m), b: answer(m) }), Runnable.pick(["a"])),
    folds: "object"
  },
  {
    name: "branch",
    make: (m) => Runnable.branch([[(_input: string) => Effect.succeed(true), m]], m),
    folds: "message"
  },
  { name: "route", make: (m) => Runnable.route({ a: m, b: m }, (_input: string) => "b"), folds: "message" },
  {
    name: "each",
    make: (m) => Runnable.sequence(Runnable.fn((q: string) => [q, q, q]), Runnable.each(answer(m), { concurrency: 2 })),
    folds: "last"
  },
  { name: "withTimeout", make: (m) => answer(m).pipe(Runnable.withTimeout("1 minute")), folds: "text" },
  {
    name: "withTimeout of a step that works on chunks",
    make: (m) => Runnable.sequence(m, OutputParser.string.pipe(Runnable.withTimeout("1 minute"))),
    folds: "text"
  },
  {
    name: "withListeners",
    make: (m) =>
      answer(m).pipe(
        Runnable.withListeners({
          onStart: () => Effect.void,
          onEnd: () => Effect.void,
          onError: () => Effect.void,
          onInterrupt: () => Effect.void
        })
      ),
    folds: "text"
  },
  { name: "withCache", make: (m) => answer(m).pipe(Runnable.withCache({ name: "answer" })), folds: "text" },
  {
    name: "withRateLimit",
    make: (m) => answer(m).pipe(Runnable.withRateLimit({ limit: 100, window: "1 second" })),
    folds: "text"
  },
  { name: "runnableOf", make: (m) => ChatModel.runnableOf(m, { topK: 1 }), folds: "message" },
  {
    name: "provide",
    make: (m) =>
      Runnable.sequence(ChatModel.runnable, OutputParser.string).pipe(
        Runnable.provide(Layer.succeed(ChatModel.ChatModel, m))
      ),
    folds: "text"
  },
  {
    name: "provide to a step that works on chunks",
    make: (m) =>
      Runnable.sequence(
        m,
        OutputParser.string,
        Runnable.map((text: string) => Effect.as(ChatModel.ChatModel, text)).pipe(
          Runnable.provide(ChatModel.ChatModel.context(m))
        )
      ),
    folds: "text"
  }
]
