// `Sync` as a script has it: a process of its own, on the built package, against a server over sockets.
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { AnthropicServer, Script } from "rivulet/Testing"
import { built, start, withKey } from "../cli/program.ts"

let scripts = 0

/** Starts a script whose `ask` streams from the server's model. */
const run = (server: { readonly url: string }, body: string) => {
  const file = join(built, `sync-${++scripts}.mjs`)
  writeFileSync(
    file,
    `import * as Sync from "rivulet/Sync"
import { ChatModelError, OutputParser } from "rivulet"
const haiku = { model: "anthropic:claude-haiku-4-5" }
const print = (text) => process.stdout.write(text)
const thrownBy = (f) => {
  try { f() } catch (error) { return error }
  throw new Error("Nothing was thrown")
}
${body}`
  )
  return start(process.execPath, [file], { env: withKey(server.url) })
}

/** What a script prints that runs to its end. */
const output = (server: { readonly url: string }, body: string) =>
  Effect.scoped(Effect.gen(function*() {
    const { code, stderr, stdout } = yield* (yield* run(server, body)).ended
    assert.strictEqual(code, 0, stderr)
    return stdout
  }))

const module = (name: string, text: string): string => {
  writeFileSync(join(built, name), text)
  return `{ module: new URL("./${name}", import.meta.url) }`
}

const endless = Script.endless({ token: " more", delay: "2 millis" })
const withServer = (script: Script.Script) => AnthropicServer.make({ script })

describe("Sync.stream", () => {
  it.live("is a loop over the song", () =>
    Effect.gen(function*() {
      const server = yield* withServer(Script.tokens(["Gold", "fish", " swim"]))
      const song = `for (const { content } of Sync.stream("A song", haiku)) print(content + "|")`
      assert.match(yield* output(server, song), /^Gold\|fish\| swim\|\|?$/)
    }))

  for (
    const [name, loop] of [
      ["break", `for (const { content } of Sync.stream("Hi", haiku)) { print(content); if (++n === 5) break }`],
      [
        "return",
        `const f = () => { for (const { content } of Sync.stream("Hi", haiku)) { print(content); if (++n === 5) return } }; f()`
      ],
      [
        "an exception",
        `print(thrownBy(() => { for (const { content } of Sync.stream("Hi", haiku)) if (++n === 5) throw new Error("x") }).message)`
      ]
    ] as const
  ) {
    it.live(`${name} closes the connection before the loop is left`, () =>
      Effect.gen(function*() {
        const server = yield* withServer(endless)
        // The process stays, and its thread does nothing, so only the leaving of the loop can close the connection.
        const stay = "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)"
        const { child, until } = yield* run(server, `let n = 0; ${loop}; print(" left"); ${stay}`)
        const request = yield* server.awaitRequest(0)
        assert.strictEqual((yield* request.closed).by, "client")
        yield* until((stdout) => stdout.endsWith(" left"))
        assert.isNull(child.exitCode)
      }))
  }

  it.live("gives 10,000 chunks in order, also to two loops at a time", () =>
    Effect.gen(function*() {
      const chain = module(
        "numbers.mjs",
        `import { Stream } from "effect"
import { Runnable } from "rivulet"
export const numbers = Runnable.transform("Numbers", (input) =>
  Stream.flatMap(input, (n) => Stream.range(1, n).pipe(Stream.rechunk(7))))
export default numbers`
      )
      const server = yield* withServer(Script.text(""))
      assert.strictEqual(
        yield* output(
          server,
          `const chain = ${chain}
let expected = 1
const other = Sync.stream(10_000, { ...chain, export: "numbers" })
for (const n of Sync.stream(10_000, chain)) {
  if (n !== expected++ || other.next().value !== n) throw new Error("Not in order: " + n)
}
print(String(expected) + " " + other.next().done)`
        ),
        "10001 true"
      )
    }))

  it.live("a loop that is slow stops the reading of the connection", () =>
    Effect.gen(function*() {
      const server = yield* withServer(Script.endless({ token: "x".repeat(10_000), delay: 0 }))
      const { until } = yield* run(
        server,
        `for (const chunk of Sync.stream("Hi", haiku)) { print("."); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0) }`
      )
      yield* until((stdout) => stdout === ".")
      const request = yield* server.awaitRequest(0)
      yield* request.awaitBlocked()
    }))

  it.live("Ctrl-C ends the process and the connection", () =>
    Effect.gen(function*() {
      const server = yield* withServer(endless)
      const { child, ended, until } = yield* run(
        server,
        `for (const { content } of Sync.stream("Hi", haiku)) print(content)`
      )
      yield* until((stdout) => stdout.includes("more more"))
      child.kill("SIGINT")
      assert.strictEqual((yield* (yield* server.awaitRequest(0)).closed).by, "client")
      yield* ended
      assert.strictEqual(child.signalCode, "SIGINT")
    }))
})

