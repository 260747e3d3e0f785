// Runs the compiled face programs and examples, each against a server of its own on loopback, and checks what they do;
// and the command line, as npm has linked it. The server is the package's own, as it was installed.
import { spawn } from "node:child_process"
import { existsSync, readdirSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { examples, faces, openAiFaces } from "./expectations.mjs"
import { expect, fail, readJson, root, say } from "./lib.mjs"

const [work] = process.argv.slice(2)
const project = join(work, "project")
const require = createRequire(join(project, "package.json"))
const installed = (name) => import(pathToFileURL(require.resolve(name)).href)
const { Effect } = await installed("effect")
const { AnthropicServer, OpenAiScript, OpenAiServer, Script } = await installed("rivulet/Testing")

/** Longer than any program takes, waits before retries included. */
const limit = 30_000

/** Runs a program to its end. Nothing of the environment reaches it but what is given. */
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

/** The servers that programs ask, and what tells a program where they are. */
const wires = {
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

const runCase = (file, { check, server: options, wire = "anthropic" }) =>
  Effect.gen(function*() {
    const server = yield* wires[wire].make(options({ OpenAiScript, Script }))
    const ran = yield* runProgram([file], wires[wire].env(server.url))
    // By now nothing may be open, so this waits for no more than the last events of the sockets.
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
  // A warning, a deprecation, an unhandled rejection: whatever is said there is wrong.
  if (stderr !== "") throw new Error("It wrote to stderr")
}

const runAll = async (folder, expectations) => {
  for (const [name, cases] of Object.entries(expectations)) {
    const file = join(project, "out", folder, name.replace(/\.ts$/, ".js"))
    if (!existsSync(file)) {
      say(`Skipped: ${folder}/${name} is not there`)
      continue
    }
    for (const each of cases) {
      const title = `${folder}/${name}${each.name === undefined ? "" : `: ${each.name}`}`
      try {
        await Effect.runPromise(runCase(file, each))
        say(`ok  ${title}`)
      } catch (error) {
        fail(`not ok  ${title}\n${error.message}`)
      }
    }
  }
}

const untold = readdirSync(join(root, "examples")).filter((name) => name.endsWith(".ts") && !(name in examples))
expect(untold.length === 0, `.ci/expectations.mjs does not say what these examples do: ${untold.join(", ")}`)
const gone = Object.keys(examples).filter((name) => !existsSync(join(root, "examples", name)))
expect(gone.length === 0, `These examples are gone: ${gone.join(", ")}`)

await runAll("face", faces)
for (const [api, programs] of Object.entries(openAiFaces)) await runAll(`face-${api}`, programs)
await runAll("examples", examples)

// Blocks of the documents that are tests.
const tests = readJson(project, "tests.json")
expect(tests.length > 0, "No block of the documents is run as a test")
for (const name of tests) {
  const ran = await Effect.runPromise(runProgram(["--test", join(project, "out", "blocks", name)], {}, 4 * limit))
  const passed = Number(/^# pass (\d+)$/m.exec(ran.stdout)?.[1] ?? /pass (\d+)$/m.exec(ran.stdout)?.[1])
  expect(ran.code === 0 && passed > 0, `not ok  blocks/${name}\n${ran.stdout}${ran.stderr}`)
  say(`ok  blocks/${name}: ${passed} tests`)
}

const cli = join(project, "node_modules", ".bin", "rivulet")
const { version } = readJson(root, "package.json")
const asked = await Effect.runPromise(runProgram([cli, "--version"], {}))
expect(asked.code === 0 && asked.stdout.includes(version), `rivulet --version: ${JSON.stringify(asked)}`)
const demo = await Effect.runPromise(runProgram([cli, "stream", "Hi", "--model", "demo"], { RIVULET_DEMO_PACE: "0" }))
expect(demo.code === 0 && demo.stdout.trim() !== "", `rivulet stream: ${JSON.stringify(demo)}`)
say("ok  the command line")
