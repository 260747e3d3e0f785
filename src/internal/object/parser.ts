import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { AIMessageChunk, Delta } from "../../AIMessageChunk.ts"
import type { Finish } from "../../Finish.ts"
import type { AIMessage } from "../../Message.ts"
import { JsonText } from "../json/text.ts"
import { given } from "../optional.ts"
import { Answer, wholeChunk } from "../parsers/answer.ts"
import type { OutputParserError } from "../parsers/error.ts"
import { streaming } from "../runnable/make.ts"
import { Accumulator } from "../step/accumulator.ts"
import { last } from "../step/fold.ts"
import type { ChunkFold } from "../step/fold.ts"
import type { Runnable } from "../step/types.ts"
import { readStream } from "../stream/readStream.ts"
import type { StreamReader } from "../stream/readStream.ts"
import { CallArgs } from "./callArgs.ts"
import type { Form } from "./codec.ts"
import type { ObjectChunk, Part, Whole } from "./types.ts"

/** Where the object is in an answer: in its text, or in the arguments of a call of this tool. */
export type Place = { readonly _tag: "Text" } | { readonly _tag: "Tool"; readonly name: string }

/** Reads the object out of an answer: what has come of it, and at the end the value. */
export const objectParser = <A, P, R>(
  form: Form<A, R>,
  place: Place
): Runnable<AIMessage, Whole<A>, OutputParserError, R, ObjectChunk<A, P>, AIMessageChunk> => {
  const over = <E2, R2>(chunks: Stream.Stream<AIMessageChunk, E2, R2>) =>
    readStream(chunks, () => objectReader<A, P, R>(form, place))
  return streaming({
    type: "parser",
    name: "ObjectOutputParser",
    // The last chunk is the whole.
    fold: last as () => ChunkFold<ObjectChunk<A, P>, Whole<A>>,
    run: (message: AIMessage) => over(Stream.sync(() => asChunk(message))),
    over
  })
}

const objectReader = <A, P, R>(
  form: Form<A, R>,
  place: Place
): StreamReader<AIMessageChunk, ObjectChunk<A, P>, OutputParserError, R> => {
  const asked = () => JSON.stringify(form.jsonSchema)
  const args = place._tag === "Tool" ? new CallArgs(place.name) : undefined
  // Text may have prose or a fence around the object, even that of a provider which promised none.
  const json = new JsonText({ prose: args === undefined })
  const message = new Accumulator()
  let answer = new Answer(asked)
  let finish: Finish | undefined

  const push = (chunk: AIMessageChunk): Part<P> | undefined => {
    message.add(chunk)
    finish = chunk.finish ?? finish
    // Words that come without a call are the answer. Those before a call are not.
    const words = args?.called !== true
    const text = args === undefined ? chunk.content : args.read(chunk)
    if (words && args?.called === true) answer = new Answer(asked)
    answer.add(args?.called === true ? { ...chunk, content: text } : chunk)
    if (text === "" || json.failure !== undefined) return undefined
    json.push(text)
    const object = json.next()
    const part = object === undefined ? undefined : form.part(object)
    // It is a part of the encoded form if the model keeps to it. That it is not checked is told.
    return part === undefined ? undefined : { _tag: "Partial", value: part as P }
  }

  /** That an answer ended with calls is no reason why one of them is not whole. */
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
    if (args?.called === false) return incomplete(`There is no call of ${args.name}`)
    if (args?.ended === false) return incomplete(`The call of ${args.name} is not whole`)
    // A call without arguments has no text. So has one that a token limit cut off before the first.
    if (args?.blank === true && finish?.reason !== "length") json.push("{}")
    return json.end() ? undefined : failure()
  }

  return {
    push: (chunks) => Effect.sync(() => chunks.map(push).filter((part) => part !== undefined)),
    failure,
    end: Effect.suspend(() => {
      const failure = problem()
      if (failure !== undefined) return Effect.fail(failure)
      // No stream of a model ends without its finish, which makes the message whole.
      const whole = message.message() as AIMessage
      return Effect.map(form.decode(json.whole, answer), (value): ReadonlyArray<Whole<A>> => [
        { _tag: "Object", value, message: whole, ...given("usage", whole.usage) }
      ])
    })
  }
}

/** A message that is there already, as the one chunk that would have brought what is read here. */
const asChunk = (message: AIMessage): AIMessageChunk => ({
  ...wholeChunk(message),
  ...given("metadata", message.metadata),
  parts: message.parts.flatMap((part, index): ReadonlyArray<Delta> => {
    switch (part.type) {
      case "text":
      case "refusal":
        return [{ ...part, index }]
      case "tool_call":
        return [{ ...part, index, args: JSON.stringify(part.args), end: true }]
      default:
        return []
    }
  })
})
