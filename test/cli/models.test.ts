// `rivulet models` with the name of a model: what is known of it, and what a call would send.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as AnthropicServer from "../../src/testing/anthropic/AnthropicServer.ts"
import * as OpenAiServer from "../../src/testing/openai/OpenAiServer.ts"
import { cli, key } from "./program.ts"

const flags = ["--temperature", "0", "--reasoning", "high", "--max-tokens", "500"]

/** Runs the command, which must succeed and write nothing to stderr. */
const models = (...args: ReadonlyArray<string>) =>
  Effect.map(cli(["models", ...args]), ({ code, stderr, stdout }) => {
    assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
    return stdout
  })

describe("rivulet models <provider>:<model>", () => {
  it.live("prints the facts, the request and what was changed in it", () =>
    Effect.gen(function*() {
      const text = yield* models("anthropic:claude-opus-5-5", ...flags)
      assert.match(text, /^context +1,000,000 tokens$/m)
      assert.match(text, /^answer +up to 128,000 tokens$/m)
      assert.match(
        text,
        /^reasoning +low, medium, high, xhigh, max; on \(medium\) by default; cannot be switched off;/m
      )
      assert.match(text, /^sampling +none: temperature, topP and topK are refused$/m)
      assert.match(text, /^tools +a call cannot be forced$/m)
      assert.match(text, /^inputs +text, image, pdf$/m)
      assert.match(text, /^price +\$4 in, \$20 out, \$0.2 from the cache, \$5 into it, \$8 for an hour;/m)
      assert.match(text, /^collected +\d{4}-\d\d-\d\d$/m)
      const [, body = "", warnings = ""] = /sends:\n(\{\n[^]*?\n\})\n\nWarnings:\n([^]*)$/.exec(text) ?? []
      assert.deepStrictEqual(JSON.parse(body), {
        model: "claude-opus-5-5",
        max_tokens: 500,
        messages: [{ role: "user", content: "Hi" }],
        thinking: { type: "adaptive", display: "summarized" },
        output_config: { effort: "high" },
        stream: true
      })
      assert.match(warnings, /^ {2}temperature 0 is not sent: claude-opus-5-5 .*\n$/)
    }))

  it.live("tells prices of a long input, switches, dates and ends", () =>
    Effect.gen(function*() {
      const gpt = yield* models("openai:gpt-5.4")
      assert.match(gpt, /^price .*\n +with more than 272,000 in: \$5 in, \$22.5 out, \$0.5 from the cache\nknowledge/m)
      assert.match(gpt, /^sampling +only with the effort none: temperature 0 to 2, topP 0 to 1, no topK$/m)
      assert.match(gpt, /^reasoning .*; off by default; can be switched off$/m)
      assert.match(gpt, /^tools .*; functions by OpenAI's Chat Completions only with the effort none$/m)
      assert.match(gpt, /^A call without options sends:$/m)
      assert.match(yield* models("openai:gpt-5-mini"), /^status +deprecated; ends on 2026-12-10$/m)
      assert.match(yield* models("deepseek:deepseek-chat"), /^status +retired; ended on 2026-07-24$/m)
    }))

  it.live("prints JSON, without an option that has no effect", () =>
    Effect.gen(function*() {
      const name = "deepseek:deepseek-flash"
      const { facts, request, ...others } = JSON.parse(yield* models(name, "--temperature", "0", "--json"))
      assert.deepStrictEqual(others, { model: name, known: true, guess: false, collected: "2026-11-27" })
      assert.deepStrictEqual(facts.thinking.efforts, ["low", "high", "max"])
      assert.notProperty(request.body, "temperature")
      const [warning] = request.warnings
      assert.deepInclude(warning, { field: "temperature", given: 0 })
    }))

  it.live("prints the error of a call that would send nothing", () =>
    Effect.gen(function*() {
      const text = yield* models("openai-chat:gpt-5-pro", "--max-tokens", "9")
      assert.match(text, /^A call with these options fails before anything is sent:\n {2}UnsupportedError: api: /m)
      const { error, request } = JSON.parse(yield* models("openai-chat:gpt-5-pro", "--json"))
      assert.strictEqual(error._tag, "UnsupportedError")
      assert.isUndefined(request)
    }))

  it.live("says of an unknown model that nothing is known, and what to do", () =>
    Effect.gen(function*() {
      const unknown = yield* models("anthropic:my.tune", "--temperature", "0")
      assert.match(unknown, /^Nothing is known of this model, so options are sent as they are given\.\n\nIf it has/)
      assert.include(unknown, "the option `like`")
      assert.include(unknown, String.raw`ModelFacts.layer([{ match: "^my\\.tune$", ... }])`)
      assert.include(unknown, "\"temperature\": 0")
      const general = yield* models("groq:my-tune")
      assert.match(general, /^Nothing is known of this model itself\. What is known of the API.*\n\nsampling/)
      const guessed = yield* models("anthropic:claude-opus-7")
      assert.match(guessed, /^Nothing is known of this model itself, so it is taken for the newest.*\n\ncontext/)
      assert.include(guessed, "the option `like`")
      const { guess, known } = JSON.parse(yield* models("anthropic:claude-opus-7", "--json"))
      assert.deepStrictEqual({ guess, known }, { guess: true, known: true })
    }))

  it.live("knows the demo", () =>
    Effect.gen(function*() {
      assert.match(yield* models("demo"), /^The offline demo model, .*\n\nA call without options sends:\n\{/)
    }))

  const servers = [
    ["anthropic:claude-haiku-4-5", "ANTHROPIC_BASE_URL", AnthropicServer],
    ["anthropic:claude-sonnet-5-5", "ANTHROPIC_BASE_URL", AnthropicServer],
    ["openai:gpt-6-luna", "OPENAI_BASE_URL", OpenAiServer],
    ["openai-chat:gpt-6-luna", "OPENAI_BASE_URL", OpenAiServer],
    ["ollama:qwen3:4b", "OLLAMA_BASE_URL", OpenAiServer],
    ["azure:my-deployment", "AZURE_OPENAI_BASE_URL", OpenAiServer]
  ] as const
  for (const [name, variable, { make }] of servers) {
    it.live(`shows what is sent: ${name}`, () =>
      Effect.gen(function*() {
        const server = yield* make()
        const env = {
          ANTHROPIC_API_KEY: key,
          OPENAI_API_KEY: key,
          AZURE_OPENAI_API_KEY: key,
          [variable]: server.url
        }
        yield* cli(["stream", "Hi", "--model", name, ...flags], { env })
        const [request] = yield* server.requests
        const { request: { body } } = JSON.parse(yield* models(name, ...flags, "--json"))
        assert.deepStrictEqual(body, request?.body)
      }))
  }

  it.live("turns wrong usage down in one line", () =>
    Effect.gen(function*() {
      const wrong = [
        [["antropic:claude-haiku-4-5"], /Did you mean anthropic:claude-haiku-4-5\?/],
        [["claude-haiku-4-5"], /say anthropic:claude-haiku-4-5/],
        [["openai:"], /such as openai:/],
        [["anthropic:claude-haiku-4-5", "--table"], /--table is about all providers/],
        [["anthropic:claude-haiku-4-5", "--temperature", "hot"], /--temperature/],
        [["--temperature", "0"], /Name the model/]
      ] as const
      for (const [args, line] of wrong) {
        const { code, stderr, stdout } = yield* cli(["models", ...args])
        assert.deepStrictEqual({ code, stdout }, { code: 2, stdout: "" }, args.join(" "))
        assert.match(stderr, /^rivulet: [^\n]+\n$/)
        assert.match(stderr, line)
      }
    }))
})

describe("rivulet models", () => {
  it.live("says that a server of one's own needs its address too", () =>
    Effect.gen(function*() {
      const list = yield* models()
      assert.match(list, /^azure:<model> +needs: set AZURE_OPENAI_API_KEY, set AZURE_OPENAI_BASE_URL$/m)
      assert.match(list, /^snowflake:<model> +needs: set SNOWFLAKE_PAT, set SNOWFLAKE_CORTEX_BASE_URL$/m)
      const env = { AZURE_OPENAI_API_KEY: key, AZURE_OPENAI_BASE_URL: "https://acme.openai.azure.com/openai/v1" }
      assert.match((yield* cli(["models"], { env })).stdout, /^azure:<model> +ready$/m)
      assert.match(list, /^What is known of a model: rivulet models <provider>:<model>$/m)
    }))
})
