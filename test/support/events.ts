import { assert } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { Runnable } from "rivulet"
import type { RunEvent } from "rivulet"

/** The events of a run as far as they came, and how it ended. */
export const eventsOf = <In, Out, E, R, C>(
  self: Runnable.Runnable<In, Out, E, R, C, never>,
  input: In,
  options?: Runnable.EventOptions
) =>
  Effect.gen(function*() {
    const events: Array<RunEvent.RunEvent> = []
    const exit = yield* Effect.exit(
      Stream.runForEach(Runnable.streamEvents(self, input, options), (event) => Effect.sync(() => events.push(event)))
    )
    return { events, exit }
  })

/** Every start has one end, in its parent; a run's stream events lie between. */
export const balanced = (events: ReadonlyArray<RunEvent.RunEvent>) => {
  const open = new Map<string, ReadonlyArray<string>>()
  for (const event of events) {
    if (event.event === "on_custom_event") continue
    const kind = event.event.split("_").at(-1) ?? ""
    if (kind === "start") {
      assert.isFalse(open.has(event.run_id))
      for (const parent of event.parent_ids) assert.isTrue(open.has(parent), "a step runs inside its parents")
      open.set(event.run_id, event.parent_ids)
    } else {
      assert.isTrue(open.has(event.run_id), `${event.event} of a run that is not open`)
      if (kind !== "stream") {
        open.delete(event.run_id)
        for (const parents of open.values()) assert.notInclude(parents, event.run_id, "children end first")
      }
    }
  }
  assert.strictEqual(open.size, 0, "every start has an end")
}
