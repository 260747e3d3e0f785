// Limits that several processes share.
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Layer, Schedule, Stream } from "effect"
import * as Redis from "effect/persistence/Redis"
import { TestClock } from "effect/testing"
import { spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import { createRequire } from "node:module"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { ChatModelError } from "rivulet"
import type { CallOptions, ChatModel } from "rivulet"
import * as ModelLimitsRedis from "rivulet/ModelLimitsRedis"
import { ScriptedChatModel } from "rivulet/Testing"
import { build } from "../support/build.ts"
import { redisListens, redisUrl } from "../support/redis.ts"
import { wrapperLaws } from "../support/wrapperLaws.ts"

const { fail, finish, text } = ScriptedChatModel

const available = await redisListens()

/** Effects with Redis, and with a key that no other test uses. */
const withRedis = <A, E>(use: (key: string) => Effect.Effect<A, E, Redis.Redis>) =>
  Effect.suspend(() => use(randomUUID())).pipe(Effect.provide(NodeRedis.layer({ url: redisUrl })))

/** A scripted model, and the times at which its requests were sent. */
const timed = (replies: ScriptedChatModel.Replies, options?: CallOptions.CallOptions) => {
  const sent: Array<number> = []
  let n = 0
  const { model } = ScriptedChatModel.make((request) => {
    sent.push(performance.now())
    return typeof replies === "function" ? replies(request) : replies[Math.min(n++, replies.length - 1)]!
  }, { options: { maxRetries: 2, retrySchedule: Schedule.spaced("1 millis"), ...options } })
  return { model, sent }
}

/** The most times within less than a window. */
const most = (at: ReadonlyArray<number>, window: number) =>
  Math.max(0, ...at.map((from) => at.filter((time) => time >= from && time < from + window).length))

describe.skipIf(!available)("withRateLimit on Redis is one model", () => {
  wrapperLaws((model) =>
    Effect.gen(function*() {
      const limit = ModelLimitsRedis.withRateLimit({
        key: randomUUID(),
        requestsPerMinute: 100,
        tokensPerMinute: 1_000_000
      })
      const context = yield* Effect.orDie(Layer.build(NodeRedis.layer({ url: redisUrl })))
      return yield* Effect.provide(limit(model), context)
    })
  )
})

describe.skipIf(!available)("withRateLimit on Redis", () => {
  it.live("two processes together keep to the limit in any window", () =>
    Effect.gen(function*() {
      const built = build()
      const { resolve } = createRequire(join(built, "package.json"))
      const files = ["rivulet/ModelLimitsRedis", "rivulet"].map((name) => pathToFileURL(resolve(name)).href)
      const script = join(import.meta.dirname, "../support/limitedProcess.mjs")
      const key = randomUUID()
      const calls = 7
      const children = [1, 2].map(() =>
        spawn(process.execPath, [script, ...files, redisUrl, key, String(calls), "5", "2 seconds"], {
          stdio: ["pipe", "pipe", "inherit"]
        })
      )
      const outputs = children.map((child) => {
        let output = ""
        child.stdout.setEncoding("utf8").on("data", (data: string) => output += data)
        return () => output
      })
      const until = (test: (output: string) => boolean) =>
        Effect.promise(() =>
          Promise.all(children.map((child, i) =>
            new Promise<void>((resolve) => {
              const look = () => test(outputs[i]!()) || child.exitCode !== null ? resolve() : undefined
              child.stdout.on("data", look)
              child.on("close", look)
              look()
            })
          ))
        )
      yield* until((output) => output.includes("ready"))
      for (const child of children) child.stdin.write("go\n")
      yield* until((output) => output.includes("]"))
      const starts = outputs.map((output) => JSON.parse(output().split("\n")[1] ?? "[]") as ReadonlyArray<number>)
      assert.deepStrictEqual(starts.map(({ length }) => length), [calls, calls])
      const all = starts.flat().toSorted((a, b) => a - b)
      // A window begins when Redis admits a call. On a busy machine the call may begin a moment later.
      assert.isAtMost(most(all, 1500), 5)
      // Fourteen calls are three windows, and no more.
      assert.isAtLeast(all.at(-1)! - all[0]!, 3500)
      assert.isBelow(all.at(-1)! - all[0]!, 8000)
    }), 60_000)

  it.live("tokens that were not used make room for other processes, within a second", () =>
    withRedis((key) =>
      Effect.gen(function*() {
        const { model, sent } = timed(() => [ScriptedChatModel.delay("50 millis"), ...text("a")])
        const limit = () => ModelLimitsRedis.withRateLimit({ key, tokensPerMinute: 1000 })(model)
        const [one, two] = [yield* limit(), yield* limit()]
        const before = performance.now()
        yield* Effect.all([one.invoke("1", { maxTokens: 900 }), two.invoke("2", { maxTokens: 900 })], {
          concurrency: 2
        })
        assert.lengthOf(sent, 2)
        assert.isAtLeast(sent[1]! - sent[0]!, 40)
        assert.isBelow(performance.now() - before, 3000)
      })
    ))

  it.live("a 429 with a wait slows the other processes", () =>
    withRedis((key) =>
      Effect.gen(function*() {
        const refused = timed([
          [fail(new ChatModelError.RateLimitError({ message: "slow", retryAfter: Duration.millis(700) }))],
          text("a")
        ])
        const other = timed(() => text("b"))
        const limit = (model: ChatModel.Service) =>
          ModelLimitsRedis.withRateLimit({ key, requestsPerMinute: 100 })(model)
        const one = yield* limit(refused.model)
        const two = yield* limit(other.model)
        const first = yield* Effect.forkChild(one.invoke("1"))
        while (refused.sent.length < 1) yield* Effect.sleep("1 millis")
        yield* Effect.sleep("50 millis")
        yield* two.invoke("2")
        yield* Fiber.join(first)
        assert.isAtLeast(other.sent[0]! - refused.sent[0]!, 690)
        assert.isAtLeast(refused.sent[1]! - refused.sent[0]!, 690)
      })
    ))

  it.live("retries count, starts leave the window one by one, and a call that is left while it waits takes nothing", () =>
    withRedis((key) =>
      Effect.gen(function*() {
        const { model, sent } = timed([
          [fail(new ChatModelError.OverloadedError({ message: "busy" }))],
          [finish("length")],
          text("a")
        ])
        const limited = yield* ModelLimitsRedis.withRateLimit({
          key,
          limits: [{ requests: 2, window: "700 millis" }]
        })(model)
        yield* limited.invoke("1")
        const left = yield* Effect.exit(Stream.runDrain(limited.stream("2")).pipe(Effect.timeout("100 millis")))
        assert.isTrue(Exit.isFailure(left))
        yield* limited.invoke("3")
        yield* limited.invoke("4")
        assert.lengthOf(sent, 4)
        assert.isAtLeast(sent[2]! - sent[0]!, 690)
        assert.isAtLeast(sent[3]! - sent[1]!, 690)
        assert.isBelow(sent[3]! - sent[0]!, 1390)
      })
    ))

  it.live("what is remembered expires", () =>
    withRedis((key) =>
      Effect.gen(function*() {
        const { model } = timed(() => text("a"))
        const limited = yield* ModelLimitsRedis.withRateLimit({
          key,
          limits: [{ tokens: 10_000, window: "300 millis" }]
        })(model)
        const { send } = yield* Redis.Redis
        const starts = `rivulet:limit:{${key}}:starts`
        yield* limited.batch(["1", "2", "3"])
        assert.strictEqual(yield* send("ZCARD", starts), 3)
        yield* Effect.sleep("400 millis")
        assert.strictEqual(yield* send("EXISTS", starts), 0)
      })
    ))
})

describe("withRateLimit without Redis", () => {
  const redis = (evaluate: Effect.Effect<never, Redis.RedisError>) =>
    Effect.provideService(
      Redis.Redis,
      Redis.Redis.of({
        send: () => evaluate,
        subscribe: () => Effect.die("not used"),
        eval: () => () => evaluate,
        reserve: Effect.die("not used")
      })
    )
  const limit = ModelLimitsRedis.withRateLimit({ key: "k", requestsPerMinute: 5 })

  it.effect("calls fail with the cause, and send nothing", () =>
    Effect.gen(function*() {
      const { model, sent } = timed(() => text("a"))
      const limited = yield* redis(Effect.fail(new Redis.RedisError({ cause: new Error("connection lost") })))(
        limit(model)
      )
      const error = yield* Effect.flip(limited.invoke("1"))
      assert.strictEqual(error.reason._tag, "NetworkError")
      assert.include(error.message, "connection lost")
      assert.lengthOf(sent, 0)
    }))

  it.effect("calls fail after five seconds without an answer, and can be left before", () =>
    Effect.gen(function*() {
      const { model, sent } = timed(() => text("a"))
      const limited = yield* redis(Effect.never)(limit(model))
      const [failing, leaving] = [
        yield* Effect.forkChild(Effect.flip(limited.invoke("1"))),
        yield* Effect.forkChild(limited.invoke("2"))
      ]
      yield* TestClock.adjust("4 seconds")
      yield* Fiber.interrupt(leaving)
      assert.isDefined(leaving.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.include((yield* Fiber.join(failing)).message, "did not answer within 5s")
      assert.lengthOf(sent, 0)
    }))

  it("needs a limit that Redis can keep", () => {
    assert.throws(() => ModelLimitsRedis.withRateLimit({ key: "k", concurrency: 3 }), /requests or tokens/)
  })
})
