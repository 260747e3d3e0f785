/**
 * Constructors of cases, and the assertions that they share.
 *
 * The modules of cases in this folder use it. Must not import them, a provider or a server.
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

/** Tokens that occur in no protocol, so that their place on the wire can be found. */
export const tokens = ["goldfish", " on the moon"]

export const whole = tokens.join("")

type Body = Effect.Effect<void, ChatModelError, Scope.Scope>

/** A case that runs. */
export const run = (name: string, body: () => Body): Case => ({
  name,
  skip: undefined,
  run: Effect.suspend(body).pipe(
    Effect.scoped,
    // An effect that must end and does not fails its own case.
    Effect.timeout("20 seconds"),
    Effect.orDie,
    // Time limits use the wall clock, whichever clock the test has.
    Effect.provideService(Clock.Clock, Clock.Clock.defaultValue())
  )
})

/** A case that is skipped. */
export const skip = (name: string, reason: string): Case => ({ name, skip: reason, run: Effect.void })

/** A case that needs one of the answers, and is skipped without it. */
export const needs = <S, Name extends keyof Answers<S>>(
  subject: Subject<S>,
  answer: Name,
  name: string,
  body: (answer: Exclude<Answers<S>[Name], undefined>) => Body
): Case => {
  const given = subject.answers[answer]
  return given === undefined
    ? skip(name, subject.noWire ?? `the subject has no answer \`${answer}\``)
    // The answer is defined here; TypeScript does not narrow an indexed type.
    : run(name, () => body(given as Exclude<Answers<S>[Name], undefined>))
}

/** Node's assertions without their type predicates. */
export interface Is {
  readonly ok: (value: boolean, message?: string) => void
  readonly equal: (actual: unknown, expected: unknown, message?: string) => void
  readonly notEqual: (actual: unknown, expected: unknown, message?: string) => void
  readonly deepEqual: (actual: unknown, expected: unknown, message?: string) => void
  readonly match: (value: string, expected: RegExp, message?: string) => void
}

const is: Is = assert

/** Runs assertions. One that fails is a defect. */
export const check = (look: (is: Is) => void): Effect.Effect<void> => Effect.sync(() => look(is))

/** The error of an effect that must fail. */
export const failure = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<E> =>
  Effect.matchEffect(effect, {
    onFailure: Effect.succeed,
    onSuccess: (value) => Effect.die(new Error(`It must fail, but succeeded with ${JSON.stringify(value)}`))
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

/** Expects this failure by `stream` and by `invoke`, with the part of the message that arrived. */
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
      is.equal(error.partial?.content, partial, "partial holds the content that arrived")
      is.deepEqual(
        [error.provider, error.model],
        [running.model.provider, running.model.model],
        "the error names the provider and the model"
      )
      more?.(error)
    }
    is.equal(streamed.text, partial ?? "", "the content that arrived was delivered before the failure")
  })
})

/** Expects the call to fail with this reason before a request is made. */
export const isRejected = Effect.fnUntraced(function*(
  running: Running,
  reason: string,
  input: ChatInput,
  options?: CallOptions
) {
  const error = yield* failure(running.model.invoke(input, options))
  const count = yield* running.requestCount
  yield* check((is) => {
    is.equal(error.reason._tag, reason, error.message)
    is.equal(count, 0, "no request is made")
  })
})

/** Whether a request contains a text in a key or a value. */
export const holds = (body: unknown, text: string): boolean =>
  typeof body === "string"
    ? body.includes(text)
    : Array.isArray(body)
    ? body.some((each) => holds(each, text))
    : Predicate.isObject(body) && Object.entries(body).some(([key, value]) => key.includes(text) || holds(value, text))

/** A message without its id and metadata, which differ between responses. */
export const essence = (message: AIMessage | PartialAIMessage) => {
  const { id: _, metadata: __, ...rest } = message
  return rest
}
