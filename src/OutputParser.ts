/**
 * Output parsers: steps that turn a model's answer into a value.
 *
 * **When to use**
 *
 * Put a parser behind a model with `Runnable.sequence`. For a value of a schema, consider `ChatModel.generateObject`,
 * which also asks the model for the right form.
 *
 * **Details**
 *
 * Parsers stream: each emits chunks while the answer arrives, and folds them to its value. Those that can fail do so
 * with an {@link OutputParserError}.
 *
 * All of them skip reasoning in tags (`<think>`, `<thinking>` or `<reasoning>`) at the start of the text.
 *
 * @module
 * @since 0.1.0
 * @stability stable
 */
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import type * as JsonPatch from "effect/JsonPatch"
import type * as Schema from "effect/Schema"
import type { StandardSchemaV1 } from "effect/StandardSchema"
import * as Stream from "effect/Stream"
import type { AIMessageChunk } from "./AIMessageChunk.ts"
import { LineSplitter } from "./internal/http/lineSplitter.ts"
import { Utf8Encoder } from "./internal/http/utf8.ts"
import type { Options } from "./internal/json/text.ts"
import { effectSchemaOf } from "./internal/jsonSchema/standard.ts"
import type { AnySchema } from "./internal/jsonSchema/standard.ts"
import { textOf, textsOf } from "./internal/parsers/answerText.ts"
import { elements } from "./internal/parsers/elements.ts"
import type { ArraySchema } from "./internal/parsers/elements.ts"
import type { OutputParserError } from "./internal/parsers/error.ts"
import { FirstFit } from "./internal/parsers/firstFit.ts"
import { fixing } from "./internal/parsers/fixing.ts"
import type { Fixer, FixingOptions } from "./internal/parsers/fixing.ts"
import { jsonParser, lastText } from "./internal/parsers/json.ts"
import { bulleted, commas, ListReader, numbered } from "./internal/parsers/list.ts"
import { patchFold, patchTo } from "./internal/parsers/patches.ts"
import { regexParser } from "./internal/parsers/regex.ts"
import { withoutRestarts } from "./internal/parsers/restarts.ts"
import { decoder, schemaText } from "./internal/parsers/schema.ts"
import { xmlParser } from "./internal/parsers/xml.ts"
import type { Xml as XmlElement } from "./internal/parsers/xmlReader.ts"
import { isRunnable, streaming } from "./internal/runnable/make.ts"
import { bytes as foldBytes, items, last, lists, text } from "./internal/step/fold.ts"
import type { Runnable } from "./internal/step/types.ts"
import type { AIMessage } from "./Message.ts"
import type { DeepPartialJson } from "./PartialJson.ts"

export { OutputParserError } from "./internal/parsers/error.ts"
export type { FixingOptions } from "./internal/parsers/fixing.ts"

/**
 * Parses an answer to its text. Reasoning and tool calls are left out, and so is reasoning in tags (`<think>`,
 * `<thinking>` or `<reasoning>`) at the start of the text.
 *
 * **Details**
 *
 * It emits the text of each chunk of the model, even if it is empty, so that the events of model and parser correspond.
 *
 * **Example** (Text out of a chain)
 *
 * ```ts
 * import { ChatModel, OutputParser, Runnable } from "rivulet"
 *
 * const answer = Runnable.sequence(ChatModel.runnable, OutputParser.string)
 * ```
 */
export const string: Runnable<AIMessage, string, never, never, string, AIMessageChunk> = streaming({
  type: "parser",
  name: "StrOutputParser",
  fold: text,
  run: (message: AIMessage) => textOf(message),
  over: <E, R>(chunks: Stream.Stream<AIMessageChunk, E, R>) => textsOf(chunks)
})

/**
 * Parses an answer to its text in UTF-8, for the body of an HTTP response.
 *
 * **Details**
 *
 * It emits bytes for each chunk with text. A surrogate pair that the model splits is emitted with its second half.
 *
 * **Example** (A response body)
 *
 * ```ts
 * import { Stream } from "effect"
 * import { ChatModel, OutputParser, Runnable } from "rivulet"
 *
 * const body = Runnable.sequence(ChatModel.runnable, OutputParser.bytes).stream("Hi").pipe(
 *   Stream.toReadableStreamEffect()
 * )
 * ```
 */
