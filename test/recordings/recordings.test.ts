// Recordings of real providers, decoded. The long suite reads all of them over sockets, and in smaller pieces.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import * as OpenAi from "rivulet/OpenAi"
import { OpenAiServer, Script } from "rivulet/Testing"
import { quickSuite } from "../support/recorded.ts"
import { chatCompletions, chatModel, messages, responsesApi } from "../support/recordedSubjects.ts"
import { available, recordings } from "../support/recordings.ts"

for (const subject of [messages, chatCompletions, responsesApi]) quickSuite(subject)

describe.skipIf(!available)("the recordings of which less is known", () => {
  for (const recording of recordings("chat", "medium")) {
    it.live(`${recording.name}: whole by its preset, truncated without`, () =>
      Effect.gen(function*() {
        const server = yield* OpenAiServer.make({ script: Script.body(recording.bytes) })
        const message = yield* (yield* chatModel(recording, { baseUrl: server.url })).invoke("Hi")
        assert.include(message.content, "405")
        assert.deepStrictEqual(message.finish, { reason: "stop", raw: "" })
        const strict = yield* OpenAi.make({
          model: "recorded",
          apiKey: Redacted.make("sk-test"),
          maxRetries: 0,
          api: "chat",
          baseUrl: server.url
        })
        const error = yield* Effect.flip(strict.invoke("Hi"))
        assert.strictEqual(error.reason._tag, "TruncatedError")
        assert.strictEqual(error.partial?.content, message.content)
      }))
  }
})
