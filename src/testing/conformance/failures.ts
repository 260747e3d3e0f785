/**
 * Cases of failures: an answer that breaks off, never begins, is malformed, or is an error, and the retries of each.
 *
 * Part of the suite in `Conformance`. Must not import a provider or a server. Time limits are some 100 milliseconds.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type { TimeoutOptions } from "../../CallOptions.ts"
import { ChatModelError } from "../../ChatModelError.ts"
import type { Reason } from "../../ChatModelError.ts"
import { check, failsBothWays, failure, needs, run, skip, streamFailure, tokens, whole } from "./check.ts"
import type { Answers, Case, Subject } from "./subject.ts"

const once = { maxRetries: 0 }
const soon = { retrySchedule: Schedule.spaced("1 millis") }

/** An answer that breaks off after its tokens, and its failure. */
const broken = <S>(
  subject: Subject<S>,
  answer: "ends" | "closes" | "resets" | "stalls" | "malformed",
  name: string,
  reason: Reason["_tag"],
  timeout?: TimeoutOptions
): Case =>
  needs(subject, answer, name, (answer) =>
    Effect.flatMap(
      subject.start([answer(tokens)], { ...once, timeout }),
      (running) =>
        failsBothWays(running, reason, whole, (error) => {
          if (error.reason._tag === "TimeoutError" && error.reason.phase !== "idle") throw error
        })
    ))

/** An answer that never begins, and its failure. */
const empty = <S>(
  subject: Subject<S>,
  answer: "headersOnly" | "silent" | "resetsFirst",
  name: string,
  reason: Reason["_tag"],
  timeout?: TimeoutOptions
): Case =>
  needs(subject, answer, name, (answer) =>
    Effect.flatMap(
      // None of these three answers is a function.
      subject.start([answer as S], { ...once, timeout }),
      (running) =>
        failsBothWays(running, reason, undefined, (error) => {
          const phase = answer === subject.answers.silent ? "connect" : "first_chunk"
          if (error.reason._tag === "TimeoutError" && error.reason.phase !== phase) throw error
        })
    ))

/** The reasons for statuses whose body is not JSON. */
const statuses: ReadonlyArray<readonly [status: number, reason: Reason["_tag"]]> = [
  [400, "InvalidRequestError"],
  [401, "AuthenticationError"],
  [402, "QuotaExhaustedError"],
  [403, "PermissionError"],
  [404, "NotFoundError"],
  [408, "TimeoutError"],
  [409, "InvalidRequestError"],
  [413, "ContextLengthError"],
  [422, "InvalidRequestError"],
  [429, "RateLimitError"],
  [500, "InternalProviderError"],
  [502, "InternalProviderError"],
  [503, "OverloadedError"],
  [504, "TimeoutError"],
  [529, "OverloadedError"]
]

const page = "<html>oops</html>"

type StatusAnswer<S> = Exclude<Answers<S>["status"], undefined>

const statusCases = <S>(subject: Subject<S>): ReadonlyArray<Case> => [
  ...statuses.map(([status, reason]) =>
    needs(subject, "status", `status ${status} is ${reason}`, (answer) =>
      Effect.flatMap(
        subject.start([answer(status, { body: page })], once),
        (running) => failsBothWays(running, reason, undefined)
      ))
  ),

  needs(subject, "status", "a failure says how long the provider asks to wait", (status) =>
    Effect.gen(function*() {
      const { model } = yield* subject.start([status(429, { headers: { "retry-after": "7" } })], once)
      const error = yield* failure(model.invoke("Hi"))
      yield* check((is) => is.equal(Duration.toSeconds(error.retryAfter ?? 0), 7))
    })),

  needs(subject, "status", "a failure worth it is retried before the first chunk", (status) =>
    Effect.gen(function*() {
      const answers = [status(503, { body: page }), subject.answers.text(tokens)] as const
      const { model, requestCount } = yield* subject.start([...answers], { ...soon, maxRetries: 1 })
      const message = yield* model.invoke("Hi")
      const requests = yield* requestCount
      yield* check((is) => is.deepEqual([message.content, requests], [whole, 2]))
    })),

  needs(subject, "status", "one that is not worth it is not", (status) =>
    Effect.gen(function*() {
      const { model, requestCount } = yield* subject.start([status(400, { body: page })], soon)
      yield* failure(model.invoke("Hi"))
      const requests = yield* requestCount
      yield* check((is) => is.equal(requests, 1))
    })),

  needs(subject, "status", "a failure in a batch ends no other call", (status) =>
    Effect.gen(function*() {
      const text = subject.answers.text(tokens)
      const { model } = yield* subject.start([text, status(400, { body: page }), text], once)
      const results = yield* model.batch(["1", "2", "3"], { concurrency: 1 })
      yield* check((is) => is.deepEqual(results.map(Result.isSuccess), [true, false, true]))
    })),

  needs(
    subject,
    "status",
    "the key is in no failure, even if the server repeats it",
    (status) => secrets(subject, status)
  )
]

