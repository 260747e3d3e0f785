// Builds programs that use the packed package with esbuild, webpack and Vite, for Node.js, browsers and edge runtimes,
// with no SDK or with just the one that is needed; checks what each bundle carries, and runs those for Node.js.
import { spawn } from "node:child_process"
import { readdirSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { basename, join, relative, sep } from "node:path"
import { pathToFileURL } from "node:url"
import { expect, fail, makeProject, pinned, say, tarball } from "./lib.mjs"

const [work] = process.argv.slice(2)
const folder = join(work, "bundles")

const tools = join(folder, "tools")
makeProject(tools, ["esbuild@0.28.2", "webpack@5.113.0", pinned("vite")])
const toolsRequire = createRequire(join(tools, "package.json"))
const esbuild = toolsRequire("esbuild")
const webpack = toolsRequire("webpack")
const vite = await import(pathToFileURL(join(tools, "node_modules/vite/dist/node/index.js")).href)

// -----------------------------------------------------------------------------
// programs: they import effect's modules one by one, as its index takes bundlers four times as long
// -----------------------------------------------------------------------------

const song = "Goldfish swim on the moon"
const sdk = "@anthropic-ai/sdk"
const notInstalled = `The package ${sdk} is not installed; install it with \`npm install ${sdk}\``

/** A call of a provider: prints what the model answers, or how the call fails. */
const ask = (module, model) => `
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as ChatModel from "rivulet/ChatModel"
import * as ${module} from "rivulet/${module}"
const baseUrl = globalThis.process?.env.BASE_URL
const layer = ${model}
const answer = ChatModel.invoke("Hi").pipe(Effect.map(({ content }) => content), Effect.provide(layer))
Effect.runPromise(Effect.catch(answer, (error) => Effect.succeed(error.message))).then(console.log)
`
const options = (model) => `{ model: "${model}", baseUrl, apiKey: Redacted.make("key") }`

const chain = (imports) => `
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
${imports}
const model = ChatModel.layer({
  provider: "own",
  model: "own",
  stream: () =>
    Stream.make(
      AIMessageChunk.text("Goldfish swim"),
      { ...AIMessageChunk.text(" on the moon"), finish: { reason: "stop", raw: "stop" } }
    )
})
const chain = Runnable.sequence(ChatPrompt.make("Write about {topic}"), ChatModel.runnable, OutputParser.string)
const text = Stream.mkString(chain.stream({ topic: "goldfish" }))
Effect.runPromise(Effect.provide(text, model)).then(console.log)
`
const modules = ["AIMessageChunk", "ChatModel", "ChatPrompt", "OutputParser", "Runnable"]

/**
 * `carries`: the folders of src/providers that a bundle must have, and no others. `wire`: the wire of the server that
 * the bundle calls when it is run. `prints`: its output; absent for bundles that are only built.
 */
const programs = {
  core: {
    source: chain(modules.map((name) => `import * as ${name} from "rivulet/${name}"`).join("\n")),
    carries: [],
    prints: song
  },
  index: { source: chain(`import { ${modules.join(", ")} } from "rivulet"`), carries: [], prints: song },
  anthropic: {
    source: ask("Anthropic", `Anthropic.layer(${options("claude-haiku-4-5")})`),
    carries: ["anthropic", "wires/messages"],
    prints: notInstalled
  },
  openai: {
    source: ask("OpenAi", `OpenAi.layer(${options("gpt-6-luna")})`),
    carries: ["openai", "wires/chat", "wires/openai", "wires/responses"],
    wire: "responses",
    prints: song
  },
  compatible: {
    source: ask("OpenAiCompatible", `OpenAiCompatible.layer(${options("any")})`),
    carries: ["compatible", "wires/chat", "wires/openai"],
    wire: "chat",
    prints: song
  },
  byName: {
    source: `
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as ChatModel from "rivulet/ChatModel"
import * as Providers from "rivulet/Providers"
const env = { OPENAI_BASE_URL: globalThis.process?.env.BASE_URL, OPENAI_API_KEY: "key" }
const answer = ChatModel.invoke("Hi").pipe(
  Effect.map(({ content }) => content),
  Effect.provide(Providers.layerFrom("openai:gpt-6-luna")),
  Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown(env))
)
Effect.runPromise(answer).then(console.log)
`,
    // Only the table, which knows the presets, is loaded at once; providers are in chunks of their own.
    carries: ["compatible"],
    wire: "responses",
    prints: song
  }
}
const withSdk = {
  anthropicSdk: { ...programs.anthropic, sdk: true, wire: "messages", prints: song }
}

// -----------------------------------------------------------------------------
// bundlers
// -----------------------------------------------------------------------------

/**
 * Each takes the entries of a project and gives, by program, the file to run and the modules that are loaded with it
 * (those of `import()` not included), by path, with their bytes where the bundler tells.
 */
const bundlers = {
  esbuild: {
    targets: {
      node: { platform: "node" },
      browser: { platform: "browser" },
      edge: { platform: "neutral", conditions: ["worker", "browser"], mainFields: ["module", "main"] }
    },
    build: async (project, names, options, out) => {
      const bundles = new Map()
      await Promise.all(names.map(async (name) => {
        const { metafile, warnings } = await esbuild.build({
          ...options,
          absWorkingDir: project,
          entryPoints: [`${name}.mjs`],
          bundle: true,
          splitting: true,
          minify: true,
          format: "esm",
          outExtension: { ".js": ".mjs" },
          outdir: join(out, name),
          metafile: true,
          logLevel: "silent"
        })
        expect(warnings.length === 0, `esbuild warns of ${name}: ${warnings.map(({ text }) => text).join("\n")}`)
        const loaded = new Map()
        const take = (path) => {
          const { imports, inputs } = metafile.outputs[path]
          for (const [input, { bytesInOutput }] of Object.entries(inputs)) {
            if (bytesInOutput > 0) loaded.set(input, bytesInOutput)
          }
          for (const { kind, path } of imports) if (kind === "import-statement" && path in metafile.outputs) take(path)
        }
        take(relative(project, join(out, name, `${name}.mjs`)).split(sep).join("/"))
        bundles.set(name, { file: join(out, name, `${name}.mjs`), loaded })
      }))
      return bundles
    }
  },
  webpack: {
    targets: { node: "node20", browser: "web", edge: "webworker" },
    build: async (project, names, target, out) => {
      const stats = await new Promise((resolve, reject) =>
        webpack({
          mode: "production",
          context: project,
          target,
          entry: Object.fromEntries(names.map((name) => [name, `./${name}.mjs`])),
          // Minimizing does not change which modules a bundle carries, and takes longer than all the rest.
          optimization: { minimize: false },
          performance: false,
          output: { path: out, filename: "[name].cjs" }
        }, (error, stats) => error ? reject(error) : resolve(stats))
      )
      const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true })
      expect(errors.length === 0, `webpack: ${errors.map(({ message }) => message).join("\n")}`)
      const strange = warnings.filter(({ message }) => !message.includes(`Can't resolve '${sdk}'`))
      expect(strange.length === 0, `webpack warns: ${strange.map(({ message }) => message).join("\n")}`)
      const { compilation } = stats
      return new Map(names.map((name) => {
        const loaded = new Map()
        for (const chunk of compilation.entrypoints.get(name).chunks) {
          for (const module of compilation.chunkGraph.getChunkModulesIterable(chunk)) {
            for (const { resource } of module.modules ?? [module]) if (resource) loaded.set(relative(project, resource))
          }
        }
        return [name, { file: join(out, `${name}.cjs`), loaded }]
      }))
    }
  },
  vite: {
    targets: { node: { ssr: true }, browser: { ssr: false } },
    build: async (project, names, { ssr }, out) => {
      const { output } = await vite.build({
        root: project,
        configFile: false,
        logLevel: "error",
        ...(ssr ? { ssr: { noExternal: true } } : undefined),
        build: {
          ssr,
          outDir: out,
          emptyOutDir: true,
          minify: false,
          modulePreload: false,
          rolldownOptions: {
            input: Object.fromEntries(names.map((name) => [name, join(project, `${name}.mjs`)])),
            output: { entryFileNames: "[name].mjs" }
          }
        }
      })
      const chunks = new Map(output.map((chunk) => [chunk.fileName, chunk]))
      return new Map(names.map((name) => {
        const loaded = new Map()
        const seen = new Set()
        const take = (fileName) => {
          const chunk = chunks.get(fileName)
          if (chunk === undefined || seen.has(fileName)) return
          seen.add(fileName)
          for (const [id, { renderedLength }] of Object.entries(chunk.modules)) {
            if (renderedLength > 0) loaded.set(relative(project, id))
          }
          chunk.imports.forEach(take)
        }
        take(`${name}.mjs`)
        return [name, { file: join(out, `${name}.mjs`), loaded }]
      }))
    }
  }
}