export const bytes: Runnable<AIMessage, Uint8Array, never, never, Uint8Array, AIMessageChunk> = streaming({
  type: "parser",
  name: "BytesOutputParser",
  fold: foldBytes,
  run: (message: AIMessage) => encode(textOf(message)),
  over: <E, R>(chunks: Stream.Stream<AIMessageChunk, E, R>) => encode(textsOf(chunks))
})

/**
 * Parses an answer to its lines. It emits each line as soon as it is complete.
 *
 * **Details**
 *
 * LF, CR and CRLF end a line, however the model splits its text. A line end at the end of the answer does not start
 * another line.
 *
 * **Example** (A list, item by item)
 *
 * ```ts
 * import { Console, Stream } from "effect"
 * import { ChatModel, OutputParser, Runnable } from "rivulet"
 *
 * const list = Runnable.sequence(ChatModel.runnable, OutputParser.lines)
 * const print = list.stream("Five names for a goldfish, one a line").pipe(Stream.runForEach(Console.log))
 * ```
 */
export const lines: Runnable<AIMessage, ReadonlyArray<string>, never, never, string, AIMessageChunk> = streaming({
  type: "parser",
  name: "LinesOutputParser",
  fold: items<string>,
  run: (message: AIMessage) => split(textOf(message)),
  over: <E, R>(chunks: Stream.Stream<AIMessageChunk, E, R>) => split(textsOf(chunks))
})

// -----------------------------------------------------------------------------
// JSON
// -----------------------------------------------------------------------------

/** Options for reading JSON from an answer. `prose` defaults to `true` here. */
export interface JsonOptions extends Options {}

/**
 * Parses an answer to its JSON. It emits the value so far after each chunk of the model that changed it; the last value
 * is the complete one.
 *
 * **Details**
 *
 * Values are immutable. `PartialJson` describes the values of incomplete JSON and their cost; `prose` describes the
 * text that may surround the JSON.
 *
 * With `diff: true` it emits JSON patches (RFC 6902) from each value to the next instead, which fold to the complete
 * value.
 *
 * It fails as soon as the answer cannot become JSON any more, or when the answer ends before its JSON does.
 *
 * **Example** (An object that fills in)
 *
 * ```ts
 * import { Console, Stream } from "effect"
 * import { ChatModel, OutputParser, Runnable } from "rivulet"
 *
 * const chain = Runnable.sequence(ChatModel.runnable, OutputParser.json())
 * const print = chain.stream("Three facts about goldfish, as a JSON object").pipe(Stream.runForEach(Console.log))
 * ```
 */
export function json(
  options: JsonOptions & {
    /** Whether patches are emitted instead of values. */
    readonly diff: true
  }
): Runnable<AIMessage, Schema.Json, OutputParserError, never, JsonPatch.JsonPatch, AIMessageChunk>
export function json(
  options?: JsonOptions & {
    /** Whether patches are emitted instead of values. Defaults to `false`. */
    readonly diff?: false | undefined
  }
): Runnable<AIMessage, Schema.Json, OutputParserError, never, Schema.Json, AIMessageChunk>
export function json(
  options?: JsonOptions & { readonly diff?: boolean | undefined }
): Runnable<AIMessage, Schema.Json, OutputParserError, never, unknown, AIMessageChunk> {
  const base = { name: "JsonOutputParser", options, expected: () => "JSON" }
  if (options?.diff === true) {
    return jsonParser<Schema.Json, JsonPatch.JsonPatch, never>({
      ...base,
      fold: patchFold,
      make: (_, text) => {
        let before: Schema.Json | undefined
        const step = (after: Schema.Json) => {
          const patch = patchTo(before, after)
          before = after
          return patch
        }
        return {
          slice: () => {
            const value = text.next()
            return value === undefined ? undefined : step(value)
          },
          end: (whole) => Effect.sync(() => text.shown ? [] : [step(whole)])
        }
      }
    })
  }
  return jsonParser<Schema.Json, Schema.Json, never>({
    ...base,
    fold: last,
    events: { chunkInput: lastText },
    make: (_, text) => ({
      slice: () => text.next(),
      end: (whole) => Effect.succeed(text.shown ? [] : [whole])
    })
  })
}

