import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { AIMessageChunk } from "../../src/AIMessageChunk.ts"
import { RunEvent } from "../../src/RunEvent.ts"
import * as AnthropicServer from "../../src/testing/anthropic/AnthropicServer.ts"
import * as Script from "../../src/testing/anthropic/Script.ts"
import * as OpenAiServer from "../../src/testing/openai/OpenAiServer.ts"
import { root } from "../support/build.ts"
import { cli, key, startCli, withKey } from "./program.ts"

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))

const lines = (text: string) => text.split("\n").filter((line) => line !== "")

const decodeChunk = Schema.decodeUnknownSync(Schema.fromJsonString(AIMessageChunk))

const decodeChunkOf = (event: { readonly data: unknown }) =>
  Schema.decodeUnknownSync(Schema.Struct({ chunk: AIMessageChunk }))(event.data).chunk

/** The four events of the tour, and that it was broken off after them. */
const songEvents = (part: string) => {
  const told = lines(part)
  assert.strictEqual(told.pop(), "...Truncated")
  const events = told.map((line) => JSON.parse(line))
  assert.deepStrictEqual(events.map((event) => event.event), [
    "on_chat_model_start",
    "on_chat_model_stream",
    "on_chat_model_stream",
    "on_chat_model_stream"
  ])
  for (const event of events) {
    assert.deepStrictEqual(Object.keys(event), ["event", "run_id", "name", "tags", "metadata", "data"])
  }
  return events
}

describe("rivulet", () => {
  it.live("without arguments takes the tour, offline", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* cli([])
      assert.strictEqual(code, 0)
      assert.strictEqual(stderr, "")
      assert.match(stdout, /offline demo model/)
      assert.match(stdout, /set ANTHROPIC_API_KEY/)
      const [song = "", again = "", events = ""] = stdout.split("\n\n").filter((part) => !part.startsWith("#"))
      assert.match(song.replaceAll("|", ""), /goldfish on the moon/)
      assert.match(song, /\| gold\|fish\| on\| the\| moon/)
      const [head, truncated] = again.split("\n")
      assert.strictEqual(truncated, "...Truncated")
      assert.lengthOf(head?.split("|") ?? [], 5)
      assert.isTrue(song.startsWith(`${head}|`))
      const [first, ...others] = songEvents(events)
      assert.deepStrictEqual(first?.data, { input: "Write me a 1 verse song about goldfish on the moon" })
      assert.strictEqual(
        others.map((event) => decodeChunkOf(event).content).join("|"),
        head?.split("|").slice(0, 3).join("|")
      )
    }))

  it.live("with a key asks Claude, three times, and leaves the second answer and the third", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.make()
      yield* server.enqueue(
        Script.tokens(["Gold", "fish", "!"]),
        Script.endless({ delay: "5 millis", token: " more" }),
        Script.endless({ delay: "5 millis", token: " event" })
      )
      const { code, stdout } = yield* cli([], { env: withKey(server.url) })
      assert.strictEqual(code, 0)
      assert.notMatch(stdout, /demo/)
      assert.match(stdout, /^Gold\|fish\|!$/m)
      assert.match(stdout, /^ more(\| more){4}\n\.\.\.Truncated$/m)
      const told = songEvents(stdout.split("\n\n").find((part) => part.startsWith("{")) ?? "")
      assert.deepStrictEqual(told.slice(1).map((event) => decodeChunkOf(event).content), [" event", " event", " event"])
      const [first, second, third] = yield* server.requests
      assert.propertyVal(first?.body, "model", "claude-haiku-4-5")
      assert.strictEqual((yield* second!.closed).by, "client")
      assert.strictEqual((yield* third!.closed).by, "client")
    }))

  it.live("prints its version and its help", () =>
    Effect.gen(function*() {
      const shown = yield* cli(["--version"])
      assert.strictEqual(shown.stdout, `rivulet v${version}\n`)
      const help = yield* cli(["--help"])
      assert.strictEqual(help.code, 0)
      assert.match(help.stdout, /EXIT CODES\n  0 /)
      assert.match(help.stdout, /ANTHROPIC_API_KEY/)
      const streamHelp = yield* cli(["stream", "--help"])
      assert.match(streamHelp.stdout, /--max-tokens/)
      assert.notMatch(streamHelp.stdout, /EXIT CODES/)
    }))
})

