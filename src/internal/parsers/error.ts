import * as Schema from "effect/Schema"
import { Finish } from "../../Finish.ts"
import { Usage } from "../../Usage.ts"

/** One thing that is wrong with an answer. */
const Issue = Schema.Struct({
  /** The keys and indices that lead to it; none for the whole answer. */
  path: Schema.Array(Schema.Union([Schema.String, Schema.Finite])),
  /** What should be there, in words. */
  message: Schema.String
})

/**
 * An answer that is not what its parser asked for.
 *
 * - `Malformed`: it has not the form, such as JSON
 * - `Mismatch`: it has the form, and does not fit the schema
 * - `CutOff`: a token limit, or the provider, ended it before it was whole
 * - `Refusal`: the model declined
 * - `TooLarge`: it is longer, or nested deeper, than the parser reads
 *
 * `raw` is the whole text that was read; messages show none of it beyond the values that do not fit.
 *
 * **Example** (What to do about it)
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
    reason: Schema.Literals(["Malformed", "Mismatch", "CutOff", "Refusal", "TooLarge"]),
    /** The text of the answer, as far as it was read. */
    raw: Schema.String,
    issues: Schema.Array(Issue),
    /** What the answer should have been: the name of a form, or a JSON Schema. */
    asked: Schema.String,
    /** How the answer ended, if it did before this was found. */
    finish: Schema.optional(Finish),
    /** What the answer cost, as far as that was known. */
    usage: Schema.optional(Usage)
  }
) {
  override get message(): string {
    const shown = this.issues.slice(0, shownIssues).map(({ message, path }) =>
      path.length === 0 ? message : `${bounded(pathText(path))}: ${message}`
    )
    const more = this.issues.length - shown.length
    return `${heads[this.reason]}: ${shown.join("; ")}${more > 0 ? `; and ${more} more` : ""}`
  }
}

const shownIssues = 5

const heads: Record<OutputParserError["reason"], string> = {
  Malformed: "The answer has not the form that was asked for",
  Mismatch: "The answer does not fit",
  CutOff: "The answer is not whole",
  Refusal: "The model declined",
  TooLarge: "The answer is too large"
}

/** `steps[1].text` */
const pathText = (path: ReadonlyArray<string | number>): string =>
  path.map((key, i) =>
    typeof key === "number"
      ? `[${key}]`
      : !/^[\w$]{1,100}$/.test(key)
      ? `[${bounded(JSON.stringify(key))}]`
      : i === 0
      ? key
      : `.${key}`
  ).join("")

/** Words of a model in a message are cut off where they get long. */
export const bounded = (text: string, most = 200): string => text.length <= most ? text : `${text.slice(0, most)}...`
