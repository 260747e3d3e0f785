import { assert, describe, it } from "@effect/vitest"
import { Effect, Metric, Option, Stream, Tracer } from "effect"
import { Runnable } from "rivulet"
import * as Telemetry from "rivulet/Telemetry"
import { makeRandom } from "../support/jsonTexts.ts"
import { randomChain } from "../support/randomChain.ts"

/** A tracer that counts how often its spans are ended, and keeps them. */
const countingTracer = () => {
  const spans: Array<CountedSpan> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new CountedSpan(options)
      spans.push(span)
      return span
    }
  })
  return { spans, tracer }
}

class CountedSpan extends Tracer.NativeSpan {
  ends = 0

  override end(...args: Parameters<Tracer.NativeSpan["end"]>): void {
    this.ends++
    super.end(...args)
  }
}

describe("a chain put together at random", () => {
  for (const seed of [1, 2, 3]) {
    it.live(`has spans that end once, inside their parents, however it ends, from seed ${seed}`, () =>
      Effect.gen(function*() {
        const random = makeRandom(seed)
        for (let i = 0; i < 40; i++) {
          const { spans, tracer } = countingTracer()
          const metrics = new Map()
          const open = { sources: 0 }
          const chain = randomChain(random, 4, open).pipe(Runnable.withTimeout("40 millis"))
          const run = Effect.exit(
            [
              Stream.runDrain(chain.stream("hi")),
              Stream.runDrain(Stream.take(chain.stream("hi"), random.below(6))),
              Stream.runDrain(Runnable.streamEvents(chain, "hi")),
              Stream.runDrain(Stream.take(Runnable.streamEvents(chain, "hi"), random.below(12))),
              chain.invoke("hi")
            ][i % 5]!
          )
          yield* run.pipe(
            Effect.withSpan("app"),
            Effect.provide(Telemetry.layer({ export: false, logs: false }), { local: true }),
            Effect.withTracer(tracer),
            Effect.provideService(Metric.MetricRegistry, metrics)
          )
          assert.strictEqual(open.sources, 0)
          const [app, ...others] = spans
          assert.strictEqual(app?.name, "app")
          for (const span of others) {
            assert.strictEqual(span.ends, 1, span.name)
            assert.isDefined(span.attributes.get("rivulet.outcome"), span.name)
            const around = Option.getOrUndefined(span.parent)
            const parent = spans.find(({ spanId }) => spanId === around?.spanId)
            assert.isDefined(parent, `${span.name} has no parent`)
            assert.isTrue(endOf(span) <= endOf(parent!), `${span.name} ends after ${parent?.name}`)
          }
          for (const { hooks, id } of metrics.values()) {
            if (id === "rivulet.client.streams.open") assert.strictEqual(hooks.get().count, 0)
          }
        }
      }))
  }
})

const endOf = (span: CountedSpan) => span.status._tag === "Ended" ? span.status.endTime : 2n ** 62n
