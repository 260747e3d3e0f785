import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { AIMessageChunk, ChatModelError } from "rivulet"
import { Activity, StatusLine } from "../../src/cli/status.ts"
import { Tree } from "../../src/cli/tree.ts"
import type { RunEvent } from "../../src/RunEvent.ts"
import { screen } from "./screen.ts"

/** A terminal that keeps what is written to it. */
const terminal = (columns: number) => {
  const written: Array<string> = []
  const out = { isTTY: true, columns, write: (text: string) => written.push(text) > 0 }
  // Only these members are used.
  return { out: out as unknown as NodeJS.WriteStream, written, shown: () => screen(written.join(""), { columns }) }
}

const reasoning = (text: string): AIMessageChunk.AIMessageChunk => ({
  ...AIMessageChunk.empty,
  parts: [{ type: "reasoning", index: 0, text }]
})

const retryAfter = (reason: ChatModelError.Reason, seconds: number) => ({
  error: new ChatModelError.ChatModelError({ provider: "p", model: "m", reason }),
  retry: 1,
  delay: Duration.seconds(seconds)
})

describe("an activity", () => {
  it.effect("is a wait, a wait for a retry, reasoning, or an answer", () =>
    Effect.gen(function*() {
      const activity = new Activity("p:m", 0)
      assert.strictEqual(activity.describe(900), undefined)
      assert.strictEqual(activity.describe(3700), "Waiting, 3 s (p:m)")
      yield* TestClock.adjust("4 seconds")
      yield* activity.onRetry(retryAfter(new ChatModelError.RateLimitError({ message: "slow down" }), 4))
      assert.strictEqual(activity.describe(4000), "Retrying in 4 s after a rate limit (p:m)")
      assert.strictEqual(activity.describe(7500), "Retrying in 1 s after a rate limit (p:m)")
      assert.strictEqual(activity.describe(8000), "Waiting, 8 s (p:m)")
      yield* activity.onRetry(retryAfter(new ChatModelError.OverloadedError({ message: "busy" }), 1))
      assert.strictEqual(activity.describe(4500), "Retrying in 1 s after an overload (p:m)")
      activity.add([reasoning("Hm")])
      assert.strictEqual(activity.describe(9000), "Thinking, 1 token (p:m)")
      activity.add([reasoning(", so"), reasoning("...")])
      assert.strictEqual(activity.describe(9000), "Thinking, about 3 tokens (p:m)")
      assert.isFalse(activity.hasText)
      activity.add([AIMessageChunk.text("Hello")])
      assert.isTrue(activity.hasText)
      assert.strictEqual(activity.describe(9000), "Answering, about 4 tokens (p:m)")
    }))
})

describe("a status line", () => {
  it("is written over, fits into the terminal, and leaves nothing", () => {
    for (const columns of [10, 40, 80]) {
      const { out, shown, written } = terminal(columns)
      const line = new StatusLine(out)
      line.show("Retrying in 4 s after a rate limit (anthropic:claude-haiku-4-5)")
      assert.lengthOf(shown(), 1)
      assert.isBelow(shown()[0]!.length, columns - 2)
      line.show("金魚".repeat(40))
      assert.lengthOf(shown(), 1)
      line.show("Go\u001b[2J\n")
      line.show("Go\u001b[2J\n")
      assert.deepStrictEqual(shown(), ["Go[2J"])
      assert.lengthOf(written, 3)
      line.clear()
      assert.deepStrictEqual(shown(), [])
      out.write("Hello\n")
      assert.deepStrictEqual(shown(), ["Hello"])
    }
  })

  it.effect("follows what happens during an effect, and is gone when that ends", () =>
    Effect.gen(function*() {
      const { out, shown } = terminal(40)
      const line = new StatusLine(out)
      const describe = (now: number) => now < 1000 ? undefined : `${now / 1000} s`
      const running = yield* Effect.forkChild(line.during(describe, Effect.as(Effect.sleep("3 seconds"), "done")))
      yield* TestClock.adjust("500 millis")
      assert.deepStrictEqual(shown(), [])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(shown(), ["1.5 s"])
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* Fiber.join(running), "done")
      assert.deepStrictEqual(shown(), [])
      const interrupted = yield* Effect.forkChild(line.during(() => "busy", Effect.never))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(shown(), ["busy"])
      yield* Fiber.interrupt(interrupted)
      assert.deepStrictEqual(shown(), [])
    }))

  it.effect("is not there without a terminal", () =>
    Effect.gen(function*() {
      const line = new StatusLine(undefined)
      line.show("Waiting")
      assert.strictEqual(yield* line.during(() => assert.fail("nobody reads it"), Effect.succeed("done")), "done")
    }))
})

describe("the line about the model of a tree", () => {
  it("counts its chunks and has its last words", () => {
    const tree = new Tree(terminal(40).out)
    const run = { run_id: "1", name: "model", tags: [], metadata: {}, parent_ids: ["0"] }
    const stream = (content: string): RunEvent => ({
      ...run,
      event: "on_chat_model_stream",
      data: { chunk: AIMessageChunk.text(content) }
    })
    tree.add({ ...run, event: "on_chat_model_start", data: { input: { messages: [[]] } } }, 0)
    assert.strictEqual(tree.live(900, 40), undefined)
    tree.add(stream("Goldfish\n"), 1)
    assert.strictEqual(tree.live(100, 40), undefined)
    assert.strictEqual(tree.live(900, 40), "  … 1 chunk: Goldfish")
    tree.add(stream("swim on the\u001b[31m moon"), 2)
    assert.strictEqual(tree.live(900, 40), "  … 2 chunks: …fish swim on the[31m moon")
    assert.strictEqual(tree.live(900, 16), "  … 2 chunks")
    tree.add({ ...run, event: "on_chat_model_interrupted", data: {} } as RunEvent, 3)
    assert.strictEqual(tree.live(900, 40), undefined)
  })
})
