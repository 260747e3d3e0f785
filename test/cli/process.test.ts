import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import { cpSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { widthOf } from "../../src/cli/text.ts"
import * as AnthropicServer from "../../src/testing/anthropic/AnthropicServer.ts"
import * as Script from "../../src/testing/anthropic/Script.ts"
import { makeFolder } from "../support/build.ts"
import { built, cli, key, main, shell, start, startCli, withKey } from "./program.ts"
import { screen } from "./screen.ts"

const endless = Script.endless({ token: " more", delay: "5 millis" })

describe("a signal", () => {
  for (const [signal, expected] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    it.live(`${signal} closes the connection, keeps what was shown and exits with ${expected}`, () =>
      Effect.gen(function*() {
        const server = yield* AnthropicServer.make({ script: endless })
        const running = yield* startCli(["stream", "Hi"], { env: withKey(server.url) })
        const request = yield* server.awaitRequest(0)
        yield* running.until((stdout) => stdout.includes(" more more"))
        running.child.kill(signal)
        assert.strictEqual((yield* request.closed).by, "client")
        const { code, stderr, stdout } = yield* running.ended
        assert.strictEqual(code, expected)
        assert.match(stdout, /^( more)+\n$/)
        assert.strictEqual(stderr, `Interrupted: kept ${stdout.length - 1} characters (10 tokens in, 1 out so far)\n`)
      }))
  }

  it.live("interrupts a request that has no answer yet, and chunks in JSON", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.make({ scripts: [Script.silent, endless] })
      const waiting = yield* startCli(["stream", "Hi"], { env: withKey(server.url) })
      const first = yield* server.awaitRequest(0)
      waiting.child.kill("SIGINT")
      assert.strictEqual((yield* first.closed).by, "client")
      assert.deepStrictEqual(yield* waiting.ended, {
        code: 130,
        stdout: "",
        stderr: "Interrupted: kept 0 characters\n"
      })
      const json = yield* startCli(["stream", "Hi", "--json"], { env: withKey(server.url) })
      yield* json.until((stdout) => stdout.includes("more"))
      json.child.kill("SIGINT")
      const { code, stdout } = yield* json.ended
      assert.strictEqual(code, 130)
      for (const line of stdout.trimEnd().split("\n")) assert.strictEqual(JSON.parse(line)._tag, "AIMessageChunk")
    }))

  it.live("interrupts events, and closes the connection", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.make({ script: endless })
      const running = yield* startCli(["events", "Hi"], { env: withKey(server.url) })
      yield* running.until((stdout) => stdout.includes("on_parser_stream"))
      running.child.kill("SIGINT")
      assert.strictEqual((yield* (yield* server.awaitRequest(0)).closed).by, "client")
      const { code, stderr, stdout } = yield* running.ended
      assert.strictEqual(code, 130)
      assert.strictEqual(stderr, `Interrupted after ${stdout.trimEnd().split("\n").length} events\n`)
    }))

  it.live("interrupts a comparison, and closes every connection", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.make({ scripts: [endless, endless, Script.silent] })
      const models = ["--max-tokens", "99", "-m", "anthropic:a", "-m", "anthropic:b", "-m", "anthropic:c"]
      const running = yield* startCli(["compare", "Hi", ...models, "--json"], { env: withKey(server.url) })
      yield* server.awaitRequest(2)
      yield* running.until((stdout) => stdout.includes("\"index\":0") && stdout.includes("\"index\":1"))
      running.child.kill("SIGINT")
      for (const request of yield* server.requests) assert.strictEqual((yield* request.closed).by, "client")
      const { code, stderr } = yield* running.ended
      assert.deepStrictEqual({ code, stderr }, { code: 130, stderr: "Interrupted\n" })
    }))

  it.live("ends the tour", () =>
    Effect.gen(function*() {
      const running = yield* startCli([], { env: { RIVULET_DEMO_PACE: "100" } })
      yield* running.until((stdout) => stdout.includes("demo"))
      running.child.kill("SIGINT")
      assert.strictEqual((yield* running.ended).code, 130)
    }))

  it.live("ends a process whose reader does not read", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.make({ script: Script.endless({ token: "x".repeat(1000) }) })
      const running = yield* startCli(["stream", "Hi"], { env: withKey(server.url) })
      running.child.stdout.removeAllListeners("data").pause()
      const request = yield* server.awaitRequest(0)
      // The reader is slow, so the program is, and so is the server.
      yield* request.awaitBlocked()
      running.child.kill("SIGINT")
      assert.strictEqual((yield* request.closed).by, "client")
      running.child.stdout.resume()
      assert.strictEqual((yield* running.ended).code, 130)
    }))
})

