// Chains that do not compile: the compiler's message names the key that a step lacks. The type check leaves this folder
// out, as its errors are wanted.
import { Effect } from "effect"
import { ChatModel, ChatPrompt, OutputParser, Runnable } from "rivulet"
import { expect } from "tstyche"

interface Doc {
  readonly pageContent: string
}
type Question = { readonly question: string }
const library = Runnable.retriever(
  "Library",
  (query: string) => Effect.succeed<ReadonlyArray<Doc>>([{ pageContent: query }])
)
const format = (docs: ReadonlyArray<Doc>) => docs.map(({ pageContent }) => pageContent).join("\n")
const prompt = ChatPrompt.make("Use {context} to answer {question}")
const physics = Runnable.sequence(ChatPrompt.make("{question}"), ChatModel.runnable, OutputParser.string)
const context = Runnable.sequence(Runnable.pick("question"), library, Runnable.fn(format))
expect(Runnable.sequence(Runnable.parallel({ context }), prompt)).type.toRaiseError(/'question' is missing/)
expect(Runnable.sequence(Runnable.passthrough<{ readonly q: string }>(), Runnable.assign({ context })))
  .type.toRaiseError(/'question' is missing/)
expect(Runnable.sequence(Runnable.assign({ docs: context }), prompt)).type.toRaiseError(/'context' is missing/)
expect(Runnable.sequence(Runnable.parallel({ docs: context }), Runnable.pick("contexts")))
  .type.toRaiseError(/"contexts"/)
const asked = Runnable.passthrough<Question>()
const byTopic = Runnable.route({ physics }, (input: { readonly topic: string }) => input.topic)
expect(Runnable.sequence(asked, byTopic)).type.toRaiseError(/'topic' is missing/)
expect(Runnable.sequence(asked, Runnable.fn((i: { readonly topic: string }) => i.topic)))
  .type.toRaiseError(/'topic' is missing/)
const unformatted = Runnable.parallel({
  context: Runnable.sequence(Runnable.pick("question"), library),
  question: Runnable.pick("question")
})
expect(Runnable.sequence(unformatted, prompt)).type.toRaiseError(/'context' are incompatible/)
expect(Runnable.parallel({ docs: context }).pipe(Runnable.andThen(prompt))).type.toRaiseError(/context, question/)