const secrets = Effect.fnUntraced(function*<S>(subject: Subject<S>, status: StatusAnswer<S>) {
  const secret = subject.secret ?? "no secret"
  const bodies = [
    `Incorrect API key: ${secret}`,
    JSON.stringify({ error: { type: "invalid_request_error", message: `Incorrect API key: ${secret}` } })
  ]
  for (const body of bodies) {
    const { model } = yield* subject.start([status(401, { body })], once)
    const error = yield* failure(model.invoke("Hi"))
    const encoded = JSON.stringify(Schema.encodeUnknownSync(ChatModelError)(error))
    yield* check((is) => is.ok(![String(error), error.stack, encoded].join().includes(secret)))
  }
})

export const failures = <S>(subject: Subject<S>): ReadonlyArray<Case> => [
  broken(subject, "ends", "an answer without its end is TruncatedError", "TruncatedError"),
  broken(subject, "closes", "a connection that closes in the middle is NetworkError", "NetworkError"),
  broken(subject, "resets", "a connection that is reset in the middle is NetworkError", "NetworkError"),
  broken(subject, "malformed", "what follows no protocol is MalformedResponseError", "MalformedResponseError"),
  broken(subject, "stalls", "silence in the middle is TimeoutError, phase idle", "TimeoutError", {
    idle: "150 millis"
  }),
  empty(subject, "headersOnly", "headers, then silence, is TimeoutError, phase first_chunk", "TimeoutError", {
    firstChunk: "150 millis"
  }),
  empty(subject, "silent", "no headers is TimeoutError, phase connect", "TimeoutError", { connect: "150 millis" }),
  empty(subject, "resetsFirst", "a reset before the headers is NetworkError", "NetworkError"),

  subject.startUnreachable === undefined
    ? skip("a provider that is not there is NetworkError", subject.noWire ?? "the subject has no `startUnreachable`")
    : run("a provider that is not there is NetworkError", () =>
      Effect.flatMap(
        subject.startUnreachable?.(once) ?? Effect.die("unreachable"),
        (running) => failsBothWays(running, "NetworkError", undefined)
      )),

  needs(
    subject,
    "twice",
    "a second answer on the connection is MalformedResponseError",
    (twice) =>
      Effect.gen(function*() {
        const running = yield* subject.start([twice(tokens)], once)
        const { error } = yield* streamFailure(running)
        yield* check((is) => {
          is.equal(error.reason._tag, "MalformedResponseError")
          is.equal(error.partial?.content, whole)
        })
      })
  ),

  needs(subject, "keepAlive", "a sign of life is no silence", (keepAlive) =>
    Effect.gen(function*() {
      const { model } = yield* subject.start([keepAlive(tokens)], { ...once, timeout: { idle: "300 millis" } })
      const message = yield* model.invoke("Hi")
      yield* check((is) => is.equal(message.content, whole))
    })),

  needs(
    subject,
    "prefix",
    "an answer cut short at any of twenty places never passes for a whole one",
    (prefix) =>
      Effect.gen(function*() {
        const answer = subject.answers.text(tokens)
        const shares = Array.from({ length: 20 }, (_, i) => (i + 0.5) / 20)
        const running = yield* subject.start([prefix(answer, 0), ...shares.map((share) => prefix(answer, share))], once)
        for (const share of [0, ...shares]) {
          const result = yield* Effect.result(running.model.invoke("Hi"))
          yield* check((is) => {
            if (Result.isSuccess(result)) return is.equal(result.success.content, whole, `after ${share} of its bytes`)
            is.equal(result.failure.reason._tag, "TruncatedError", `after ${share} of its bytes`)
            is.ok(whole.startsWith(result.failure.partial?.content ?? ""))
          })
        }
      })
  ),

  needs(subject, "closes", "nothing is sent again after the first chunk", (closes) =>
    Effect.gen(function*() {
      const running = yield* subject.start([closes(tokens), subject.answers.text(tokens)], { ...soon, maxRetries: 2 })
      const { text } = yield* streamFailure(running)
      const requests = yield* running.requestCount
      yield* check((is) => is.deepEqual([text, requests], [whole, 1]))
    })),

  ...(subject.answers.errors ?? []).map(([reason, answer]) =>
    run(
      `an error inside the answer is ${reason}`,
      () => Effect.flatMap(subject.start([answer(tokens)], once), (running) => failsBothWays(running, reason, whole))
    )
  ),

  ...statusCases(subject)
]