describe("the failures of Sync", () => {
  it.live("throws what the model fails with, with the part of the answer that had come", () =>
    Effect.gen(function*() {
      const whole = Script.tokens(["Half", " an answer"])
      const server = yield* withServer({ ...whole, steps: [...whole.steps.slice(0, -3), Script.end] })
      assert.strictEqual(
        yield* output(
          server,
          `const error = thrownBy(() => { for (const { content } of Sync.stream("Hi", haiku)) print(content) })
print([error instanceof ChatModelError.ChatModelError, error.reason instanceof ChatModelError.TruncatedError,
  error.partial.content].join())`
        ),
        "Half an answertrue,true,Half an answer"
      )
    }))

  it.live("throws the class of a parser, and what it does not know as SyncError", () =>
    Effect.gen(function*() {
      const chains = module(
        "failing.mjs",
        `import { Data, Effect } from "effect"
import { ChatModel, OutputParser, Runnable } from "rivulet"
export const json = Runnable.sequence(ChatModel.runnable, OutputParser.json())
class NoSuchCity extends Data.TaggedError("NoSuchCity") {}
export const city = Runnable.fn((name) => Effect.fail(new NoSuchCity({ name })))
export const broken = Runnable.fn(() => { throw new RangeError("too far") })
export const timer = Runnable.fn(() => Effect.callback(() => { setTimeout(() => { throw new Error("late") }) }))
export const notData = Runnable.fn(() => () => 1)
export const exits = Runnable.fn(() => Effect.callback(() => { process.exit(3) }))
export const mixed = Runnable.fn(() => Effect.fail(Object.assign(new Error("No city"), { code: 8, log: () => 1 })))
export const plain = Runnable.fn(() => Effect.fail({ code: 7 }))
export const stops = Runnable.fn(() => Effect.interrupt)`
      )
      const server = yield* withServer(Script.text("no json"))
      const lines = (yield* output(
        server,
        `const chains = ${chains}
const of = (name, more) => thrownBy(() => Sync.invoke("Ulm", { ...chains, export: name, ...more }))
const json = of("json", haiku)
print([json instanceof OutputParser.OutputParserError, json._tag].join() + "\\n")
for (const name of ["city", "broken", "timer", "notData", "nothing", "exits", "mixed", "plain", "stops"]) {
  const error = of(name)
  print([name, error instanceof Sync.SyncError, error.tag, JSON.stringify(error.failure), error.message].join() + "\\n")
}
print(of("city").tag + "\\n")
const broken = of("broken")
print([broken.cause instanceof RangeError, broken.cause.stack.includes("failing.mjs"), /at file.*sync-/.test(broken.stack)].join() + "\\n")
const none = of("json")
print([none instanceof ChatModelError.ChatModelError, none.message].join())`
      )).split("\n")
      assert.strictEqual(lines[0], "true,OutputParserError")
      assert.strictEqual(lines[1], `city,true,NoSuchCity,{"name":"Ulm","_tag":"NoSuchCity"},NoSuchCity`)
      assert.match(lines[2]!, /^broken,true,,.*too far$/)
      assert.match(lines[3]!, /^timer,true,,.*late$/)
      assert.match(lines[4]!, /^notData,true,,.*could not be cloned/)
      assert.match(lines[5]!, /^nothing,true,,.*has no runnable with the name nothing\. It exports: .*json/)
      assert.match(lines[6]!, /^exits,true,,.*worker thread of rivulet\/Sync has ended$/)
      assert.match(lines[7]!, /^mixed,true,,\{"code":8\},No city$/)
      assert.match(lines[8]!, /^plain,true,,\{"code":7\},.*7/)
      assert.match(lines[9]!, /^stops,true,,.*interrupt/)
      assert.strictEqual(lines[10], "NoSuchCity")
      assert.strictEqual(lines[11], "true,true,true")
      assert.match(lines[12]!, /^true,.*the chain needs one; name it in the call/)
    }))

  it.live("says what is wrong before it starts", () =>
    Effect.gen(function*() {
      const server = yield* withServer(Script.text(""))
      const lines = (yield* output(
        server,
        `const { getBuiltinModule } = process
process.getBuiltinModule = undefined
print(thrownBy(() => Sync.invoke("Hi", haiku)).message + "\\n")
process.getBuiltinModule = getBuiltinModule
print(thrownBy(() => Sync.invoke("Hi", { model: "nobody:x" })).message + "\\n")
print(thrownBy(() => Sync.invoke(() => 1, haiku)).message + "\\n")
print(thrownBy(() => Sync.invoke("Hi", { module: "./absent.mjs" })).message + "\\n")
for (const options of [undefined, {}, "anthropic:m", { model: 5 }, { module: "" }]) {
  const error = thrownBy(() => Sync.stream("Hi", options).next())
  print([error instanceof TypeError, error.message].join() + "\\n")
}
print(thrownBy(() => Sync.batch("Hi", haiku)).message + "\\n")
print(thrownBy(() => Sync.invoke("Hi", ${module("unfinished.mjs", "export default 5 +")})).message)`
      )).split("\n")
      assert.match(lines[0]!, /only Node\.js 20\.16 or later can do/)
      assert.match(lines[1]!, /There is no model "nobody:x"/)
      assert.match(lines[2]!, /copied to another thread, so they hold data only/)
      assert.match(lines[3]!, /Cannot find module .*absent\.mjs/)
      for (const line of lines.slice(4, 9)) {
        assert.match(line, /^true,rivulet\/Sync: the options name a model or a module/)
      }
      assert.match(lines[9]!, /a batch takes an array of inputs/)
      assert.match(lines[10]!, /unfinished\.mjs cannot be imported: SyntaxError: /)
    }))
})

