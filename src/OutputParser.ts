/**
 * Parsers: steps that make something else of what a model says.
 */
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { AIMessageChunk } from "./AIMessageChunk.ts"
import { joinBytes } from "./internal/joinBytes.ts"
import { LineSplitter } from "./internal/lineSplitter.ts"
import type { OutputParserError } from "./internal/parsers/error.ts"
import { jsonParser } from "./internal/parsers/json.ts"
import type { Options } from "./internal/parsers/jsonText.ts"
import { asked, decoder } from "./internal/parsers/schema.ts"
import { streaming } from "./internal/runnable/core.ts"
import type { Runnable } from "./internal/runnable/core.ts"
import { text } from "./internal/runnable/fold.ts"
import type { Folder } from "./internal/runnable/fold.ts"
import { Utf8Encoder } from "./internal/utf8.ts"
import type { AIMessage } from "./Message.ts"
import type { DeepPartial } from "./PartialJson.ts"

export { OutputParserError } from "./internal/parsers/error.ts"

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
  folder: text,
  run: (message: AIMessage) => Stream.sync(() => message.content),
  over: <E, R>(chunks: Stream.Stream<AIMessageChunk, E, R>) => Stream.map(chunks, (chunk) => chunk.content)
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
  folder: joined,
  run: (message: AIMessage) => encode(Stream.sync(() => message.content)),
  over: <E, R>(chunks: Stream.Stream<AIMessageChunk, E, R>) => encode(Stream.map(chunks, (chunk) => chunk.content))
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
  folder: listed,
  run: (message: AIMessage) => split(Stream.sync(() => message.content)),
  over: <E, R>(chunks: Stream.Stream<AIMessageChunk, E, R>) => split(Stream.map(chunks, (chunk) => chunk.content))
})

/** How JSON is read out of an answer; `prose` is `true` by default. */
export interface JsonOptions extends Options {}

/**
 * The JSON of an answer. It streams the value so far, after each chunk of the model's that changed it; the last one is
 * the whole. What is shown of JSON that is not whole, what may be around it, and what that costs is told in
 * `PartialJson`. Each value is one of its own, so none that was shown changes.
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
export const json = (
  options?: JsonOptions
): Runnable<AIMessage, Schema.Json, OutputParserError, never, Schema.Json, AIMessageChunk> =>
  jsonParser<Schema.Json, never>({
    name: "JsonOutputParser",
    options,
    asked: () => "JSON",
    whole: (whole, shown) => Effect.succeed(shown ? [] : [whole])
  })

/**
 * The JSON of an answer, as a value of a schema. While it comes it streams the value so far, in the schema's encoded
 * form and unchecked; when the answer is over it decodes the whole, which is the last value it streams. So what is not
 * whole has another type than what is, and streaming skips no check.
 *
 * It fails with an {@link OutputParserError} when the answer is no JSON, or does not fit.
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
 */
export const schema = <S extends Schema.Constraint>(
  schema: S,
  options?: JsonOptions
): Runnable<
  AIMessage,
  S["Type"],
  OutputParserError,
  S["DecodingServices"],
  DeepPartial<S["Encoded"]> | S["Type"],
  AIMessageChunk
> => {
  const decode = decoder(schema)
  return jsonParser<S["Type"], S["DecodingServices"]>({
    name: "StructuredOutputParser",
    options,
    asked: () => asked(schema),
    whole: (whole, _shown, answer) => Effect.map(decode(whole, answer), (decoded) => [decoded])
    // What comes before the whole is a part of the encoded form if the model keeps to it. That it is not checked is told.
  }) as Runnable<AIMessage, S["Type"], OutputParserError, S["DecodingServices"], never, AIMessageChunk>
}

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

const split = <E, R>(texts: Stream.Stream<string, E, R>): Stream.Stream<string, E, R> =>
  Stream.mapAccum(
    texts,
    () => new LineSplitter(),
    (splitter, text) => [splitter, splitter.push(text)],
    { onHalt: (splitter) => splitter.end() }
  )

function joined(): Folder<Uint8Array, Uint8Array> {
  const pieces: Array<Uint8Array> = []
  const all = () => joinBytes(pieces)
  return { add: (piece) => void pieces.push(piece), partial: all, done: all }
}

function listed(): Folder<string, ReadonlyArray<string>> {
  const all: Array<string> = []
  return { add: (line) => void all.push(line), partial: () => all.slice(), done: () => all }
}