describe("a closed pipe", () => {
  // The first events come before there is a request, so their reader stays a little longer.
  const commands = [
    ["stream Hi", "head -c 20", /^.{20}$/s],
    ["stream Hi --json", "head -c 20", /^.{20}$/s],
    ["events Hi", "head -n 12", /^(?:\{.*\}\n){12}$/],
    ["events Hi --v1", "head -n 12", /^(?:\{.*\}\n){12}$/]
  ] as const
  for (const [command, reader, expected] of commands) {
    it.live(`ends quietly: ${command}`, () =>
      Effect.gen(function*() {
        const server = yield* AnthropicServer.make({ script: endless })
        const { code, stderr, stdout } = yield* shell(
          `{ $RIVULET ${command}; echo "exit $?" >&2; } | ${reader}`,
          { env: withKey(server.url) }
        )
        assert.strictEqual(code, 0)
        assert.match(stdout, expected)
        assert.strictEqual(stderr, "exit 0\n")
        const request = yield* server.awaitRequest(0)
        assert.strictEqual((yield* request.closed).by, "client")
      }))
  }

  it.live("ends the tour, and the help, and a message to stderr", () =>
    Effect.gen(function*() {
      const commands = ["", "--help", "models", "stream Hi --model nobody"]
      for (const command of commands) {
        const { stderr, stdout } = yield* shell(
          `{ { $RIVULET ${command} 2>&4; echo "exit $?" >&3; } 4>&1 | :; } 3>&1`,
          {
            env: { RIVULET_DEMO_PACE: "1" }
          }
        )
        assert.strictEqual(stderr, "", command)
        assert.match(stdout, /^exit [02]\n$/, command)
      }
    }))

  it.live("is told from an output that cannot be written", () =>
    Effect.gen(function*() {
      const { code, stderr } = yield* shell("$RIVULET models > /dev/full")
      assert.strictEqual(code, 1)
      assert.match(stderr, /^rivulet: Cannot write the output: [^\n]*ENOSPC[^\n]*\n$/)
    }))
})

const hasPty = (() => {
  try {
    return execFileSync("script", ["--version"], { encoding: "utf8" }).includes("util-linux")
  } catch {
    return false
  }
})()

/** Runs a command with a terminal for all three ends, and may press Ctrl-C. */
const pseudoTerminal = (
  command: string,
  { env = {}, interruptWhen }: {
    readonly env?: Readonly<Record<string, string>>
    readonly interruptWhen?: (stdout: string) => boolean
  } = {}
) =>
  Effect.scoped(Effect.gen(function*() {
    const running = yield* start("script", ["-qec", command, "/dev/null"], {
      env: { TERM: "xterm", ...env },
      open: interruptWhen !== undefined
    })
    if (interruptWhen !== undefined) {
      yield* running.until(interruptWhen)
      running.child.stdin.end("\u0003")
    }
    return yield* running.ended
  }))