describe("what a chain writes", () => {
  it.live("appears at once, and is not lost when the process exits", () =>
    Effect.gen(function*() {
      const chain = module(
        "loud.mjs",
        `import { Console, Effect } from "effect"
import { Runnable } from "rivulet"
export default Runnable.fn((text) => {
  console.log(text)
  console.error("x".repeat(200_000))
  return Effect.as(Console.log("logged"), "given")
})`
      )
      const server = yield* withServer(Script.text(""))
      const { code, stderr, stdout } = yield* (yield* run(
        server,
        `print("before\\n"); print(Sync.invoke("inside", ${chain}) + "\\n"); process.exit(5)`
      )).ended
      assert.deepStrictEqual({ code, stdout }, { code: 5, stdout: "before\ninside\nlogged\ngiven\n" })
      assert.lengthOf(stderr, 200_001)
    }).pipe(Effect.scoped))
})

describe("Sync.invoke and Sync.batch", () => {
  it.live("give the whole answer, and a result for each input", () =>
    Effect.gen(function*() {
      const server = yield* withServer(Script.text("Hello"))
      assert.strictEqual(
        yield* output(
          server,
          `const options = { ...haiku, options: { maxTokens: 9, timeout: { total: "1 minute" } } }
const answer = Sync.invoke("Hi", options)
const results = Sync.batch(["a", "", "b"], { ...options, concurrency: 1 })
print([answer.content, answer.finish.reason, ...results.map((result) => result._tag),
  results[1].failure instanceof ChatModelError.ChatModelError, results[2].success.content].join())`
        ),
        "Hello,stop,Success,Failure,Success,true,Hello"
      )
      for (const { body } of yield* server.requests) assert.include(body, { max_tokens: 9 })
    }))
})
