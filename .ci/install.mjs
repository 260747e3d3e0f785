// Installs the tarball into empty projects, as users who want no vendor's SDK would, and looks at what came and what runs.
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { expect, makeProject, output, pinned, readJson, root, say, tarball } from "./lib.mjs"

const [work] = process.argv.slice(2)
const project = join(work, "bare")
makeProject(project, [tarball(work), pinned("effect")])

// Effect may have packages of its own; the library adds none.
const tree = JSON.parse(output("npm", ["ls", "--all", "--json"], { cwd: project })).dependencies
expect(
  Object.keys(tree).toSorted().join() === "effect,rivulet",
  `Installed beside effect and rivulet: ${Object.keys(tree).join(", ")}`
)
// An optional peer that is not there is listed, without a version.
const below = Object.entries(tree.rivulet.dependencies ?? {})
  .filter(([name, { version }]) => name !== "effect" && version !== undefined)
  .map(([name]) => name)
expect(below.length === 0, `rivulet brings along ${below.join(", ")}`)
say(`npm ls: ${Object.entries(tree).map(([name, { version }]) => `${name}@${version}`).join(", ")}`)

const { peerDependenciesMeta } = readJson(root, "package.json")
for (const peer of Object.keys(peerDependenciesMeta)) {
  expect(!existsSync(join(project, "node_modules", peer)), `${peer} is optional, but was installed`)
}

const node = (...args) =>
  spawnSync(process.execPath, args, { cwd: project, encoding: "utf8", env: { PATH: process.env.PATH } })

// Imports must not need the optional peers.
for (
  const module of [
    "rivulet",
    "rivulet/Anthropic",
    "rivulet/OpenAi",
    "rivulet/OpenAiCompatible",
    "rivulet/Providers",
    "rivulet/Sync",
    "rivulet/Testing"
  ]
) {
  const program = `
    const start = performance.now()
    await import("${module}")
    process.stdout.write(String(Math.round(performance.now() - start)))
  `
  const { status, stderr, stdout } = node("--input-type=module", "--eval", program)
  expect(status === 0 && stderr === "", `import "${module}" failed without the optional peers:\n${stderr}`)
  say(`import "${module}": ${stdout} ms`)
}

// A call needs them: its error says which to install. A provider that is found by name loads and fails with the same
// error.
const call = node(
  "--input-type=module",
  "--eval",
  `
  import { Effect, Redacted } from "effect"
  import { ChatModel } from "rivulet"
  import * as Anthropic from "rivulet/Anthropic"
  import * as Providers from "rivulet/Providers"
  const options = { apiKey: Redacted.make("key") }
  const models = [
    Anthropic.layer({ model: "claude-haiku-4-5", ...options }),
    Providers.layerFrom("anthropic:claude-haiku-4-5", options)
  ]
  for (const model of models) {
    const error = await Effect.runPromise(ChatModel.invoke("Hi").pipe(Effect.provide(model), Effect.flip))
    console.log(error.reason._tag + ": " + error.reason.message)
  }
`
)
for (const line of call.stdout.trimEnd().split("\n")) {
  expect(
    line.startsWith("UnsupportedError: ") && line.includes("npm install @anthropic-ai/sdk"),
    `${call.stdout}${call.stderr}`
  )
  say(`A call without the SDK: ${line}`)
}

// -----------------------------------------------------------------------------
// the command line, and providers without an SDK
// -----------------------------------------------------------------------------

const rivulet = (...args) => {
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    [join("node_modules", "rivulet", "dist", "cli", "main.js"), ...args],
    { cwd: project, encoding: "utf8", env: { PATH: process.env.PATH, RIVULET_DEMO_PACE: "0" } }
  )
  expect(status === 0, `rivulet ${args.join(" ")}: exit code ${status}\n${stdout}${stderr}`)
  return stdout
}
const commands = [
  [[], /goldfish.*\.\.\.Truncated.*"event":"on_chat_model_stream"/s],
  [["stream", "What is 6 * 7?", "--model", "demo"], /^6 \* 7 = 42/],
  [["compare", "What is 6 * 7?", "-m", "demo", "-m", "demo"], /(demo\n6 \* 7 = 42.*){2}/s]
]
for (const [args, shows] of commands) {
  const shown = rivulet(...args)
  expect(shows.test(shown), `rivulet ${args.join(" ")} shows\n${shown}`)
  say(`Without an SDK: rivulet ${args.join(" ")}`)
}

const programs = spawnSync(
  process.execPath,
  [
    "--input-type=module",
    "--eval",
    `
  import { Effect, Redacted } from "effect"
  import { ChatModel } from "rivulet"
  import * as OpenAi from "rivulet/OpenAi"
  import * as OpenAiCompatible from "rivulet/OpenAiCompatible"
  import { OpenAiScript, OpenAiServer } from "rivulet/Testing"
  const program = Effect.gen(function*() {
    const { url: baseUrl } = yield* OpenAiServer.make({
      scripts: [OpenAiScript.chat.text("Hello"), OpenAiScript.chat.text("Hello"), OpenAiScript.responses.text("Hello")]
    })
    const options = { model: "any", baseUrl, apiKey: Redacted.make("key") }
    const models = [OpenAiCompatible.layer(options), OpenAi.layer({ ...options, api: "chat" }), OpenAi.layer(options)]
    for (const model of models) {
      const { content } = yield* Effect.provide(ChatModel.invoke("Hi"), model)
      console.log(content)
    }
  })
  await Effect.runPromise(Effect.scoped(program))
`
  ],
  { cwd: project, encoding: "utf8", env: { PATH: process.env.PATH } }
)
expect(
  programs.stdout === "Hello\n".repeat(3) && programs.stderr === "",
  `Providers without an SDK: ${programs.stdout}${programs.stderr}`
)
say("Without an SDK: calls of OpenAiCompatible, of OpenAi's Chat Completions and of its Responses")