/** Status lines, up to where they are cleared. */
// oxlint-disable-next-line no-control-regex
const statusLines = /(?:\r\u001b\[K[^\r\n]*)*\r\u001b\[K/g

/**
 * Runs a command with a terminal, and gives what it wrote with the line ends of a pipe, and without the status lines
 * that a busy machine shows.
 */
const terminal = (command: string, env: Readonly<Record<string, string>> = {}) =>
  Effect.map(
    pseudoTerminal(command, { env }),
    (ended) => ({ ...ended, stdout: ended.stdout.replace(statusLines, "").replaceAll("\r", "") })
  )

describe.skipIf(!hasPty)("on a terminal", () => {
  it.live("tells how it went, in grey", () =>
    Effect.gen(function*() {
      const { stdout } = yield* terminal(`${process.execPath} ${main} stream "6 * 7" > /dev/null`, {
        RIVULET_DEMO_PACE: "0.5"
      })
      assert.match(
        stdout,
        // oxlint-disable-next-line no-control-regex
        /^\u001b\[2m\[first chunk after .*, \d+ tokens\/s, \d+ tokens in, \d+ out, finish: stop\]\u001b\[22m$/m
      )
      const taken = yield* terminal(`${process.execPath} ${main} stream hello --take 2`, { NO_COLOR: "1" })
      assert.match(taken.stdout, /^\[first chunk after .*, incomplete\]$/m)
      assert.notInclude(taken.stdout, "\u001b")
    }))

  it.live("says what it waits for, within its width, and leaves nothing of that", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.make()
      const busy = Script.status(429, { headers: { "retry-after": "2" } })
      yield* server.enqueue(busy, Script.text("Aye"), busy, Script.text("Aye"))
      const command = `stty cols 30; ${process.execPath} ${main} stream Hi`
      const env = { ...withKey(server.url), NO_COLOR: "1" }
      const { code, stdout } = yield* pseudoTerminal(command, { env })
      assert.strictEqual(code, 0)
      assert.include(stdout, "Retrying in 2 s after a ra…")
      const [answer, ...rest] = screen(stdout, { columns: 30 })
      assert.strictEqual(answer, "Aye")
      assert.match(rest.join(" "), /^\[first chunk after \d.* finish: stop\]$/)
      // oxlint-disable-next-line no-control-regex
      assert.notMatch(stdout, /\u001b\[\d*m/)
      const piped = yield* pseudoTerminal(`${command} | cat`, { env: withKey(server.url) })
      // The line on stderr may overtake the text in the pipe.
      // oxlint-disable-next-line no-control-regex
      assert.strictEqual(piped.stdout.replace(/\u001b\[2m\[first chunk [^\]]*\]\u001b\[22m\r\n/, ""), "Aye\r\n")
      assert.notInclude(piped.stdout, "Retrying")
    }))

  it.live("leaves a clean screen when a full status line is interrupted from the keyboard", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.make({ script: Script.endless({ token: " more", delay: "20 millis" }) })
      const { code, stdout } = yield* pseudoTerminal(`stty cols 40; ${process.execPath} ${main} events Hi`, {
        env: withKey(server.url),
        interruptWhen: (text) => text.includes("chunks: …")
      })
      assert.strictEqual(code, 130)
      const [last, ...others] = screen(stdout, { columns: 40 }).toReversed()
      assert.match(last ?? "", /^Interrupted after \d+ events$/)
      for (const line of others) assert.match(line, /^ *[▸✓] [A-Za-z]+ /)
    }))

  it.live("leaves a clean screen when a comparison is interrupted from the keyboard", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.make({ scripts: [endless, Script.silent] })
      const models = "--max-tokens 99 -m anthropic:first -m anthropic:second"
      const { code, stdout } = yield* pseudoTerminal(
        `stty cols 60 rows 20; ${process.execPath} ${main} compare Hi ${models}`,
        { env: withKey(server.url), interruptWhen: (text) => text.includes("more more") }
      )
      assert.strictEqual(code, 130)
      const lines = screen(stdout, { columns: 60, rows: 20 })
      assert.match(lines[0] ?? "", /^anthropic:first +│ anthropic:second$/)
      assert.strictEqual(lines.at(-1), "Interrupted")
      for (const line of lines.slice(2, -1)) assert.match(line, /^(?: ?more)+ +│$/)
      assert.isTrue(stdout.endsWith("\n"))
      // The cursor was never hidden, and no style is on.
      assert.notInclude(stdout, "\u001b[?25l")
      // oxlint-disable-next-line no-control-regex
      assert.match(`\u001b[22m${stdout}`, /\u001b\[(?:22|39|0)?m(?:(?!\u001b\[\d*m)[^])*$/)
    }).pipe(Effect.scoped))

  it.live("shows reasoning in grey above the answer, and wraps help and tables", () =>
    Effect.gen(function*() {
      const flags = "--model demo --reasoning low --show-reasoning"
      const { stdout } = yield* pseudoTerminal(`${process.execPath} ${main} stream "6 * 7" ${flags}`)
      const [, reasoning, space, answer] = screen(stdout)
      assert.match(reasoning ?? "", /^The user says "6 \* 7"/)
      assert.strictEqual(space, "")
      assert.match(answer ?? "", /^6 \* 7 = 42/)
      assert.include(stdout, "\u001b[2mThe\u001b[22m")
      for (const command of ["--help", "models --table", "models anthropic:claude-opus-5-5 --temperature 0"]) {
        const wrapped = yield* pseudoTerminal(`stty cols 40; ${process.execPath} ${main} ${command}`)
        for (const line of screen(wrapped.stdout)) {
          assert.isTrue(line.length <= 40 || !line.trim().includes(" "), line)
        }
      }
    }))

  it.live("moves nothing on a terminal that cannot, and wraps what is said about answers", () =>
    Effect.gen(function*() {
      const compare = `${main} compare hello -m demo -m demo`
      const dumb = yield* pseudoTerminal(`stty cols 80; ${process.execPath} ${compare}`, { env: { TERM: "dumb" } })
      assert.notInclude(dumb.stdout, "\u001b")
      for (const command of [compare, `${main} events hello`]) {
        const narrow = yield* pseudoTerminal(`stty cols 30; ${process.execPath} ${command}`)
        const lines = narrow.stdout.replace(statusLines, "").replaceAll("\r", "").split("\n")
        const own = lines.filter((line) => /^\[|chunk|tokens|finish/.test(line))
        assert.isAtLeast(own.length, 4)
        for (const line of own) assert.isAtMost(widthOf(line), 30, line)
      }
    }))

  it.live("ends the line of a prompt that is typed and interrupted", () =>
    Effect.gen(function*() {
      const { code, stdout } = yield* pseudoTerminal(`${process.execPath} ${main} stream -`, {
        env: { NO_COLOR: "1" },
        interruptWhen: (text) => text.includes("Ctrl-D")
      })
      assert.strictEqual(code, 130)
      assert.strictEqual(stdout, "Type the prompt, and end it with Ctrl-D\r\n^C\r\n")
    }))

  it.live("asks for a prompt instead of waiting for it", () =>
    Effect.gen(function*() {
      const { code, stdout } = yield* terminal(`${process.execPath} ${main} stream`)
      assert.strictEqual(code, 2)
      assert.match(stdout, /^rivulet: The prompt is missing\. .*pipe it in/m)
    }))

  it.live("shows events as a tree, in colours if they are wanted", () =>
    Effect.gen(function*() {
      const command = `${process.execPath} ${main} events "What is 6 * 7?"`
      const plain = yield* terminal(command, { NO_COLOR: "1", RIVULET_DEMO_PACE: "0" })
      const time = String.raw`\d+(?:\.\d)? m?s`
      const chunks = String.raw`${time}, first chunk after ${time}, \d+ chunks?`
      const expected = [
        "▸ RunnableSequence chain",
        "  ▸ ChatPromptTemplate prompt",
        `  ✓ ChatPromptTemplate ${time}`,
        String.raw`  ▸ \w+ chat_model`,
        String.raw`  ✓ \w+ ${chunks}, \d+ tokens in, \d+ out, finish: stop`,
        `  ✓ StrOutputParser ${chunks}`,
        `✓ RunnableSequence ${chunks}`
      ]
      // When a parser starts is the chain's business.
      const shown = plain.stdout.replace("  ▸ StrOutputParser parser\n", "")
      assert.notStrictEqual(shown, plain.stdout)
      assert.match(shown, new RegExp(`^${expected.join("\n")}\n$`, "m"))
      assert.notInclude(plain.stdout, "\u001b")
      const coloured = yield* terminal(`${command} --take 4`)
      assert.include(coloured.stdout, "\u001b[1mChatPromptTemplate\u001b[22m")
      assert.match(coloured.stdout, /\n\.\.\.Truncated\n$/)
      const json = yield* terminal(`${command} --json --take 1`, { NO_COLOR: "1" })
      assert.match(json.stdout, /^\{"event":"on_chain_start"/m)
      assert.notInclude(json.stdout, "Truncated")
    }))

  it.live("marks what failed in the tree", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.make({ script: Script.status(400) })
      const { stdout } = yield* terminal(`${process.execPath} ${main} events Hi`, withKey(server.url))
      // oxlint-disable-next-line no-control-regex
      assert.match(stdout, /^ {2}\u001b\[31m✗\u001b\[39m .*anthropic.*failed/m)
      assert.match(stdout, /^rivulet: InvalidRequestError/m)
    }))

  it.live("shows no control characters of the model", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.make({ script: Script.text("\u001b]0;title\u0007 colour") })
      const { stdout } = yield* terminal(`${process.execPath} ${main} stream Hi`, withKey(server.url))
      assert.match(stdout, /^\]0;title colour$/m)
    }))
})

/** The package somewhere else, without any other package. */
const install = () => {
  const folder = join(makeFolder(tmpdir()), "node_modules/rivulet")
  cpSync(built, folder, { recursive: true })
  return join(folder, "dist/cli/main.js")
}

describe("an installation", () => {
  const alone = install()

  it.live("without any other package has the demo, and says what to install when Claude is asked", () =>
    Effect.gen(function*() {
      const models = yield* cli(["models"], { main: alone })
      assert.match(models.stdout, /^demo +ready/m)
      assert.match(models.stdout, /^anthropic:.* needs: npm install @anthropic-ai\/sdk/m)
      const preview = yield* cli(["models", "anthropic:claude-haiku-4-5"], { main: alone })
      assert.match(preview.stdout, /"model": "claude-haiku-4-5"/)
      const demo = yield* cli(["stream", "What is 6 * 7?"], { main: alone })
      assert.match(demo.stdout, /^6 \* 7 = 42\n/)
      const ended = yield* cli(["stream", "Hi", "--model", "anthropic:claude-haiku-4-5"], {
        main: alone,
        env: { ANTHROPIC_API_KEY: "key" }
      })
      assert.strictEqual(ended.code, 6)
      assert.match(ended.stderr, /^rivulet: UnsupportedError: .*npm install @anthropic-ai\/sdk/m)
    }))
})

describe("a password in the address", () => {
  const models = [
    ["anthropic:m", "ANTHROPIC_BASE_URL"],
    ["openai:m", "OPENAI_BASE_URL"],
    ["openai-chat:m", "OPENAI_BASE_URL"],
    ["ollama:m", "OLLAMA_BASE_URL"]
  ] as const
  for (const [model, variable] of models) {
    it.live(`is wrong usage and is not told: ${model}`, () =>
      Effect.gen(function*() {
        for (const args of [["stream", "hi"], ["events", "hi"], ["stream", "hi", "--json"]]) {
          const { code, stderr, stdout } = yield* cli([...args, "-m", model], {
            env: { ANTHROPIC_API_KEY: key, OPENAI_API_KEY: key, [variable]: "http://user:PASSWORD77@127.0.0.1:9" }
          })
          assert.strictEqual(code, 2)
          assert.include(stderr, `rivulet: ${variable}: a base URL must not hold a user name or a password\n`)
          assert.notInclude(stdout + stderr, "PASSWORD77")
          assert.notInclude(stdout + stderr, key)
        }
      }))
  }
})
