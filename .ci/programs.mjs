// Runs the compiled contract programs, examples and face programs, each against a server of its own on loopback, and
// checks their output and requests; then the command line, as npm has linked it. The servers are those of the installed
// package.
import { spawn } from "node:child_process"
import { existsSync, readdirSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { examples } from "../test/contract/examples.mjs"
import { contract } from "../test/contract/expectations.mjs"
import { faces, openAiFaces } from "./faces.mjs"
import { expect, facePrograms, fail, readJson, root, say } from "./lib.mjs"

const [work] = process.argv.slice(2)
const project = join(work, "project")
const require = createRequire(join(project, "package.json"))
const installed = (name) => import(pathToFileURL(require.resolve(name)).href)
const { Effect } = await installed("effect")
const { AnthropicServer, OpenAiScript, OpenAiServer, Script } = await installed("rivulet/Testing")

/** Longer than any program takes, waits before retries included. */
const limit = 30_000

/** Programs that run at the same time. Most of them wait for timers or for a process to start. */
const concurrency = 4

/** Runs a program to its end. Its environment holds `PATH` and the variables given. */
const runProgram = (args, env, timeout = limit) =>
  Effect.callback((resume) => {
    const child = spawn(process.execPath, args, {
      cwd: project,
      env: { PATH: process.env.PATH, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout
    })
    const ran = { stdout: "", stderr: "" }
    child.stdout.setEncoding("utf8").on("data", (text) => ran.stdout += text)
    child.stderr.setEncoding("utf8").on("data", (text) => ran.stderr += text)
    child.once("close", (code, signal) => resume(Effect.succeed({ ...ran, code, signal })))
  })

/** The servers that programs ask, and the environment variables that name them. */
const servers = {
  anthropic: {
    make: AnthropicServer.make,
    env: (url) => ({ ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: "sk-ant-loopback" })
  },
  openai: {
    make: OpenAiServer.make,
    env: (url) => ({ OPENAI_BASE_URL: url, OPENAI_API_KEY: "sk-proj-loopback" })
  },
  ollama: {
    make: (options) => OpenAiServer.make({ ...options, validate: false }),
    env: (url) => ({ OLLAMA_BASE_URL: url })
  }
}

const runCase = (file, { answers, check, server: kind = "anthropic" }, env) =>
  Effect.gen(function*() {
    const server = yield* servers[kind].make(answers({ OpenAiScript, Script }))
    const ran = yield* runProgram([file], { ...servers[kind].env(server.url), ...env })
    // The program has ended, so no connection stays open: this waits for the last socket events only.
    yield* server.awaitIdle
    const requests = yield* server.requests
    const closed = yield* Effect.forEach(requests, (request) => request.closed)
    yield* Effect.try({
      try: () => {
        expectQuiet(ran)
        check({ stdout: ran.stdout, requests, closed })
      },
      catch: (error) => new Error(`${error.message}\n${JSON.stringify(ran, null, 2)}`)
    })
  }).pipe(Effect.scoped)

const expectQuiet = ({ code, signal, stderr }) => {
  if (code !== 0) throw new Error(`It ended with ${signal ?? `exit code ${code}`}`)
  // A warning, a deprecation or an unhandled rejection: a program writes nothing there.
  if (stderr !== "") throw new Error("It wrote to stderr")
}

const runAll = async (folder, expectations, { env = {}, title = folder } = {}) => {
  const cases = Object.entries(expectations).flatMap(([name, list]) => list.map((each) => [name, each]))
  const runOne = ([name, each]) => {
    const label = `${title}/${name}${each.name === undefined ? "" : `: ${each.name}`}`
    const file = join(project, "out", folder, name.replace(/\.ts$/, ".js"))
    return runCase(file, each, env).pipe(
      Effect.match({
        onSuccess: () => say(`ok  ${label}`),
        onFailure: (error) => fail(`not ok  ${label}\n${error.message}`)
      })
    )
  }
  await Effect.runPromise(Effect.forEach(cases, runOne, { concurrency, discard: true }))
}

const expectComplete = (folder, expectations) => {
  const programs = readdirSync(join(root, folder)).filter((name) => name.endsWith(".ts") && name !== "model.ts")
  const unchecked = programs.filter((name) => !(name in expectations))
  expect(unchecked.length === 0, `test/contract has no expectation for these programs of ${folder}: ${unchecked}`)
  const gone = Object.keys(expectations).filter((name) => !programs.includes(name))
  expect(gone.length === 0, `test/contract expects programs that ${folder} does not have: ${gone}`)
}

expectComplete("test/contract", contract.messages)
expectComplete("examples", examples)

for (const [wire, programs] of Object.entries(contract)) {
  await runAll("contract", programs, { title: `contract (${wire})`, env: { CONTRACT_WIRE: wire } })
}
await runAll("examples", examples)
if (existsSync(facePrograms)) {
  await runAll("face", faces)
  for (const [api, programs] of Object.entries(openAiFaces)) await runAll(`face-${api}`, programs)
} else {
  say("Skipped: the face programs (../shared/face) are absent")
}

// Blocks of the documents that are tests.
const tests = readJson(project, "tests.json")
expect(tests.length > 0, "No block of the documents is run as a test")
for (const name of tests) {
  const ran = await Effect.runPromise(runProgram(["--test", join(project, "out", "blocks", name)], {}, 4 * limit))
  const passed = Number(/^# pass (\d+)$/m.exec(ran.stdout)?.[1] ?? /pass (\d+)$/m.exec(ran.stdout)?.[1])
  expect(ran.code === 0 && passed > 0, `not ok  blocks/${name}\n${ran.stdout}${ran.stderr}`)
  say(`ok  blocks/${name}: ${passed} tests`)
}

// The first test of a user of Vitest, in a project that has nothing else.
const runner = join(project, "node_modules", "vitest", "vitest.mjs")
const vitest = await Effect.runPromise(runProgram([runner, "run", "--dir", "vitest"], { NO_COLOR: "1" }, 4 * limit))
const firstTests = Number(/Tests\s+(\d+) passed/.exec(vitest.stdout)?.[1])
expect(vitest.code === 0 && firstTests > 0, `not ok  vitest\n${vitest.stdout}${vitest.stderr}`)
say(`ok  vitest: ${firstTests} tests of the documents`)

const cli = join(project, "node_modules", ".bin", "rivulet")
const { version } = readJson(root, "package.json")
const asked = await Effect.runPromise(runProgram([cli, "--version"], {}))
expect(asked.code === 0 && asked.stdout.includes(version), `rivulet --version: ${JSON.stringify(asked)}`)
const demo = await Effect.runPromise(runProgram([cli, "stream", "Hi", "--model", "demo"], { RIVULET_DEMO_PACE: "0" }))
expect(demo.code === 0 && demo.stdout.trim() !== "", `rivulet stream: ${JSON.stringify(demo)}`)
say("ok  the command line")
