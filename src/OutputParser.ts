/**
 * Parsers: steps that make something else of what a model says.
 */
import * as Array from "effect/Array"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import type * as JsonPatch from "effect/JsonPatch"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { AIMessageChunk } from "./AIMessageChunk.ts"
import { joinBytes } from "./internal/http/joinBytes.ts"
import { LineSplitter } from "./internal/http/lineSplitter.ts"
import { Utf8Encoder } from "./internal/http/utf8.ts"
import type { Options } from "./internal/json/text.ts"
import { elements, items } from "./internal/parsers/elements.ts"
import type { ArraySchema } from "./internal/parsers/elements.ts"
import type { OutputParserError } from "./internal/parsers/error.ts"
import { fixing } from "./internal/parsers/fixing.ts"
import type { Fixer, FixingOptions } from "./internal/parsers/fixing.ts"
import { jsonParser, lastText } from "./internal/parsers/json.ts"
import { bulleted, commas, numbered } from "./internal/parsers/list.ts"
import type { Splitter } from "./internal/parsers/list.ts"
import { patched, patchTo } from "./internal/parsers/patches.ts"
import { regexParser } from "./internal/parsers/regex.ts"
import { asked, decoder } from "./internal/parsers/schema.ts"
import { xmlParser } from "./internal/parsers/xml.ts"
import type { Xml as XmlElement } from "./internal/parsers/xmlReader.ts"
import { isRunnable, streaming } from "./internal/runnable/make.ts"
import { last, text } from "./internal/step/fold.ts"
import type { ChunkFold } from "./internal/step/fold.ts"
import type { Runnable } from "./internal/step/types.ts"
import type { AIMessage } from "./Message.ts"
import type { DeepPartialJson } from "./PartialJson.ts"

export { OutputParserError } from "./internal/parsers/error.ts"
export type { FixingOptions } from "./internal/parsers/fixing.ts"

/**
 * The text of an answer. It streams a slice for each chunk of the model's, the empty ones too, so that both events tell
 * the same; reasoning and tool calls are left out.
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
  run: (message: AIMessage) => Stream.sync(() => message.content),
  over: <E, R>(chunks: Stream.Stream<AIMessageChunk, E, R>) => textsOf(chunks)
})

/**
 * The text of an answer as UTF-8, for the body of a response. A slice for each chunk of the model's that has text; a
 * character that the model cut apart comes whole, with the second half.
 *
 * **Example** (A body)
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
  fold: joined,
  run: (message: AIMessage) => encode(Stream.sync(() => message.content)),
  over: <E, R>(chunks: Stream.Stream<AIMessageChunk, E, R>) => encode(textsOf(chunks))
})

/**
 * The lines of an answer, each as soon as it is complete; in all a list of them. LF, CR and CRLF end a line, however the
 * model cuts its text; an answer that ends with a line end has no empty line after it.
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
  run: (message: AIMessage) => split(Stream.sync(() => message.content)),
  over: <E, R>(chunks: Stream.Stream<AIMessageChunk, E, R>) => split(textsOf(chunks))
})

// -----------------------------------------------------------------------------
// JSON
// -----------------------------------------------------------------------------

/** How JSON is read out of an answer; `prose` is `true` by default. */
export interface JsonOptions extends Options {}