/**
 * Parses an answer to a value of a schema. It emits the value so far while the answer arrives, and the decoded value at
 * the end.
 *
 * **Details**
 *
 * Values before the last are unchecked and in the schema's encoded form, so they have another type than the decoded
 * value. Types that JSON lacks, such as dates, have the form that `Schema.toCodecJson` gives them.
 *
 * Instead of an Effect schema it takes any Standard Schema (zod, valibot, arktype). The decoded value is its output.
 *
 * If prose surrounds several values, it takes the first that fits the schema.
 *
 * With `elements: true`, for an Effect schema of arrays, it emits each element as soon as it is complete and decoded. After the
 * first one, an element that does not fit fails the stream at once.
 *
 * It fails if the answer is not JSON or does not fit the schema.
 *
 * **Example** (A recipe that fills in)
 *
 * ```ts
 * import { Console, Schema, Stream } from "effect"
 * import { ChatModel, OutputParser, Runnable } from "rivulet"
 *
 * const Recipe = Schema.Struct({ name: Schema.String, steps: Schema.Array(Schema.String) })
 *
 * const recipe = Runnable.sequence(ChatModel.runnable, OutputParser.schema(Recipe))
 * const print = recipe.stream("A recipe for soup, as JSON: name, steps").pipe(
 *   Stream.runForEach(({ name, steps }) => Console.log(name, steps?.length))
 * )
 * ```
 *
 * **Example** (Item by item)
 *
 * ```ts
 * import { Console, Schema, Stream } from "effect"
 * import { ChatModel, OutputParser, Runnable } from "rivulet"
 *
 * const Fish = Schema.Struct({ name: Schema.String, centimetres: Schema.Number })
 *
 * const fishes = Runnable.sequence(
 *   ChatModel.runnable,
 *   OutputParser.schema(Schema.Array(Fish), { elements: true })
 * )
 * const print = fishes.stream("Ten fishes, as a JSON array: name, centimetres").pipe(
 *   Stream.runForEach((fish) => Console.log(fish.name, fish.centimetres))
 * )
 * ```
 */
export function schema<S extends ArraySchema>(
  schema: S,
  options: JsonOptions & {
    /** Whether the decoded elements of the array are emitted one by one. */
    readonly elements: true
  }
): Runnable<
  AIMessage,
  S["Type"],
  OutputParserError,
  S["DecodingServices"],
  S["value"]["Type"],
  AIMessageChunk
>
export function schema<S extends StandardSchemaV1>(
  schema: S,
  options?: JsonOptions & {
    /** The elements of a Standard Schema cannot be decoded one by one. */
    readonly elements?: false | undefined
  }
): Runnable<
  AIMessage,
  StandardSchemaV1.InferOutput<S>,
  OutputParserError,
  never,
  DeepPartialJson<StandardSchemaV1.InferInput<S>> | StandardSchemaV1.InferOutput<S>,
  AIMessageChunk
>
export function schema<S extends Schema.Constraint>(
  schema: S,
  options?: JsonOptions & {
    /** Whether the decoded elements of the array are emitted one by one. Defaults to `false`. */
    readonly elements?: false | undefined
  }
): Runnable<
  AIMessage,
  S["Type"],
  OutputParserError,
  S["DecodingServices"],
  DeepPartialJson<S["Encoded"]> | S["Type"],
  AIMessageChunk
>
export function schema(
  given: AnySchema,
  options?: JsonOptions & { readonly elements?: boolean | undefined }
): Runnable<AIMessage, unknown, OutputParserError, unknown, unknown, AIMessageChunk> {
  const schema = effectSchemaOf(given)
  const base = { name: "StructuredOutputParser", options, expected: () => schemaText(schema) }
  if (options?.elements === true) {
    return jsonParser<ReadonlyArray<unknown>, unknown, unknown>({
      ...base,
      fold: items,
      choice: "elements",
      // The overload with `elements` requires a schema of arrays.
      make: elements(schema as ArraySchema)
    })
  }
  const decode = decoder(schema)
  return jsonParser<unknown, unknown, unknown>({
    ...base,
    fold: last,
    choice: "fitting",
    make: (answer, text) => {
      const fit = new FirstFit(text, (json) => decode(json, answer))
      return {
        slice: () => text.next(),
        judge: () => fit.judge(),
        end: () => Effect.map(fit.end(answer), (decoded) => [decoded])
      }
    }
  })
}

