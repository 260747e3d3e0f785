// --wire: what is sent and what comes back, on stderr.
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import * as AnthropicServer from "../../src/testing/anthropic/AnthropicServer.ts"
import * as Script from "../../src/testing/anthropic/Script.ts"
import { cli, key, main, start, withKey } from "./program.ts"

const scriptCommand = spawnSync("script", ["--version"]).status === 0
  ? undefined
  : "the command script is not installed"

describe("--wire", () => {
  it.live("shows the request, the head of the response and its frames with times, and leaves stdout alone", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.make({
        // A busy machine reads several tokens at once.
        script: Script.tokens(["Hel", ..."lo there".split("")], { delay: "60 millis" })
      })
      const { code, stderr, stdout } = yield* cli(["stream", "Hi there", "--wire"], { env: withKey(server.url) })
      assert.strictEqual(code, 0)
      assert.strictEqual(stdout, "Hello there\n")
      const lines = stderr.trimEnd().split("\n")
      assert.strictEqual(lines[0], `> POST ${server.url}/v1/messages`)
      assert.isTrue(lines.includes("> x-api-key: <redacted>") || lines.includes("> authorization: <redacted>"))
      assert.include(lines, "> content-type: application/json")
      assert.include(lines, `>       "content": "Hi there"`)
      const head = lines.findIndex((line) => /^< HTTP 200 after \d+\.\d ms$/.test(line))
      assert.isAbove(head, 0)
      assert.include(lines, "< content-type: text/event-stream; charset=utf-8")
      const frames = lines.flatMap((line) => /^<\s+(\d+\.\d) ms {2}(event|data): /.exec(line)?.[1] ?? [])
      assert.isAbove(frames.length, 10)
      assert.deepStrictEqual(frames, frames.toSorted((a, b) => Number(a) - Number(b)))
      assert.isAbove(new Set(frames).size, 1)
      assert.match(lines.at(-1) ?? "", /^< complete after \d+\.\d ms$/)
      // oxlint-disable-next-line no-control-regex
      assert.notMatch(stderr, /\u001b/)
      assert.notInclude(stderr, key)
    }))

  it.live("shows no key that a server repeats, in an error or in a stream, and no control characters", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.make({
        scripts: [
          Script.status(529, { message: `Busy with ${key}`, headers: { "retry-after": "0", "x-echo": key } }),
          { ...Script.make([Script.write(`: ${key} \u001b[31m\n\n`), ...Script.text("Hello").steps]), cut: 3 }
        ]
      })
      const { stderr, stdout } = yield* cli(["stream", `My key is ${key}`, "--wire"], { env: withKey(server.url) })
      assert.strictEqual(stdout, "Hello\n")
      assert.notInclude(stderr, key)
      assert.include(stderr, "Busy with <redacted>")
      assert.match(stderr, /x-echo: <redacted>/)
      assert.match(stderr, /ms {2}: <redacted> \[31m/)
      assert.lengthOf([...stderr.matchAll(/^> POST /gm)], 2)
      assert.lengthOf([...stderr.matchAll(/^< HTTP (529|200) /gm)], 2)
    }))

  it.live("says when the answer was left, and how it failed", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.make({ script: Script.endless({ delay: "5 millis" }) })
      const env = withKey(server.url)
      const left = yield* cli(["stream", "Hi", "--wire", "--take", "2"], { env })
      assert.match(left.stderr, /^< left after /m)
      yield* server.always(Script.faultAt(Script.text("Hello"), 500, [Script.delay(20), Script.truncate]))
      const failed = yield* cli(["stream", "Hi", "--wire"], { env })
      assert.match(failed.stderr, /^< failed after .* ms: terminated/m)
      assert.strictEqual(failed.code, 5)
    }))

  it.live("works with events, and is told to have nothing to show for the demo model", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.make()
      const { stderr, stdout } = yield* cli(["events", "Hi", "--wire"], { env: withKey(server.url) })
      assert.match(stderr, /^> POST /m)
      for (const line of stdout.trimEnd().split("\n")) assert.property(JSON.parse(line), "event")
      const demo = yield* cli(["stream", "Hi", "--wire", "--model", "demo"])
      assert.match(demo.stderr, /sends nothing that --wire could show/)
      const without = yield* cli(["stream", "Hi"], { env: withKey(server.url) })
      assert.strictEqual(without.stderr, "")
    }))

  it.live.skipIf(scriptCommand !== undefined)(
    `has colours on a terminal, where each line begins at the left${
      scriptCommand === undefined ? "" : ` (${scriptCommand})`
    }`,
    () =>
      Effect.scoped(Effect.gen(function*() {
        const server = yield* AnthropicServer.make({
          script: Script.tokens(["Hel", "lo"], { delay: "30 millis" })
        })
        const command = `${process.execPath} ${main} stream Hi --wire`
        const env = { ...withKey(server.url), TERM: "xterm" }
        const running = yield* start("script", ["-qec", command, "/dev/null"], { env })
        const { stdout } = yield* running.ended
        assert.include(stdout, "\u001b[2m>\u001b[22m \u001b[1mPOST ")
        assert.match(stdout, /^Hel\r\n/m)
        assert.notMatch(stdout, /Waiting/)
        assert.notInclude(stdout, key)
      }))
  )
})
