// Records an answer to a cassette, then plays it without the provider and without a key, and breaks it on the way. A local
// server takes the place of the provider here, so the program needs no key at all.
import { ConfigProvider, Effect, Redacted } from "effect"
import assert from "node:assert/strict"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ChatModel } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"
import { AnthropicServer, Cassette, Script } from "rivulet/Testing"

// In a test suite the folder is test/cassettes, where cassettes are kept with the tests.
const folder = mkdtempSync(join(tmpdir(), "cassettes-"))

// The code under test.
const summarise = (text: string) =>
  ChatModel.invoke([["system", "Summarise in a sentence"], ["human", text]], { maxRetries: 0 }).pipe(
    Effect.map((message) => message.content),
    Effect.catchTag(
      "ChatModelError",
      ({ partial, reason }) => Effect.succeed(`${partial?.content ?? ""} (${reason._tag})`)
    )
  )

// Once, with a key: RIVULET_CASSETTES=record, or the mode as here.
const record = Effect.gen(function*() {
  const server = yield* AnthropicServer.make({ script: Script.text("Goldfish remember more than people think.") })
  return yield* summarise("A long text about goldfish").pipe(
    Effect.provide(Anthropic.layer({
      model: "claude-haiku-4-5",
      baseUrl: server.url,
      apiKey: Redacted.make("sk-ant-a-key-that-is-in-no-file")
    })),
    Effect.provide(Cassette.layer("goldfish", { folder, mode: "record" }))
  )
}).pipe(Effect.scoped)

// From then on, in each run of the tests.
const replay = (text: string, options?: Cassette.Options) =>
  summarise(text).pipe(
    Effect.provide(Anthropic.layer({ model: "claude-haiku-4-5", baseUrl: "http://localhost:1" })),
    Effect.provide(Cassette.layer("goldfish", { folder, ...options })),
    // The environment has no key.
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown({}))
  )

const program = Effect.gen(function*() {
  const recorded = yield* record
  const file = readFileSync(join(folder, "goldfish.json"), "utf8")
  assert.doesNotMatch(file, /a-key-that-is-in-no-file/)
  assert.match(file, /Goldfish/)

  assert.equal(yield* replay("A long text about goldfish"), recorded)
  console.log(yield* replay("A long text about goldfish", { edit: Script.faultAt(900, Script.reset) }))
  console.log(yield* replay("A long text about koi"))
}).pipe(Effect.ensuring(Effect.sync(() => rmSync(folder, { recursive: true }))))

await Effect.runPromise(program)
console.log("All as expected")
