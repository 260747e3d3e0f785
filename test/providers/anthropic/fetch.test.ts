// A `fetch` of the user's own: one that cannot be stopped, and how one fails.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Redacted } from "effect"
import { TestClock } from "effect/testing"
import * as Anthropic from "rivulet/Anthropic"

const modelWith = (fetch: typeof globalThis.fetch) =>
  Anthropic.make({ model: "claude-haiku-4-5", apiKey: Redacted.make("key"), fetch, maxRetries: 0 })

describe("a fetch that heeds no signal", () => {
  it.effect("is waited for no longer than `connect`, by the first call and by later ones", () =>
    Effect.gen(function*() {
      let asked: () => void
      const model = yield* modelWith(() => {
        asked()
        return new Promise(() => {})
      })
      for (const call of ["first", "second"]) {
        const request = new Promise<void>((resolve) => {
          asked = resolve
        })
        const fiber = yield* Effect.forkChild(Effect.flip(model.invoke("Hi")))
        yield* Effect.promise(() => request)
        yield* TestClock.adjust("60 seconds")
        const { reason } = yield* Fiber.join(fiber)
        assert.strictEqual(reason._tag === "TimeoutError" && reason.phase, "connect", call)
      }
    }))

  it.effect("is left at once, and its late answer is not read", () =>
    Effect.gen(function*() {
      let answer: (response: Response) => void
      let asked: () => void
      const request = new Promise<void>((resolve) => {
        asked = resolve
      })
      const model = yield* modelWith(() => {
        asked()
        return new Promise((resolve) => {
          answer = resolve
        })
      })
      const fiber = yield* Effect.forkChild(model.invoke("Hi"))
      yield* Effect.promise(() => request)
      yield* Fiber.interrupt(fiber)
      const cancelled = yield* Effect.promise(() =>
        new Promise<boolean>((resolve) => {
          const body = new ReadableStream({ cancel: () => resolve(true) }, { highWaterMark: 0 })
          answer(new Response(body, { headers: { "content-type": "text/event-stream" } }))
        })
      )
      assert.isTrue(cancelled)
    }))
})

describe("a fetch that fails", () => {
  const failing = (message: string, code?: string) =>
    modelWith(() =>
      Promise.reject(new TypeError("fetch failed", { cause: Object.assign(new Error(message), { code }) }))
    )

  for (
    const message of ["unexpected redirect", "UnexpectedRedirect", "redirect while redirect mode is set to 'error'"]
  ) {
    it.effect(`by ${message}, has met one`, () =>
      Effect.gen(function*() {
        const model = yield* failing(message)
        const error = yield* Effect.flip(model.invoke("Hi"))
        assert.strictEqual(error.reason._tag, "UnknownError")
        assert.isFalse(error.isRetryable)
      }))
  }

  it.effect("to find a host that is named after one has met none", () =>
    Effect.gen(function*() {
      const model = yield* failing("getaddrinfo ENOTFOUND redirect.example.com", "ENOTFOUND")
      const { isRetryable, reason } = yield* Effect.flip(model.invoke("Hi"))
      assert.strictEqual(reason._tag === "NetworkError" && reason.code, "ENOTFOUND")
      assert.isTrue(isRetryable)
    }))
})