describe("rivulet stream", () => {
  it.live("answers on stdout, and tells on stderr that it was the demo, and nothing else", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* cli(["stream", "What is 6 * 7?"])
      assert.strictEqual(code, 0)
      assert.match(stdout, /^6 \* 7 = 42\n/)
      assert.isTrue(stdout.endsWith("\n"))
      assert.lengthOf(lines(stderr), 1)
      assert.match(stderr, /offline demo model.*ANTHROPIC_API_KEY/)
    }))

  it.live("puts the delimiter between the chunks", () =>
    Effect.gen(function*() {
      const plain = yield* cli(["stream", "hello", "--model", "demo"])
      const cut = yield* cli(["stream", "hello", "--model", "demo", "--delimiter", "\u241f"])
      assert.isAbove(cut.stdout.split("\u241f").length, 10)
      assert.strictEqual(cut.stdout.replaceAll("\u241f", ""), plain.stdout)
    }))

  it.live("breaks off with --take", () =>
    Effect.gen(function*() {
      const { code, stdout } = yield* cli(["stream", "hello", "--take", "2", "--delimiter", "|"])
      assert.strictEqual(code, 0)
      assert.match(stdout, /^[^|]+\|[^|]+\n\.\.\.Truncated\n$/)
      const whole = yield* cli(["stream", "hello", "--take", "9999"])
      assert.notMatch(whole.stdout, /Truncated/)
    }))

  it.live("prints chunks as JSON, the last with finish and usage", () =>
    Effect.gen(function*() {
      const { stdout } = yield* cli(["stream", "hello", "--json"])
      const chunks = lines(stdout).map((line) => decodeChunk(line))
      const text = yield* cli(["stream", "hello"])
      assert.strictEqual(`${chunks.map((chunk) => chunk.content).join("")}\n`, text.stdout)
      assert.deepStrictEqual(chunks.map((chunk) => chunk.finish?.reason).filter(Boolean), ["stop"])
      const { finish, usage } = chunks.at(-1)!
      assert.strictEqual(finish?.reason, "stop")
      assert.strictEqual(usage?.outputTokens, chunks.filter((chunk) => chunk.content !== "").length)
      const taken = yield* cli(["stream", "hello", "--json", "--take", "3"])
      assert.deepStrictEqual(lines(taken.stdout).map((line) => decodeChunk(line)), chunks.slice(0, 3))
    }))

  it.live("lets the demo honour the limit, and mention the system prompt", () =>
    Effect.gen(function*() {
      const cut = yield* cli(["stream", "Tell me a story", "--json", "--max-tokens", "4"])
      assert.strictEqual(cut.code, 0)
      const last = decodeChunk(lines(cut.stdout).at(-1))
      assert.deepStrictEqual(last.finish, { reason: "length", raw: "length" })
      assert.strictEqual(last.usage?.outputTokens, 4)
      assert.match(cut.stderr, /^The answer is cut off at the limit of --max-tokens 4$/m)
      const pirate = yield* cli(["stream", "hello", "--system", "You are a pirate"])
      assert.match(pirate.stdout, /You are a pirate/)
    }))

  it.live("fails on an answer that is cut off, if that is wanted", () =>
    Effect.gen(function*() {
      const commands = [["stream"], ["events", "-m", "demo"], ["compare", "-m", "demo", "-m", "demo"]]
      for (const command of commands) {
        const { code, stderr } = yield* cli([...command, "Tell me a story", "--max-tokens", "4", "--fail-on-length"])
        assert.strictEqual(code, 7, command[0])
        assert.match(stderr, /cut off at the limit of --max-tokens 4\n$/)
      }
    }))

  it.live("says that reasoning has used the limit up, if there is no text", () =>
    Effect.gen(function*() {
      const thinking = { type: "thinking", tokens: ["Hm"] } as const
      const script = Script.message({ blocks: [thinking], stopReason: "max_tokens", model: "claude-opus-5" })
      const server = yield* AnthropicServer.make({ script })
      const env = withKey(server.url)
      for (const command of [["stream"], ["events"], ["compare", "-m", "anthropic:claude-opus-5"]]) {
        const args = [...command, "hello", "-m", "anthropic:claude-opus-5", "--max-tokens", "2000", "--fail-on-length"]
        const { code, stderr } = yield* cli(args, { env })
        assert.strictEqual(code, 7, command[0])
        assert.match(
          stderr.replaceAll("\n", " "),
          /The answer has no text\. Reasoning used up the limit of 2000 tokens .* less reasoning \(--max-tokens, --reasoning\)/
        )
      }
    }))

  it.live("prints reasoning to stderr, if that is wanted", () =>
    Effect.gen(function*() {
      const flags = ["--model", "demo", "--reasoning", "low"]
      const { code, stderr, stdout } = yield* cli(["stream", "6 * 7", ...flags, "--show-reasoning"])
      assert.strictEqual(code, 0)
      assert.match(stdout, /^6 \* 7 = 42/)
      assert.match(stderr, /\nThe user says "6 \* 7"\. [^\n]+\n$/)
    }))

  it.live("passes the options on", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.make({ apiKey: key, script: Script.text("Aye") })
      const options = ["--system", "Be brief", "--max-tokens", "77", "--temperature", "0.5"]
      const { code, stderr, stdout } = yield* cli(
        ["stream", "Ahoy", "--model", "anthropic:claude-haiku-4-5", ...options],
        { env: withKey(server.url) }
      )
      assert.deepStrictEqual({ code, stderr, stdout }, { code: 0, stderr: "", stdout: "Aye\n" })
      const { body } = yield* server.awaitRequest(0)
      assert.deepStrictEqual(body, {
        model: "claude-haiku-4-5",
        system: "Be brief",
        messages: [{ role: "user", content: "Ahoy" }],
        max_tokens: 77,
        temperature: 0.5,
        stream: true
      })
    }))

  it.live("says in one line on stderr that an option was left out", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.make()
      const args = ["stream", "Hi", "--model", "anthropic:claude-opus-4-8", "--temperature", "0.5"]
      const { code, stderr } = yield* cli(args, { env: withKey(server.url) })
      const line = "Warning: temperature: claude-opus-4-8 takes no sampling options\n"
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: line })
      assert.notProperty((yield* server.awaitRequest(0)).body, "temperature")
    }))

  it.live("asks any provider by its name", () =>
    Effect.gen(function*() {
      const server = yield* OpenAiServer.make({ apiKey: key })
      const env = { OPENAI_API_KEY: key, OPENAI_BASE_URL: server.url }
      for (const model of ["openai-chat:gpt-x", "openai:gpt-x"]) {
        const { code, stderr, stdout } = yield* cli(["stream", "Hi", "--model", model], { env })
        assert.deepStrictEqual({ code, stderr, stdout }, { code: 0, stderr: "", stdout: "Hello\n" }, model)
      }
      const asked = yield* server.requests
      assert.deepStrictEqual(asked.map(({ path }) => path), ["/v1/chat/completions", "/v1/responses"])
      const local = yield* cli(["stream", "Hi", "--model", "ollama:llama3.2"])
      assert.strictEqual(local.code, 5)
      assert.match(local.stderr, /^rivulet: NetworkError: [^\n]*Is ollama running\?\n$/)
      const keyless = yield* cli(["stream", "Hi", "--model", "groq:llama"])
      assert.strictEqual(keyless.code, 3)
      assert.match(keyless.stderr, /^rivulet: AuthenticationError: [^\n]*GROQ_API_KEY/)
    }))

  it.live("finds the model in the environment", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.make()
      const env = withKey(server.url)
      yield* cli(["stream", "Hi"], { env })
      assert.propertyVal((yield* server.awaitRequest(0)).body, "model", "claude-haiku-4-5")
      yield* cli(["stream", "Hi"], { env: { ...env, RIVULET_MODEL: "anthropic:claude-next" } })
      assert.propertyVal((yield* server.awaitRequest(1)).body, "model", "claude-next")
      const demo = yield* cli(["stream", "Hi"], { env: { ...env, RIVULET_MODEL: "demo" } })
      assert.match(demo.stderr, /demo/)
      assert.lengthOf(yield* server.requests, 2)
    }))

  it.live("reads the prompt from stdin", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.make()
      const options = { stdin: "Grüße\nan alle\n", env: withKey(server.url) }
      yield* cli(["stream"], options)
      yield* cli(["stream", "-"], options)
      for (const { body } of yield* server.requests) {
        assert.deepInclude(body, { messages: [{ role: "user", content: "Grüße\nan alle" }] })
      }
      assert.lengthOf(yield* server.requests, 2)
    }))

  it.live("turns wrong usage down in one line", () =>
    Effect.gen(function*() {
      const wrong: ReadonlyArray<readonly [args: ReadonlyArray<string>, line: RegExp]> = [
        [["stream", "Hi", "--model", "foo:bar"], /--model: .*"foo:bar".*Known are .*anthropic.*demo.*rivulet models/],
        [["stream", "Hi", "--model", "demo:typo"], /--model: There is no demo model "typo".*demo:rivulet-demo/],
        [["stream", "Hi", "--take", "0"], /--take: "0".*whole number of at least 1.*stream --help/],
        [["stream", "Hi", "--temperatur", "1"], /--temperatur .*\. Did you mean --temperature\? See/],
        [["stream", "Hi", "there"], /"there"/],
        [["strem"], /stream.*rivulet --help/]
      ]
      for (const [args, line] of wrong) {
        const { code, stderr, stdout } = yield* cli(args)
        assert.deepStrictEqual({ code, stdout }, { code: 2, stdout: "" }, args.join(" "))
        assert.match(stderr, /^rivulet: [^\n]*\n$/)
        assert.match(stderr, line)
      }
    }))

  it.live("turns down a wrong setting of the environment, and names its variable", () =>
    Effect.gen(function*() {
      for (
        const [variable, value, ...flags] of [
          ["RIVULET_DEMO_PACE", "slow"],
          ["RIVULET_MODEL", "grop:llama"],
          ["OLLAMA_BASE_URL", "localhost:11434", "--model", "ollama:x"]
        ] as const
      ) {
        const { code, stderr, stdout } = yield* cli(["stream", "Hi", ...flags], { env: { [variable]: value } })
        assert.deepStrictEqual({ code, stdout }, { code: 2, stdout: "" }, variable)
        assert.match(stderr, new RegExp(`^rivulet: .*${variable}`, "m"))
      }
    }))

  it.live("puts the text on stdin behind the prompt", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.make()
      const env = withKey(server.url)
      const joined: ReadonlyArray<readonly [stdin: string | Uint8Array, content: string]> = [
        ["one\r\ntwo\r\n", "Explain:\n\none\ntwo"],
        [Buffer.from("\ufeffGrüße", "utf16le"), "Explain:\n\nGrüße"]
      ]
      for (const [i, [stdin, content]] of joined.entries()) {
        const { code, stderr } = yield* cli(["stream", "Explain:"], { stdin, env })
        assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
        assert.deepInclude((yield* server.awaitRequest(i)).body, { messages: [{ role: "user", content }] })
      }
    }))

  it.live("does not wait without end for a text on a stdin that another program has left open", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* cli(["stream", "6 * 7"], { open: true })
      assert.strictEqual(code, 0)
      assert.match(stdout, /^6 \* 7 = 42\n/)
      assert.match(stderr, /^No text has come on stdin/)
    }))

  it.live("turns down an empty prompt, binary data, and a text without end", () =>
    Effect.gen(function*() {
      const wrong: ReadonlyArray<readonly [args: ReadonlyArray<string>, stdin: string | Uint8Array, line: RegExp]> = [
        [[""], "", /The prompt is empty.*rivulet stream/],
        [["Hi"], "a\0b", /stdin has a NUL character/],
        [["Hi"], Uint8Array.of(97, 255, 98), /stdin is not UTF-8/],
        [["Hi"], "a".repeat(17 * 1024 * 1024), /stdin is longer than 16 MiB/]
      ]
      for (const [args, stdin, line] of wrong) {
        const { code, stderr, stdout } = yield* cli(["stream", ...args], { stdin })
        assert.deepStrictEqual({ code, stdout }, { code: 2, stdout: "" }, `${line}`)
        assert.match(stderr, /^rivulet: [^\n]*\n$/)
        assert.match(stderr, line)
      }
    }))

  it.live("says what to do without a key", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* cli(["stream", "Hi", "--model", "anthropic:claude-haiku-4-5"])
      assert.strictEqual(code, 3)
      assert.strictEqual(stdout, "")
      assert.match(stderr, /^rivulet: AuthenticationError: .*set ANTHROPIC_API_KEY.*--model demo.*\n$/)
    }))
})

