// The spans of a chain form the tree of its events: both know the parents by different means, the events by the ids that
// a run hands on, and the spans by the services of the fibers.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { Runnable, RunnableCache } from "rivulet"
import type { RunEvent } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import { combinators } from "../support/combinators.ts"
import type { Span } from "../support/otlp.ts"
import { printed, traced } from "../support/traced.ts"
import type { Node } from "../support/traced.ts"

const model = ScriptedChatModel.make(() => ScriptedChatModel.text(["a ", "b"])).model
const cache = RunnableCache.layerMemory({ capacity: 0 })

/** Sorted, as branches start in any order. */
const tree = (nodes: ReadonlyArray<Node>) => printed(nodes.toSorted((a, b) => a.name < b.name ? -1 : 1))

const ofEvents = (events: ReadonlyArray<RunEvent.RunEvent>): ReadonlyArray<Node> =>
  events.filter(({ event }) => event.endsWith("_start")).map((event) => ({
    id: event.run_id,
    parent: event.parent_ids.at(-1),
    name: event.event === "on_chat_model_start" ? "chat" : `${event.event.slice(3, -6)} ${event.name}`
  }))

const ofSpans = (spans: ReadonlyArray<Span>): ReadonlyArray<Node> =>
  spans.filter(({ name }) => name !== "app").map(({ attributes, parentId, spanId }) => ({
    id: spanId,
    parent: parentId,
    name: attributes["gen_ai.operation.name"] === "chat"
      ? "chat"
      : `${String(attributes["rivulet.step.type"])} ${String(attributes["rivulet.step.name"])}`
  }))

/** The tree without its root, whose parts move up. */
const insideOf = (nodes: ReadonlyArray<Node>) => nodes.filter(({ parent }) => parent !== undefined)

for (const { make, name } of combinators) {
  describe(name, () => {
    const chain = make(model)

    it.live("stream has the spans of its events, all below the app's and ended once", () =>
      Effect.gen(function*() {
        const events = yield* Effect.orDie(Stream.runCollect(Runnable.streamEvents(chain, "q")))
        const { spans } = yield* traced(
          Stream.runDrain(chain.stream("q")).pipe(Effect.withSpan("app"), Effect.provide(cache))
        )
        assert.strictEqual(tree(ofSpans(spans)), tree(ofEvents(events)))
        const app = spans.find(({ name }) => name === "app")
        const ids = new Set(spans.map(({ spanId }) => spanId))
        assert.strictEqual(ids.size, spans.length)
        for (const span of spans) {
          if (span === app) continue
          assert.isTrue(span.parentId !== undefined && ids.has(span.parentId), `${span.name} has no parent`)
          assert.strictEqual(span.attributes["rivulet.outcome"], "completed")
          // What runs inside ends before what it is part of.
          const parent = spans.find(({ spanId }) => spanId === span.parentId)
          assert.isTrue(parent !== undefined && span.start >= parent.start && span.end <= parent.end, span.name)
        }
      }).pipe(Effect.provide(cache)))

    it.live("invoke has the spans of its events", () =>
      Effect.gen(function*() {
        const asked = Runnable.fn((q: string) => chain.invoke(q))
        const events = yield* Effect.orDie(Stream.runCollect(Runnable.streamEvents(asked, "q")))
        const { spans } = yield* traced(chain.invoke("q").pipe(Effect.withSpan("app"), Effect.provide(cache)))
        assert.strictEqual(tree(ofSpans(spans)), tree(insideOf(ofEvents(events))))
      }).pipe(Effect.provide(cache)))

    it.live("the spans are the same when somebody watches, and so are the events", () =>
      Effect.gen(function*() {
        const events = yield* Effect.orDie(Stream.runCollect(Runnable.streamEvents(chain, "q")))
        let seen: ReadonlyArray<RunEvent.RunEvent> = []
        const { spans } = yield* traced(
          Stream.runCollect(Runnable.streamEvents(chain, "q")).pipe(
            Effect.map((events) => seen = events),
            Effect.withSpan("app"),
            Effect.provide(cache)
          )
        )
        assert.strictEqual(tree(ofSpans(spans)), tree(ofEvents(events)))
        assert.strictEqual(tree(ofEvents(seen)), tree(ofEvents(events)))
        assert.deepStrictEqual(neutral(seen), neutral(events))
      }).pipe(Effect.provide(cache)))
  })
}

/** Events without their random ids, those of parallel steps in any order. */
const neutral = (events: ReadonlyArray<RunEvent.RunEvent>) =>
  events.map(({ data, event, metadata, name, parent_ids, tags }) =>
    JSON.stringify([event, name, tags, metadata, parent_ids.length, data])
  ).toSorted()