// -----------------------------------------------------------------------------
// other forms
// -----------------------------------------------------------------------------

/**
 * Parses an answer to the items of a list: text between commas (`comma`), lines such as `1. goldfish` (`numbered`), or
 * lines such as `- goldfish` (`markdown`).
 *
 * **Details**
 *
 * It emits each item, in an array of its own, as soon as it is complete. Items are trimmed. It never fails: an answer
 * without items is an empty list.
 *
 * - `comma`: an item in double quotes may have commas, and quotes that are doubled.
 * - `numbered`: the number may be emphasized, in parentheses, or end with `)`.
 * - `numbered` and `markdown`: indented lines without a marker go on the item, other lines are ignored.
 *
 * An empty array says that the items before it were reasoning: only its closing tag, such as `</think>`, was sent.
 *
 * **Example** (Names, one by one)
 *
 * ```ts
 * import { Console, Stream } from "effect"
 * import { ChatModel, OutputParser, Runnable } from "rivulet"
 *
 * const names = Runnable.sequence(ChatModel.runnable, OutputParser.list("numbered"))
 * const print = names.stream("A numbered list of five names for a goldfish").pipe(
 *   Stream.runForEach(([name]) => Console.log(name))
 * )
 * ```
 */
export const list = (
  form: "comma" | "numbered" | "markdown"
): Runnable<AIMessage, ReadonlyArray<string>, never, never, ReadonlyArray<string>, AIMessageChunk> => {
  const { make, name } = forms[form]
  const itemsOf = <E, R>(texts: Stream.Stream<string, E, R>) => splitBy(texts, () => new ListReader(make))
  return streaming({
    type: "parser",
    name,
    fold: lists<string>,
    run: (message: AIMessage) => itemsOf(Stream.sync(() => message.content)),
    over: <E, R>(chunks: Stream.Stream<AIMessageChunk, E, R>) =>
      itemsOf(Stream.map(withoutRestarts(chunks), ({ content }) => content))
  })
}

/** An XML element: an object whose one key is the name, with the text or the child elements as its value. */
export type Xml = XmlElement

/** Options for reading XML from an answer. */
export interface XmlOptions extends Omit<JsonOptions, "prose"> {
  /** The name of the element to read. Defaults to the first element of the answer. */
  readonly root?: string | undefined
}

/**
 * Parses an answer to its first XML element, such as `{ fishes: [{ fish: "koi" }, { fish: "carp" }] }`. It emits the
 * element so far after each chunk of the model that changed it; the last one is complete.
 *
 * **Details**
 *
 * It tolerates XML as models write it: prose and fences may surround the element, and a stray `<` or `&` is text.
 * Attributes, comments and text between elements are ignored, and texts are trimmed. Entities cannot be declared, and
 * only the predefined ones and character references are expanded.
 *
 * It fails if tags do not match, or if the answer ends before the element does.
 *
 * **Example** (Reading tags that a prompt asks for)
 *
 * ```ts
 * import { ChatModel, OutputParser, Runnable } from "rivulet"
 *
 * const review = Runnable.sequence(ChatModel.runnable, OutputParser.xml({ root: "review" }))
 * const fields = review.invoke("Review this in <review>, with <praise> and <blame> in it: ...")
 * ```
 */
export const xml = (
  options?: XmlOptions
): Runnable<AIMessage, Xml, OutputParserError, never, Xml, AIMessageChunk> => xmlParser(options, options?.root)

/**
 * Parses an answer to the groups of the first match of a pattern.
 *
 * **Details**
 *
 * The groups are keyed by their names, or by `keys`. A group without a match is `""`. It emits one value, at the end of
 * the answer, and fails if nothing matches or the answer was cut off.
 *
 * **Example** (A verdict)
 *
 * ```ts
 * import { ChatModel, OutputParser, Runnable } from "rivulet"
 *
 * const verdict = Runnable.sequence(
 *   ChatModel.runnable,
 *   OutputParser.regex(/Score: (\d+).*Reason: (.*)/s, { keys: ["score", "reason"] })
 * )
 * ```
 */
