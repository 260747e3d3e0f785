/**
 * The means of the suite's cases.
 *
 * @internal
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import assert from "node:assert/strict"
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { CallOptions } from "../../CallOptions.ts"
import type { ChatInput } from "../../ChatModel.ts"
import type { ChatModelError } from "../../ChatModelError.ts"
import type { AIMessage, PartialAIMessage } from "../../Message.ts"
import type { Answers, Case, Running, Subject } from "./subject.ts"

/** Words that no protocol has, so that their place on the wire can be found. */
export const tokens = ["goldfish", " on the moon"]

export const whole = tokens.join("")

type Body = Effect.Effect<void, ChatModelError, Scope.Scope>

/** A case that is run. */
export const run = (name: string, body: () => Body): Case => ({
  name,
  skip: undefined,
  run: Effect.suspend(body).pipe(
    Effect.scoped,
    // What must end and does not is to be told by its name.
    Effect.timeout("20 seconds"),
    Effect.orDie,
    // A limit that must pass is one of real time, whatever clock the tests have.
    Effect.provideService(Clock.Clock, Clock.Clock.defaultValue())
  )
})

/** A case that is not run. */
export const skip = (name: string, reason: string): Case => ({ name, skip: reason, run: Effect.void })

/** A case that needs one of the answers. */
export const needs = <S, Name extends keyof Answers<S>>(
  subject: Subject<S>,
  answer: Name,
  name: string,
  body: (answer: Exclude<Answers<S>[Name], undefined>) => Body
): Case => {
  const given = subject.answers[answer]
  return given === undefined
    ? skip(name, subject.wireless ?? `the subject has no answer \`${answer}\``)
    // It is not undefined here; TypeScript does not narrow the type of an index.
    : run(name, () => body(given as Exclude<Answers<S>[Name], undefined>))
}

/** Node's assertions, without what they would have TypeScript conclude. */
export interface Is {
  readonly ok: (value: boolean, message?: string) => void
  readonly equal: (actual: unknown, expected: unknown, message?: string) => void
  readonly notEqual: (actual: unknown, expected: unknown, message?: string) => void
  readonly deepEqual: (actual: unknown, expected: unknown, message?: string) => void
  readonly match: (value: string, expected: RegExp, message?: string) => void
}

const is: Is = assert

/** Looks at something: what is wrong is thrown, and so a defect. */
export const check = (look: (is: Is) => void): Effect.Effect<void> => Effect.sync(() => look(is))

/** The error of what must fail. */
export const failure = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<E> =>
  Effect.matchEffect(effect, {
    onFailure: Effect.succeed,
    onSuccess: (value) => Effect.die(new Error(`It must fail, and succeeded with ${JSON.stringify(value)}`))
  })

/** Runs a stream to its failure. */
export const streamFailure = Effect.fnUntraced(function*({ model }: Running, options?: CallOptions) {
  const chunks: Array<AIMessageChunk> = []
  const stream = Stream.runForEachArray(model.stream("Hi", options), (more) =>
    Effect.sync(() => {
      chunks.push(...more)
    }))
  const error = yield* failure(stream)
  return { error, text: textOf(chunks) }
})

export const textOf = (chunks: ReadonlyArray<AIMessageChunk>): string => chunks.map((chunk) => chunk.content).join("")

/** Fails as it should, by `stream` and by `invoke`, with all that had arrived. */
export const failsBothWays = Effect.fnUntraced(function*(
  running: Running,
  reason: string,
  partial: string | undefined,
  more?: (error: ChatModelError) => void
) {
  const streamed = yield* streamFailure(running)
  const invoked = yield* failure(running.model.invoke("Hi"))
  yield* check((is) => {
    for (const error of [streamed.error, invoked]) {
      is.equal(error.reason._tag, reason, `The reason is ${error.reason._tag}: ${error.reason.message}`)
      is.equal(error.partial?.content, partial, "partial holds what had arrived")
      is.deepEqual([error.provider, error.model], [running.model.provider, running.model.model], "it says whose it is")
      more?.(error)
    }
    is.equal(streamed.text, partial ?? "", "what had arrived was delivered before the failure")
  })
})

/** Is turned down with this reason before a request is made. */
export const turnsDown = Effect.fnUntraced(function*(
  running: Running,
  reason: string,
  input: ChatInput,
  options?: CallOptions
) {
  const error = yield* failure(running.model.invoke(input, options))
  const count = yield* running.count
  yield* check((is) => {
    is.equal(error.reason._tag, reason, error.message)
    is.equal(count, 0, "no request is made")
  })
})

/** Whether a text is somewhere in a request. */
export const holds = (body: unknown, text: string): boolean =>
  typeof body === "string"
    ? body.includes(text)
    : Array.isArray(body)
    ? body.some((each) => holds(each, text))
    : Predicate.isObject(body) && Object.entries(body).some(([key, value]) => key.includes(text) || holds(value, text))

/** A message without what belongs to one response: its id and metadata. */
export const essence = (message: AIMessage | PartialAIMessage) => {
  const { id: _, metadata: __, ...rest } = message
  return rest
}
