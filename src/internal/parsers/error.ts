/**
 * The error of every output parser. `OutputParser` re-exports it; the parsers make it through `Answer`. It must not
 * import a parser.
 */
import * as Schema from "effect/Schema"
import { Finish } from "../../Finish.ts"
import { Usage } from "../../Usage.ts"
import { excerpt } from "../excerpt.ts"

/** One problem of an answer. */
const Issue = Schema.Struct({
  /** The keys and indices that lead to the problem. Empty for the whole answer. */
  path: Schema.Array(Schema.Union([Schema.String, Schema.Finite])),
  /** A description of the problem. */
  message: Schema.String
})

/**
 * The error of an answer that its parser cannot accept.
 *
 * **Details**
 *
 * - `Malformed`: the answer does not have the expected form, such as JSON.
 * - `Mismatch`: the answer has the form but does not fit the schema.
 * - `CutOff`: a token limit or the provider ended the answer before it was complete.
 * - `Refusal`: the model declined to answer.
 * - `TooLarge`: the answer is longer, or nested deeper, than the parser's limits.
 *
 * `raw` is the text that was read. The message quotes it only where a value does not fit.
 *
 * **Example** (Handling a refusal)
 *
 * ```ts
 * import { Console, Effect, Schema } from "effect"
 * import { ChatModel, OutputParser, Runnable } from "rivulet"
 *
 * const age = Runnable.sequence(ChatModel.runnable, OutputParser.schema(Schema.Struct({ age: Schema.Number })))
 * const program = age.invoke("How old is the oldest goldfish? As JSON: age").pipe(
 *   Effect.catchTag("OutputParserError", (error) =>
 *     error.reason === "Refusal" ? Console.log("It would not say") : Console.log(error.issues, error.raw))
 * )
 * ```
 */
export class OutputParserError extends Schema.TaggedError<OutputParserError>("rivulet/OutputParserError")(
  "OutputParserError",
  {
    /** The kind of failure. */
    reason: Schema.Literals(["Malformed", "Mismatch", "CutOff", "Refusal", "TooLarge"]),
    /** The text of the answer, as far as it was read. */
    raw: Schema.String,
    /** The problems of the answer, at most 50. */
    issues: Schema.Array(Issue),
    /** The expected form of the answer: a name such as `JSON`, or a JSON Schema. */
    expected: Schema.String,
    /** The finish of the answer. Absent if the parser failed before the answer ended. */
    finish: Schema.optional(Finish),
    /** The usage of the answer as far as it was known. Absent if none was reported. */
    usage: Schema.optional(Usage)
  }
) {
  override get message(): string {
    const shown = this.issues.slice(0, maxShownIssues).map(({ message, path }) =>
      path.length === 0 ? message : `${excerpt(pathText(path))}: ${message}`
    )
    const more = this.issues.length - shown.length
    return `${heads[this.reason]}: ${shown.join("; ")}${more > 0 ? `; and ${more} more` : ""}`
  }
}

const maxShownIssues = 5

const heads: Record<OutputParserError["reason"], string> = {
  Malformed: "The answer does not have the expected form",
  Mismatch: "The answer does not fit the schema",
  CutOff: "The answer is incomplete",
  Refusal: "The model declined",
  TooLarge: "The answer is too large"
}

/** A path in the notation of JavaScript, such as `steps[1].text`. */
const pathText = (path: ReadonlyArray<string | number>): string =>
  path.map((key, i) =>
    typeof key === "number"
      ? `[${key}]`
      : !/^[\w$]{1,100}$/.test(key)
      ? `[${excerpt(JSON.stringify(key))}]`
      : i === 0
      ? key
      : `.${key}`
  ).join("")