// -----------------------------------------------------------------------------
// projects
// -----------------------------------------------------------------------------

const makeBundleProject = (name, programs, packages) => {
  const project = join(folder, name)
  makeProject(project, [tarball(work), pinned("effect"), ...packages])
  for (const [name, { source }] of Object.entries(programs)) writeFileSync(join(project, `${name}.mjs`), source)
  return project
}

const bare = makeBundleProject("bare", programs, [])
const projects = [
  { project: bare, programs, edge: bundlers.esbuild.targets.edge },
  {
    project: makeBundleProject("with-sdk", withSdk, [pinned(sdk)]),
    programs: withSdk,
    // The SDK has Node.js's modules replaced by the `browser` field of its package.json, which esbuild reads only so.
    edge: { platform: "browser", conditions: ["worker"] }
  }
]

// -----------------------------------------------------------------------------
// what must hold
// -----------------------------------------------------------------------------

const own = "node_modules/rivulet/dist/"

const checkLoaded = (title, { carries, sdk: hasSdk = false }, loaded) => {
  const paths = [...loaded.keys()].map((path) => path.split(sep).join("/"))
  expect(paths.some((path) => path.startsWith(own)), `${title}: nothing of the package is seen`)
  const folders = paths
    .map((path) => /^node_modules\/rivulet\/dist\/providers\/((?:wires\/)?[^/]+)/.exec(path)?.[1])
    .filter((found) => found !== undefined)
  const found = [...new Set(folders)].toSorted()
  expect(found.join() === carries.join(), `${title} carries the providers' ${found.join(", ") || "none"}`)
  const strange = paths.filter((path) =>
    path.startsWith("node_modules/") && !path.startsWith(own) && !path.startsWith("node_modules/effect/")
  )
  expect(hasSdk || strange.length === 0, `${title} carries ${strange.join(", ")}`)
}