// Most of their time passes in waiting for the next try.
describe.concurrent("the failures of a model", () => {
  const ask = Effect.fnUntraced(function*(script: Script.Script, args: ReadonlyArray<string> = []) {
    const server = yield* AnthropicServer.make({ script })
    return yield* cli(["stream", "Hi", ...args], { env: withKey(server.url) })
  })
  const hello = Script.tokens(["Hel", "lo", " world"])

  const statuses: ReadonlyArray<readonly [status: number, code: number, line: RegExp]> = [
    [400, 6, /InvalidRequestError: The request is invalid \(request req_/],
    [401, 3, /AuthenticationError: invalid x-api-key.*ANTHROPIC_API_KEY/],
    [402, 3, /QuotaExhaustedError: .*billing/],
    [404, 6, /NotFoundError: .*rivulet models/],
    [429, 4, /RateLimitError: .*Try again/],
    [500, 1, /InternalProviderError/],
    [529, 4, /OverloadedError: Overloaded.*Try again/]
  ]
  for (const [status, expected, line] of statuses) {
    it.live(`exits with ${expected} on a ${status}`, () =>
      Effect.gen(function*() {
        const { code, stderr, stdout } = yield* ask(Script.status(status, { headers: { "retry-after-ms": "1" } }))
        assert.deepStrictEqual({ code, stdout }, { code: expected, stdout: "" })
        assert.match(stderr, /^rivulet: [^\n]*\n$/)
        assert.match(stderr, line)
      }))
  }

  it.live("keep what was shown, and finish its line", () =>
    Effect.gen(function*() {
      for (const fault of [Script.truncate, Script.end]) {
        const { code, stderr, stdout } = yield* ask(broken(hello, [Script.delay("20 millis"), fault]))
        assert.deepStrictEqual({ code, stdout }, { code: 5, stdout: "Hello world\n" })
        assert.match(stderr, /^rivulet: (?:TruncatedError|NetworkError): [^\n]*kept 11 characters[^\n]*\n$/)
      }
    }))

  it.live("exit with 5 on a reset, before and after the first chunk", () =>
    Effect.gen(function*() {
      const before = yield* ask(Script.resetBeforeHeaders)
      assert.strictEqual(before.code, 5)
      assert.match(before.stderr, /^rivulet: NetworkError: [^\n]*ANTHROPIC_BASE_URL[^\n]*\n$/)
      const after = yield* ask(broken(hello, [Script.delay("20 millis"), Script.reset]), ["--json"])
      assert.strictEqual(after.code, 5)
      assert.strictEqual(lines(after.stdout).map((line) => decodeChunk(line).content).join(""), "Hello world")
    }))

  it.live("include an error inside the stream, and a refusal", () =>
    Effect.gen(function*() {
      const overloaded = yield* ask(broken(hello, Script.errorEvent("overloaded_error", "Over\u001b[31m\nloaded")))
      assert.deepStrictEqual([overloaded.code, overloaded.stdout], [4, "Hello world\n"])
      assert.match(overloaded.stderr, /^rivulet: OverloadedError: Over\[31m loaded/)
      const refusal = yield* ask({ ...Script.text("I would rather not", { stopReason: "refusal" }) })
      assert.deepStrictEqual([refusal.code, refusal.stdout], [6, "I would rather not\n"])
      assert.match(refusal.stderr, /declined/)
    }))

  it.live("never show the key", () =>
    Effect.gen(function*() {
      const echo = Script.status(401, { message: `invalid key ${key}` })
      const { stderr, stdout } = yield* ask(echo, ["--log-level", "all"])
      assert.notInclude(stdout + stderr, key)
      const models = yield* cli(["models", "--json"], { env: withKey("http://127.0.0.1:1") })
      assert.notInclude(models.stdout + models.stderr, key)
    }))
})

describe("rivulet events", () => {
  const decodeEvent = Schema.decodeUnknownSync(Schema.fromJsonString(RunEvent))

  it.live("prints the events of prompt, model and parser as JSON", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* cli(["events", "What is 6 * 7?", "--system", "Be {brief}"])
      assert.strictEqual(code, 0)
      assert.match(stderr, /offline demo model/)
      const events = lines(stdout).map((line) => decodeEvent(line))
      const starts = events.filter((event) => event.event.endsWith("_start"))
      assert.deepStrictEqual(starts.map((event) => `${event.parent_ids.length} ${event.event}`).toSorted(), [
        "0 on_chain_start",
        "1 on_chat_model_start",
        "1 on_parser_start",
        "1 on_prompt_start"
      ])
      assert.lengthOf(events.filter((event) => event.event.endsWith("_end")), 4)
      const model = events.find((event) => event.event === "on_chat_model_end")
      assert.match(model?.event === "on_chat_model_end" ? model.data.output.content : "", /^6 \* 7 = 42/)
      assert.include(stdout, "\"Be {brief}\"")
    }))

  it.live("passes the options on, and breaks off with --take", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.make({ script: Script.endless({ delay: "5 millis" }) })
      const options = ["--model", "anthropic:claude-haiku-4-5", "--max-tokens", "77", "--temperature", "0.5", "--v1"]
      const { code, stderr, stdout } = yield* cli(["events", "-", "--take", "9", ...options], {
        stdin: "Ahoy {there}\n",
        env: withKey(server.url)
      })
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
      assert.lengthOf(lines(stdout), 9)
      const first = JSON.parse(lines(stdout)[0]!)
      assert.deepStrictEqual(Object.keys(first), ["event", "run_id", "name", "tags", "metadata", "data"])
      assert.deepStrictEqual(first.data, { input: { input: "Ahoy {there}" } })
      const request = yield* server.awaitRequest(0)
      assert.deepStrictEqual(request.body, {
        model: "claude-haiku-4-5",
        messages: [{ role: "user", content: "Ahoy {there}" }],
        max_tokens: 77,
        temperature: 0.5,
        stream: true
      })
      assert.strictEqual((yield* request.closed).by, "client")
    }))

  it.live("tells a failure as events, on stderr and with the exit code", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.make({
        script: broken(Script.tokens(["Hel", "lo"]), Script.errorEvent("overloaded_error", "Overloaded"))
      })
      const { code, stderr, stdout } = yield* cli(["events", "Hi"], { env: withKey(server.url) })
      assert.strictEqual(code, 4)
      assert.match(stderr, /^rivulet: OverloadedError: Overloaded[^\n]*\n$/)
      const ends = lines(stdout).map((line) => decodeEvent(line)).filter((event) => event.event.endsWith("_error"))
      assert.deepStrictEqual(ends.map((event) => event.event), [
        "on_chat_model_error",
        "on_parser_error",
        "on_chain_error"
      ])
      assert.notInclude(stdout, key)
      const refused = yield* AnthropicServer.make({ script: Script.text("No", { stopReason: "refusal" }) })
      assert.strictEqual((yield* cli(["events", "Hi"], { env: withKey(refused.url) })).code, 6)
    }))

  it.live("turns wrong usage down in one line", () =>
    Effect.gen(function*() {
      for (const [args, line] of [[["--take", "0"], /--take/], [["--model", "x"], /--model/]] as const) {
        const { code, stderr, stdout } = yield* cli(["events", "Hi", ...args])
        assert.deepStrictEqual({ code, stdout }, { code: 2, stdout: "" })
        assert.match(stderr, line)
      }
      assert.strictEqual((yield* cli(["events", ""])).code, 2)
    }))
})

