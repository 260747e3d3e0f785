/**
 * The parser that reads a generated object out of an answer. generate.ts appends it to the model's stream. Reading is
 * linear in the answer; the value is decoded once, at the end.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { AIMessageChunk, Delta } from "../../AIMessageChunk.ts"
import type { Finish } from "../../Finish.ts"
import type { AIMessage } from "../../Message.ts"
import { argsText } from "../json/limits.ts"
import { JsonText } from "../json/text.ts"
import { Accumulator } from "../message/accumulator.ts"
import { optional } from "../optional.ts"
import { Answer, wholeChunk } from "../parsers/answer.ts"
import type { OutputParserError } from "../parsers/error.ts"
import { FirstFit } from "../parsers/firstFit.ts"
import { readAnswer } from "../parsers/restarts.ts"
import { streaming } from "../runnable/make.ts"
import { last } from "../step/fold.ts"
import type { ChunkFold } from "../step/fold.ts"
import type { Runnable } from "../step/types.ts"
import type { StreamReader } from "../stream/readStream.ts"
import { CallArgs } from "./callArgs.ts"
import type { ObjectCodec } from "./codec.ts"
import type { ObjectChunk, Part, Whole } from "./types.ts"

/** The location of the object in an answer: its text, or the arguments of a call of this tool. */
export type ObjectLocation = { readonly _tag: "Text" } | { readonly _tag: "Tool"; readonly name: string }

/** Makes a parser that emits the partial object after each chunk that changed it, and at the end the decoded value. */
export const objectParser = <A, P, R>(
  codec: ObjectCodec<A, R>,
  location: ObjectLocation
): Runnable<AIMessage, Whole<A>, OutputParserError, R, ObjectChunk<A, P>, AIMessageChunk> => {
  const over = <E2, R2>(chunks: Stream.Stream<AIMessageChunk, E2, R2>) =>
    readAnswer(chunks, () => objectReader<A, P, R>(codec, location), true)
  return streaming({
    type: "parser",
    name: "ObjectOutputParser",
    // The last chunk is the complete object.
    fold: last as () => ChunkFold<ObjectChunk<A, P>, Whole<A>>,
    run: (message: AIMessage) => over(Stream.sync(() => asChunk(message))),
    over
  })
}

const objectReader = <A, P, R>(
  codec: ObjectCodec<A, R>,
  location: ObjectLocation
): StreamReader<AIMessageChunk, ObjectChunk<A, P>, OutputParserError, R> => {
  const expected = () => JSON.stringify(codec.jsonSchema)
  const args = location._tag === "Tool" ? new CallArgs(location.name) : undefined
  // Prose or a fence may surround an object in text, even with providers that promise none.
  const json = new JsonText({ prose: args === undefined }, "fitting")
  const message = new Accumulator()
  let answer = new Answer(expected)
  const fit = new FirstFit<A, R>(json, (object) => codec.decode(object, answer))
  let finish: Finish | undefined

  const push = (chunk: AIMessageChunk): Part<P> | undefined => {
    message.add(chunk)
    finish = chunk.finish ?? finish
    // Without a call the text is the answer. Text before a call is not part of it.
    const textOnly = args?.called !== true
    const slice = args?.read(chunk)
    if (textOnly && args?.called === true) answer = new Answer(expected)
    const said = answer.add(args?.called === true ? { ...chunk, content: slice ?? "" } : chunk)
    const text = slice ?? said
    if (text === "" || json.failure !== undefined) return undefined
    json.push(text)
    const object = json.next()
    const part = object === undefined ? undefined : codec.part(object)
    // The value is unchecked, as documented: it is a part of the encoded form only if the model follows the schema.
    return part === undefined ? undefined : { _tag: "Partial", value: part as P }
  }

  /**
   * The error of an incomplete call. The finish reason `tool_calls` does not explain it, so the call is malformed then.
   */
  const incomplete = (message: string, path: OutputParserError["issues"][number]["path"] = []) =>
    args !== undefined && finish?.reason === "tool_calls"
      ? answer.failed("Malformed", [{ path, message }])
      : answer.incomplete(path, message)

  const failure = () => {
    const { failure } = json
    if (failure === undefined) return undefined
    return failure.reason === "Empty" || failure.reason === "Incomplete"
      ? incomplete(failure.message, failure.path)
      : answer.unreadable(failure)
  }

  const problem = () => {
    const declined = answer.declined()
    if (declined !== undefined) return declined
    if (args?.called === false) return incomplete(`The answer has no call of the tool ${args.name}`)
    if (args?.ended === false) return incomplete(`The call of the tool ${args.name} is incomplete`)
    // A call without arguments has no text. Neither has one that a token limit cut off before the first argument.
    if (args?.blank === true && finish?.reason !== "length") json.push("{}")
    if (args === undefined) json.push(answer.end())
    return json.end() ? undefined : failure()
  }

  return {
    push: (chunks) =>
      Effect.suspend(() => {
        const parts = chunks.map(push).filter((part) => part !== undefined)
        const judging = fit.judge()
        return judging === undefined ? Effect.succeed(parts) : Effect.as(judging, parts)
      }),
    failure,
    end: Effect.suspend(() => {
      const failure = problem()
      if (failure !== undefined) return Effect.fail(failure)
      // The stream of a model only succeeds after its finish, which completes the message.
      const whole = message.message() as AIMessage
      return Effect.map(fit.end(answer), (value): ReadonlyArray<Whole<A>> => [
        { _tag: "Object", value, message: whole, ...optional("usage", whole.usage) }
      ])
    })
  }
}

/** A complete message as one chunk, with the parts that are read here. */
const asChunk = (message: AIMessage): AIMessageChunk => ({
  ...wholeChunk(message),
  ...optional("metadata", message.metadata),
  parts: message.parts.flatMap((part, index): ReadonlyArray<Delta> => {
    switch (part.type) {
      case "text":
      case "refusal":
        return [{ ...part, index }]
      case "tool_call":
        return [{ ...part, index, args: argsText(part), end: true }]
      default:
        return []
    }
  })
})
