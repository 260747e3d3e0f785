import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { Runnable } from "rivulet"
import type { RunEvent } from "rivulet"
import { balanced } from "../support/events.ts"
import { makeRandom } from "../support/jsonTexts.ts"
import { randomChain } from "../support/randomChain.ts"

describe("a chain put together at random", () => {
  for (const seed of [1, 2, 3, 4]) {
    it.live(`has balanced events however it ends, and leaves nothing open, from seed ${seed}`, () =>
      Effect.gen(function*() {
        const random = makeRandom(seed)
        for (let i = 0; i < 50; i++) {
          const open = { sources: 0 }
          const chain = randomChain(random, 4, open).pipe(Runnable.withTimeout("40 millis"))
          const events: Array<RunEvent.RunEvent> = []
          // A reader that is behind now and then.
          yield* Effect.exit(Stream.runForEach(Runnable.streamEvents(chain, "hi"), (event) =>
            Effect.andThen(
              random.below(10) === 0 ? Effect.sleep("1 millis") : Effect.void,
              Effect.sync(() => events.push(event))
            )))
          assert.strictEqual(open.sources, 0)
          balanced(events)
          for (const [at, event] of events.entries()) {
            if (event.event !== "on_custom_event") continue
            const before = events.slice(0, at).filter(({ run_id }) => run_id === event.run_id)
            assert.isTrue(before.some((other) => other.event.endsWith("_start")), "it lies in a run that has begun")
          }
          const some = Stream.take(Runnable.streamEvents(chain, "hi"), random.below(12))
          yield* Effect.exit(Stream.runDrain(some))
          assert.strictEqual(open.sources, 0)
        }
      }))
  }
})