describe("rivulet models", () => {
  it.live("tells what each model needs", () =>
    Effect.gen(function*() {
      const bare = yield* cli(["models"])
      assert.strictEqual(bare.code, 0)
      assert.match(bare.stdout, /^demo +ready/m)
      assert.match(bare.stdout, /^anthropic:claude-haiku-4-5 +needs: set ANTHROPIC_API_KEY$/m)
      assert.match(bare.stdout, /^openai:gpt-6-luna +needs: set OPENAI_API_KEY$/m)
      assert.match(bare.stdout, /^ollama:llama3\.2 +ready \(if its server runs on this machine\)$/m)
      assert.match(bare.stdout, /^azure:<model> +needs: set AZURE_OPENAI_API_KEY, /m)
      assert.match(bare.stdout, /Other models of these providers work as well.*The default is demo$/m)
      const groq = yield* cli(["models"], { env: { GROQ_API_KEY: "gsk" } })
      assert.match(groq.stdout, /The default is groq:/)
      const json = yield* cli(["models", "--json"], { env: withKey("http://127.0.0.1:1") })
      const { default: byDefault, models } = JSON.parse(json.stdout)
      assert.strictEqual(byDefault, "anthropic:claude-haiku-4-5")
      assert.deepInclude(models, {
        model: "anthropic:claude-opus-5-5",
        ready: true,
        needs: [],
        local: false
      })
    }))
})

