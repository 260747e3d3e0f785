/**
 * Cases of complete answers: streamed, invoked, in batches, as events, and cut into any pieces.
 *
 * Part of the suite in `Conformance`. Must not import a provider or a server.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { toMessage } from "../../AIMessageChunk.ts"
import { human } from "../../Message.ts"
import * as Runnable from "../../Runnable.ts"
import { check, essence, failure, isRejected, needs, run, textOf, tokens, whole } from "./check.ts"
import type { Case, Subject } from "./subject.ts"

const umlauts = ["Grüße ", "vom 𝕏ond, ", "über ☾"]

export const completeAnswers = <S>(subject: Subject<S>): ReadonlyArray<Case> => [
  run("the model says whose it is and what it can do", () =>
    Effect.gen(function*() {
      const { model } = yield* subject.start([subject.answers.text(tokens)])
      yield* check((is) => {
        is.notEqual(model.provider, "")
        is.notEqual(model.model, "")
        is.deepEqual(model.capabilities, subject.capabilities)
      })
    })),

  run("a whole answer has exactly one finish, on its last chunk", () =>
    Effect.gen(function*() {
      const { model } = yield* subject.start([subject.answers.text(tokens)])
      const chunks = yield* Stream.runCollect(model.stream("Hi"))
      yield* check((is) => {
        is.equal(textOf(chunks), whole)
        is.equal(chunks.filter((chunk) => chunk.finish !== undefined).length, 1)
        is.equal(chunks.at(-1)?.finish?.reason, "stop")
      })
    })),

  run("invoke is the fold of stream", () =>
    Effect.gen(function*() {
      const { model } = yield* subject.start([subject.answers.text(tokens)])
      const folded = toMessage(yield* Stream.runCollect(model.stream("Hi")))
      const invoked = yield* model.invoke("Hi")
      yield* check((is) => {
        is.deepEqual(essence(invoked), essence(folded))
        is.equal(invoked.content, whole)
      })
    })),

  needs(subject, "cut", "the same bytes, cut anywhere, are the same message", (cut) =>
    Effect.gen(function*() {
      const answer = subject.answers.text(umlauts)
      const { model } = yield* subject.start([answer, cut(answer, 61), cut(answer, 1)])
      const messages = yield* Effect.replicateEffect(model.invoke("Hi"), 3)
      yield* check((is) => {
        is.equal(messages[0]?.content, umlauts.join(""))
        for (const message of messages) is.deepEqual(message.parts, messages[0]?.parts)
      })
    })),

  run("nothing is asked before somebody listens", () =>
    Effect.gen(function*() {
      const { model, requestCount } = yield* subject.start([subject.answers.text(tokens)])
      model.stream("Hi")
      model.invoke("Hi")
      model.batch(["Hi"])
      const before = yield* requestCount
      yield* model.invoke("Hi")
      const after = yield* requestCount
      yield* check((is) => is.deepEqual([before, after], [0, 1]))
    })),

  run("input that no provider accepts fails before a request", () =>
    Effect.gen(function*() {
      const running = yield* subject.start([subject.answers.text(tokens)])
      yield* isRejected(running, "InvalidRequestError", "")
      yield* isRejected(running, "InvalidRequestError", "Hi", { maxTokens: 0 })
    })),

  run("a batch keeps its order", () =>
    Effect.gen(function*() {
      const { model } = yield* subject.start([subject.answers.text(["one"]), subject.answers.text(["two"])])
      const results = yield* model.batch(["1", "2"], { concurrency: 1 })
      yield* check((is) =>
        is.deepEqual(results.map((each) => Result.isSuccess(each) ? each.success.content : each), ["one", "two"])
      )
    })),

  run("events: one start, the chunks, one end, and all of one run", () =>
    Effect.gen(function*() {
      const { model } = yield* subject.start([subject.answers.text(tokens)])
      const events = yield* Stream.runCollect(Runnable.streamEvents(model, "Hi"))
      yield* check((is) => {
        const names = events.map((event) => event.event)
        is.deepEqual([names[0], names.at(-1)], ["on_chat_model_start", "on_chat_model_end"])
        is.ok(names.slice(1, -1).every((name) => name === "on_chat_model_stream"))
        is.equal(new Set(events.map((event) => event.run_id)).size, 1)
      })
    })),

  needs(subject, "ends", "events: a failure is one too, and the last", (ends) =>
    Effect.gen(function*() {
      const { model } = yield* subject.start([ends(tokens)], { maxRetries: 0 })
      const names: Array<string> = []
      const events = Stream.runForEach(Runnable.streamEvents(model, "Hi"), (event) =>
        Effect.sync(() => {
          names.push(event.event)
        }))
      yield* failure(events)
      yield* check((is) => {
        is.deepEqual([names[0], names.at(-1)], ["on_chat_model_start", "on_chat_model_error"])
        is.equal(names.filter((name) => name === "on_chat_model_error").length, 1)
      })
    })),

  needs(
    subject,
    "unknown",
    "what nobody knows yet passes through, and the answer goes on",
    (unknown) =>
      Effect.gen(function*() {
        const { model } = yield* subject.start([unknown(tokens)])
        const message = yield* model.invoke("Hi")
        yield* check((is) => is.deepEqual([message.content, message.finish.reason], [whole, "stop"]))
      })
  ),

  run("an answer can be sent back as it is", () =>
    Effect.gen(function*() {
      const { model, request } = yield* subject.start([subject.answers.text(tokens)])
      const message = yield* model.invoke("Hi")
      yield* model.invoke([human("Hi"), message, human("Go on")])
      const { body } = yield* request(1)
      yield* check((is) => is.ok(JSON.stringify(body).includes(whole), "the answer is in the next request"))
    })),

  needs(subject, "refusal", "an answer that declines ends as one", (refusal) =>
    Effect.gen(function*() {
      const { model } = yield* subject.start([refusal("I must not.")])
      const message = yield* model.invoke("Hi")
      yield* check((is) => is.match(message.finish.reason, /^(refusal|content_filter)$/))
    }))
]