/**
 * The JSON of an answer. It streams the value so far, after each chunk of the model's that changed it; the last one is
 * the whole. What is shown of JSON that is not whole, what may be around it, and what that costs is told in
 * `PartialJson`. Each value is one of its own, so none that was shown changes. With `diff` it streams the JSON patches
 * (RFC 6902) from each value to the next instead; in all they are the whole.
 *
 * It fails with an {@link OutputParserError} as soon as no JSON can come of the answer any more, and when the answer
 * ends before its JSON does.
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
  options: JsonOptions & { readonly diff: true }
): Runnable<AIMessage, Schema.Json, OutputParserError, never, JsonPatch.JsonPatch, AIMessageChunk>
export function json(
  options?: JsonOptions & { readonly diff?: false | undefined }
): Runnable<AIMessage, Schema.Json, OutputParserError, never, Schema.Json, AIMessageChunk>
export function json(
  options?: JsonOptions & { readonly diff?: boolean | undefined }
): Runnable<AIMessage, Schema.Json, OutputParserError, never, unknown, AIMessageChunk> {
  const base = { name: "JsonOutputParser", options, asked: () => "JSON" }
  if (options?.diff === true) {
    return jsonParser<Schema.Json, JsonPatch.JsonPatch, never>({
      ...base,
      fold: patched,
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
 * The JSON of an answer, as a value of a schema. While it comes it streams the value so far, in the schema's encoded
 * form and unchecked; when the answer is over it decodes the whole, which is the last value it streams. So what is not
 * whole has another type than what is, and streaming skips no check.
 *
 * With `elements`, for a schema of arrays, it streams the elements instead, each decoded as soon as it is whole; in all
 * they are the array. An element that does not fit fails the stream there, so the rest is not waited for.
 *
 * It fails with an {@link OutputParserError} when the answer is no JSON, or does not fit. What no JSON can say, such as
 * a date, is read in the form that `Schema.toCodecJson` gives it, and shown so while it is not whole.
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
  options: JsonOptions & { readonly elements: true }
): Runnable<
  AIMessage,
  S["Type"],
  OutputParserError,
  S["DecodingServices"],
  S["value"]["Type"],
  AIMessageChunk
>
export function schema<S extends Schema.Constraint>(
  schema: S,
  options?: JsonOptions & { readonly elements?: false | undefined }
): Runnable<
  AIMessage,
  S["Type"],
  OutputParserError,
  S["DecodingServices"],
  DeepPartialJson<S["Encoded"]> | S["Type"],
  AIMessageChunk
>
export function schema(
  schema: Schema.Constraint,
  options?: JsonOptions & { readonly elements?: boolean | undefined }
): Runnable<AIMessage, unknown, OutputParserError, unknown, unknown, AIMessageChunk> {
  const base = { name: "StructuredOutputParser", options, asked: () => asked(schema) }
  if (options?.elements === true) {
    return jsonParser<ReadonlyArray<unknown>, unknown, unknown>({
      ...base,
      fold: items,
      firm: true,
      // The overloads ask for one.
      make: elements(schema as ArraySchema)
    })
  }
  const decode = decoder(schema)
  return jsonParser<unknown, unknown, unknown>({
    ...base,
    fold: last,
    make: (answer, text) => ({
      slice: () => text.next(),
      end: (whole) => Effect.map(decode(whole, answer), (decoded) => [decoded])
    })
  })
}

// -----------------------------------------------------------------------------
// other forms
// -----------------------------------------------------------------------------

/**
 * The items of a list, as text: `comma` for what is between commas, `numbered` for lines such as `1. goldfish`,
 * `markdown` for lines such as `- goldfish`. White space around an item is left out, and so are lines that are no
 * items. It streams lists of one item, each as soon as that is complete; in all they are the list. It never fails: an
 * answer without items is an empty list.
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
  const { make, name } = lists[form]
  const itemsOf = <E, R>(texts: Stream.Stream<string, E, R>) =>
    Stream.map(splitBy(texts, make), (item): ReadonlyArray<string> => [item])
  return streaming({
    type: "parser",
    name,
    fold: flattened,
    run: (message: AIMessage) => itemsOf(Stream.sync(() => message.content)),
    over: <E, R>(chunks: Stream.Stream<AIMessageChunk, E, R>) => itemsOf(textsOf(chunks))
  })
}

/** An XML element: its name, with its text, or with the elements in it. */
export type Xml = XmlElement

/** How XML is read out of an answer. */
export interface XmlOptions extends Omit<JsonOptions, "prose"> {
  /** The name of the element; the first one in the answer by default. */
  readonly root?: string | undefined
}