export const regex = <const Keys extends ReadonlyArray<string> = ReadonlyArray<string>>(
  pattern: RegExp,
  options?: {
    /** A name for each group, in order. Defaults to the names of the groups. */
    readonly keys?: Keys | undefined
  }
): Runnable<
  AIMessage,
  { readonly [K in Keys[number]]: string },
  OutputParserError,
  never,
  { readonly [K in Keys[number]]: string },
  AIMessageChunk
> => {
  type Groups = { readonly [K in Keys[number]]: string }
  // The keys of the result are `keys` or the names of the groups, which the type checker does not know.
  return regexParser(pattern, options?.keys) as Runnable<
    AIMessage,
    Groups,
    OutputParserError,
    never,
    never,
    AIMessageChunk
  >
}

// -----------------------------------------------------------------------------
// failures
// -----------------------------------------------------------------------------

/**
 * Lets a model correct an answer that a parser rejects. The model gets the answer and the problems, and the parser
 * reads its second answer.
 *
 * **Details**
 *
 * There is one correction; if the second answer is rejected, its error is the result. Answers that were refused, cut
 * off or too large (`Refusal`, `CutOff`, `TooLarge`) are not corrected.
 *
 * **Gotchas**
 *
 * Chunks that were emitted are not taken back. A parser that emits the value so far (`json`, `schema`, `xml`) does so
 * for the first answer; once it has emitted one, only the complete value of the second answer follows. A parser that
 * emits items (`schema` with `elements`) is not corrected after its first item.
 *
 * **Example** (Correcting a recipe)
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { ChatModel, OutputParser, Runnable } from "rivulet"
 *
 * const Recipe = Schema.Struct({ name: Schema.String, steps: Schema.Array(Schema.String) })
 *
 * const recipe = Runnable.sequence(
 *   ChatModel.runnable,
 *   OutputParser.schema(Recipe).pipe(OutputParser.withFixing(ChatModel.runnable))
 * )
 * ```
 */
export const withFixing: {
  <E2, R2>(
    model: Fixer<E2, R2>,
    options?: FixingOptions
  ): <A, E, R, C>(
    parser: Runnable<AIMessage, A, E, R, C, AIMessageChunk>
  ) => Runnable<AIMessage, A, E | E2, R | R2, C, AIMessageChunk>
  <A, E, R, C, E2, R2>(
    parser: Runnable<AIMessage, A, E, R, C, AIMessageChunk>,
    model: Fixer<E2, R2>,
    options?: FixingOptions
  ): Runnable<AIMessage, A, E | E2, R | R2, C, AIMessageChunk>
} = dual((args) => isRunnable(args[1]), fixing)

// -----------------------------------------------------------------------------
// internal
// -----------------------------------------------------------------------------

const encode = <E, R>(texts: Stream.Stream<string, E, R>): Stream.Stream<Uint8Array, E, R> =>
  Stream.mapAccum(
    texts,
    () => new Utf8Encoder(),
    (encoder, text) => [encoder, filled(encoder.push(text))],
    { onHalt: (encoder) => filled(encoder.end()) }
  )

const filled = (bytes: Uint8Array): ReadonlyArray<Uint8Array> => bytes.length === 0 ? [] : [bytes]

const splitBy = <A, E, R>(
  texts: Stream.Stream<string, E, R>,
  make: () => { readonly push: (slice: string) => ReadonlyArray<A>; readonly end: () => ReadonlyArray<A> }
): Stream.Stream<A, E, R> =>
  Stream.mapAccum(
    texts,
    make,
    (splitter, text) => [splitter, splitter.push(text)],
    { onHalt: (splitter) => splitter.end() }
  )

const split = <E, R>(texts: Stream.Stream<string, E, R>): Stream.Stream<string, E, R> =>
  splitBy(texts, () => new LineSplitter())

const forms = {
  comma: { name: "CommaSeparatedListOutputParser", make: commas },
  numbered: { name: "NumberedListOutputParser", make: numbered },
  markdown: { name: "MarkdownListOutputParser", make: bulleted }
}