describe("rivulet compare", () => {
  it.live("asks each model, and shows the answers in order, each under its name", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.make({
        script: ({ body }) =>
          Script.text(`I am ${(body as { readonly model: string }).model}`, {
            delay: (body as { readonly model: string }).model === "one" ? "30 millis" : undefined
          })
      })
      const { code, stderr, stdout } = yield* cli(
        [
          "compare",
          "Hi",
          "--model",
          "anthropic:one",
          "-m",
          "anthropic:two",
          "--max-tokens",
          "9",
          "--system",
          "Be brief"
        ],
        { env: withKey(server.url) }
      )
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
      // An answer that takes 100 ms or more after its first chunk, as on a busy machine, also shows its speed.
      const facts = String
        .raw`\[first chunk after [\d.]+ m?s, (?:\d+ tokens/s, )?10 tokens in, 3 out, \$0.000025, finish: stop\]`
      assert.match(
        stdout,
        new RegExp(`^# anthropic:one\nI am one\n${facts}\n\n# anthropic:two\nI am two\n${facts}\n$`)
      )
      for (const { body } of yield* server.requests) assert.deepInclude(body, { max_tokens: 9, system: "Be brief" })
    }))

  it.live("goes on when one fails, and ends with its exit code", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.make({
        script: broken(Script.tokens(["Hel", "lo"]), Script.errorEvent("overloaded_error", "Overloaded"))
      })
      const { code, stderr, stdout } = yield* cli(
        ["compare", "What is 6 * 7?", "--max-tokens", "99", "-m", "anthropic:x", "-m", "groq:y", "-m", "demo"],
        { env: withKey(server.url) }
      )
      assert.strictEqual(code, 4)
      const [first = "", second = "", third = ""] = stdout.split("\n\n# ")
      assert.match(first, /^# anthropic:x\nHello\n\[OverloadedError: Overloaded.*kept 5 characters/)
      assert.match(second, /^groq:y\n\[AuthenticationError: There is no API key/)
      assert.match(third, /^demo\n6 \* 7 = 42\n.*\n\[first chunk after .*finish: stop\]\n$/s)
      assert.deepStrictEqual(lines(stderr).map((line) => line.split(": ", 3).slice(0, 2)), [
        ["rivulet", "anthropic:x"],
        ["rivulet", "groq:y"]
      ])
    }))

  it.live("tells of all when all fail, and lets an answer that is its turn be read as it arrives", () =>
    Effect.gen(function*() {
      const none = yield* cli(["compare", "Hi", "-m", "groq:x", "-m", "groq:y"])
      assert.strictEqual(none.code, 3)
      assert.match(none.stdout, /^# groq:x\n\[.*no API key.*\]\n\n# groq:y\n\[.*no API key.*\]\n$/)
      const server = yield* AnthropicServer.make({ script: Script.endless({ delay: "5 millis", token: " more" }) })
      const running = yield* startCli(["compare", "Hi", "-m", "anthropic:a", "-m", "anthropic:b"], {
        env: withKey(server.url)
      })
      yield* running.until((stdout) => stdout.startsWith("# anthropic:a\n more more more"))
      running.child.kill("SIGINT")
      const { code, stdout } = yield* running.ended
      assert.strictEqual(code, 130)
      assert.match(stdout, /^# anthropic:a\n( more)+\n$/)
    }).pipe(Effect.scoped))

  it.live("prints every model's chunks as JSON, and what became of each", () =>
    Effect.gen(function*() {
      const { code, stdout } = yield* cli(["compare", "hello", "-m", "demo", "-m", "demo", "-m", "groq:x", "--json"])
      assert.strictEqual(code, 3)
      const plain = yield* cli(["stream", "hello", "--model", "demo"])
      const told = lines(stdout).map((line) => JSON.parse(line))
      for (const index of [0, 1]) {
        const own = told.filter((line) => line.index === index)
        const { model, result } = own.pop()
        const chunks = own.map((line) => Schema.decodeUnknownSync(AIMessageChunk)(line.chunk))
        assert.strictEqual(`${chunks.map((chunk) => chunk.content).join("")}\n`, plain.stdout)
        assert.deepStrictEqual([model, result.finish.reason, result.error], ["demo", "stop", undefined])
        assert.strictEqual(result.usage.outputTokens, chunks.at(-1)?.usage?.outputTokens)
        assert.isAtLeast(result.totalMillis, result.firstChunkMillis)
      }
      const [failed, ...more] = told.filter((line) => line.index === 2)
      assert.deepStrictEqual(more, [])
      assert.match(failed.result.error, /There is no API key/)
    }))

  it.live("turns wrong usage down in one line", () =>
    Effect.gen(function*() {
      for (const args of [[], ["-m", "demo"]]) {
        const { code, stderr, stdout } = yield* cli(["compare", "Hi", ...args])
        assert.deepStrictEqual({ code, stdout }, { code: 2, stdout: "" })
        assert.match(stderr, /^rivulet: Name two or more models to compare.*\n$/)
      }
    }))

  it.live("asks no model if the name of another is wrong", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.make()
      for (const wrong of ["nobody:y", "demo:typo"]) {
        const { code, stderr, stdout } = yield* cli(["compare", "Hi", "-m", "anthropic:x", "-m", wrong], {
          env: withKey(server.url)
        })
        assert.deepStrictEqual({ code, stdout }, { code: 2, stdout: "" })
        assert.match(stderr, /^rivulet: --model: There is no .*\n$/)
      }
      assert.deepStrictEqual(yield* server.requests, [])
    }))
})

describe("rivulet models --table", () => {
  it.live("prints what each provider can do", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* cli(["models", "--table"])
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
      assert.match(stdout, /^ +tokens +tools .*\nanthropic +✓ +✓/)
      const json = yield* cli(["models", "--table", "--json"])
      const [first] = JSON.parse(json.stdout)
      assert.strictEqual(first.name, "anthropic")
      assert.strictEqual(first.capabilities.imageOutput, false)
    }))
})

/** The script up to the end of its last text delta, and then the fault. */
const broken = (script: Script.Script, fault: Script.Step | ReadonlyArray<Script.Step>): Script.Script =>
  Script.faultAt(script, Buffer.from(Script.bytesOf(script)).indexOf("event: content_block_stop"), fault)
