// Installs the tarball into an empty project, as a user who wants nothing but the core would, and looks at what came.
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

// What does need them says which, and what to do; found by name, a provider is loaded and says the same.
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

const cli = node(join("node_modules", "rivulet", "dist", "cli", "main.js"), "--help")
expect(
  cli.status === 1 && /needs @effect\/platform-node.*npm install/.test(cli.stderr),
  `The command line without its package: exit code ${cli.status}\n${cli.stdout}${cli.stderr}`
)
say(`The command line without its package: ${cli.stderr.trim()}`)