/**
 * The first XML element of an answer, such as `{ fishes: [{ fish: "koi" }, { fish: "carp" }] }`: an element is an
 * object of its name, with its text, or a list of the elements in it. It streams the element so far after each chunk of
 * the model's that changed it; the last one is the whole.
 *
 * It reads XML as models write it. Prose and fences around the element do not matter, and a `<` or `&` that starts
 * nothing is itself. Attributes, comments and text between elements are left out, as is white space around a text.
 * Nothing is declared or expanded. It fails with an {@link OutputParserError} where tags do not match, and when the
 * answer ends before the element does.
 *
 * **Example** (Tags a prompt asks for)
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
 * The groups of a pattern, in the first place where the answer matches it: by the names of the pattern's groups, or by
 * `keys`, a name for each group in order. A group that took no part is `""`. It gives one value, when the answer is
 * over, and fails with an {@link OutputParserError} when nothing matches, or the answer was cut off.
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
  options?: { readonly keys?: Keys | undefined }
): Runnable<
  AIMessage,
  { readonly [K in Keys[number]]: string },
  OutputParserError,
  never,
  { readonly [K in Keys[number]]: string },
  AIMessageChunk
> => {
  type Groups = { readonly [K in Keys[number]]: string }
  // It has all of the keys, or the names of the groups, which no type knows.
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
 * Has an answer that is not what a parser asked for put right: the model is shown the answer and what is wrong with it,
 * and the parser reads what it says then. That is done once; if the second answer does not fit, its failure is the
 * result. An answer that was refused, cut off or too large is not put right.
 *
 * What was shown is not taken back. A parser that shows the value so far (`json`, `schema`, `xml`) does so for the first
 * answer; if it showed anything of it, only the whole comes of the second. A parser that gives items (`schema` with
 * `elements`) has none put right after the first item.
 *
 * **Example** (Another try)
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

/** The text of each chunk. */
const textsOf = <E, R>(chunks: Stream.Stream<AIMessageChunk, E, R>): Stream.Stream<string, E, R> =>
  Stream.transformPull(chunks, (pull) => Effect.succeed(Effect.map(pull, textsIn)))

const textsIn = (chunks: Array.NonEmptyReadonlyArray<AIMessageChunk>) => Array.map(chunks, (chunk) => chunk.content)

const encode = <E, R>(texts: Stream.Stream<string, E, R>): Stream.Stream<Uint8Array, E, R> =>
  Stream.mapAccum(
    texts,
    () => new Utf8Encoder(),
    (encoder, text) => [encoder, filled(encoder.push(text))],
    { onHalt: (encoder) => filled(encoder.end()) }
  )

const filled = (bytes: Uint8Array): ReadonlyArray<Uint8Array> => bytes.length === 0 ? [] : [bytes]

const splitBy = <E, R>(texts: Stream.Stream<string, E, R>, make: () => Splitter): Stream.Stream<string, E, R> =>
  Stream.mapAccum(
    texts,
    make,
    (splitter, text) => [splitter, splitter.push(text)],
    { onHalt: (splitter) => splitter.end() }
  )

const split = <E, R>(texts: Stream.Stream<string, E, R>): Stream.Stream<string, E, R> =>
  splitBy(texts, () => new LineSplitter())

const lists = {
  comma: { name: "CommaSeparatedListOutputParser", make: commas },
  numbered: { name: "NumberedListOutputParser", make: numbered },
  markdown: { name: "MarkdownListOutputParser", make: bulleted }
}

function joined(): ChunkFold<Uint8Array, Uint8Array> {
  const pieces: Array<Uint8Array> = []
  const all = () => joinBytes(pieces)
  return { add: (more) => void pieces.push(...more), partial: all, done: all }
}

function flattened(): ChunkFold<ReadonlyArray<string>, ReadonlyArray<string>> {
  const all: Array<string> = []
  return { add: (more) => void all.push(...more.flat()), partial: () => all.slice(), done: () => all }
}