/** Kilobytes of the package alone in a minified bundle: without effect and without the program. */
const share = (loaded) => [...loaded].reduce((sum, [path, bytes]) => path.startsWith(own) ? sum + bytes : sum, 0) / 1000

const installed = (name) => import(pathToFileURL(createRequire(join(bare, "package.json")).resolve(name)).href)
const { Effect } = await installed("effect")
const { AnthropicServer, OpenAiScript, OpenAiServer, Script } = await installed("rivulet/Testing")
const servers = {
  messages: AnthropicServer.make({ script: Script.text(song) }),
  chat: OpenAiServer.make({ script: OpenAiScript.chat.text(song) }),
  responses: OpenAiServer.make({ script: OpenAiScript.responses.text(song) })
}

const runFile = (file, env) =>
  Effect.callback((resume) => {
    const child = spawn(process.execPath, [file], {
      env: { PATH: process.env.PATH, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 30_000
    })
    let shown = ""
    child.stdout.setEncoding("utf8").on("data", (text) => shown += text)
    child.stderr.setEncoding("utf8").on("data", (text) => shown += text)
    child.once("close", () => resume(Effect.succeed(shown.trimEnd())))
  })

const checkRun = (title, { prints, wire }, file) =>
  Effect.gen(function*() {
    const server = wire === undefined ? undefined : yield* servers[wire]
    const shown = yield* runFile(file, server === undefined ? {} : { BASE_URL: server.url })
    if (!shown.includes(prints)) fail(`${title} prints ${shown.slice(-2000)}`)
  }).pipe(Effect.scoped)

// -----------------------------------------------------------------------------
// builds
// -----------------------------------------------------------------------------

const sizes = new Map()
for (const { edge, programs, project } of projects) {
  const names = Object.keys(programs)
  for (const [bundler, { build, targets }] of Object.entries(bundlers)) {
    for (const [target, usual] of Object.entries(targets)) {
      const options = bundler === "esbuild" && target === "edge" ? edge : usual
      const start = performance.now()
      const bundles = await build(project, names, options, join(project, "out", bundler, target))
      for (const [name, { file, loaded }] of bundles) {
        const title = `${name}, ${bundler} for ${target}`
        checkLoaded(title, programs[name], loaded)
        if (target === "node") await Effect.runPromise(checkRun(title, programs[name], file))
        if (bundler === "esbuild") sizes.set(`${name} ${target}`, share(loaded))
      }
      const seconds = ((performance.now() - start) / 1000).toFixed(1)
      say(`ok  ${basename(project)}: ${names.length} programs by ${bundler} for ${target} (${seconds} s)`)
    }
  }
}

// Every module of the core by itself, where nothing of Node.js is known.
const leaves = new Set(["Anthropic", "OpenAi", "OpenAiCompatible", "Providers", "Sync", "Testing", "Vitest", "index"])
const core = readdirSync(join(bare, own))
  .filter((file) => file.endsWith(".js") && !leaves.has(basename(file, ".js")))
  .map((file) => basename(file, ".js"))
const alone = Object.fromEntries(core.map((name) => [
  `only${name}`,
  { source: `import * as module from "rivulet/${name}"\nconsole.log(module)\n`, carries: [] }
]))
for (const [name, { source }] of Object.entries(alone)) writeFileSync(join(bare, `${name}.mjs`), source)
const bundles = await bundlers.esbuild.build(
  bare,
  Object.keys(alone),
  bundlers.esbuild.targets.edge,
  join(bare, "out", "alone")
)
for (const [name, { loaded }] of bundles) checkLoaded(name, alone[name], loaded)
say(`ok  ${core.length} modules of the core, each by itself`)

say("\nMinified kilobytes of the package, without effect's share:")
for (const name of [...Object.keys(programs), ...Object.keys(withSdk)]) {
  const row = Object.keys(bundlers.esbuild.targets).map((target) =>
    `${target} ${sizes.get(`${name} ${target}`).toFixed(1)}`
  )
  say(`  ${name.padEnd(14)} ${row.join("  ")}`)
}
for (const [name, { loaded }] of [...bundles].toSorted(([a], [b]) => a < b ? -1 : 1)) {
  say(`  ${name.slice("only".length).padEnd(14)} ${share(loaded).toFixed(1)}`)
}
for (const target of Object.keys(bundlers.esbuild.targets)) {
  const size = sizes.get(`core ${target}`)
  expect(size <= 150, `The core with a model of one's own has ${size.toFixed(1)} kB for ${target}; 150 are promised`)
}
