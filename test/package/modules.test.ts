// Which module may import which.
import { assert, describe, it } from "@effect/vitest"
import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { exportsOf, modules, parse, publicModules, reachable, target } from "./source.ts"
import type { Import, Module } from "./source.ts"

const all = [...modules.values()]
const inFolder = (name: string) => all.filter(({ path }) => path.startsWith(`${name}/`))
const named = (name: string): Module => {
  const module = modules.get(name)
  assert.isDefined(module, `there is no src/${name}`)
  return module
}
const paths = (modules: Iterable<Module>) => [...modules].map(({ path }) => path).toSorted()
const everything = () => true
const atRuntime = ({ typeOnly }: Import) => !typeOnly
const loadedAtOnce = ({ dynamic, typeOnly }: Import) => !typeOnly && !dynamic

const effectSource = join(dirname(createRequire(import.meta.url).resolve("effect/package.json")), "src")
const stabilityIn = (comment: string) => /@stability (\w+)/.exec(comment)?.[1]

/** The file of `effect/Stream`; a folder such as `effect/ai` is its index. */
const effectFile = (specifier: string): string => {
  const path = join(effectSource, specifier.slice("effect/".length))
  return existsSync(`${path}.ts`) ? `${path}.ts` : join(path, "index.ts")
}

/** What the comment that opens a module of Effect says of it. */
const stabilityOf = (specifier: string): string | undefined =>
  stabilityIn(/\/\*\*[\s\S]*?\*\//.exec(parse(effectFile(specifier)).text)?.[0] ?? "")

/** Modules that need an unstable module of Effect, and the reason. A user of nothing else never loads them. */
const onUnstable: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  // Processes share a limit in Redis, and Effect's client for it is unstable.
  ["ModelLimitsRedis.ts", new Set(["effect/persistence/Redis"])],
  // An app's own HTTP client is Effect's, which is unstable.
  [
    "HttpClientTransport.ts",
    new Set([
      "effect/http/FetchHttpClient",
      "effect/http/Headers",
      "effect/http/HttpBody",
      "effect/http/HttpClient",
      "effect/http/HttpClientError",
      "effect/http/HttpClientRequest",
      "effect/http/HttpClientResponse",
      "effect/http/HttpMethod",
      "effect/http/UrlParams"
    ])
  ],
  // A model for property tests is drawn by Effect's arbitraries. The testing kit is unstable itself.
  ["testing/auto/arbitrary.ts", new Set(["effect/Arbitrary"])],
  // Effect's exporters of OpenTelemetry are unstable. `Telemetry` loads this if the environment names an endpoint.
  [
    "telemetry/exporter.ts",
    new Set([
      "effect/http/FetchHttpClient",
      "effect/http/Headers",
      "effect/http/HttpClient",
      "effect/observability/OtlpLogger",
      "effect/observability/OtlpMetrics",
      "effect/observability/OtlpSerialization",
      "effect/observability/OtlpTracer"
    ])
  ]
])

/** The leaves that such a module is part of. A leaf of its own is not among them. */
const leavesWith: ReadonlyMap<string, RegExp> = new Map([
  ["testing/auto/arbitrary.ts", /^(testing\/|(Testing|Vitest)\.ts$)/],
  ["telemetry/exporter.ts", /^Telemetry\.ts$/]
])

describe("the core and the providers stand on Effect's stable modules", () => {
  it("tells stable from unstable", () => {
    assert.strictEqual(stabilityOf("effect/Stream"), "stable")
    assert.strictEqual(stabilityOf("effect/cli/Command"), "unstable")
    assert.strictEqual(stabilityOf("effect/ai/LanguageModel"), "unstable")
    assert.strictEqual(stabilityOf("effect/http/HttpClient"), "unstable")
  })

  const roots = all.filter(({ path }) => !path.startsWith("cli/"))
  for (const module of reachable(roots, everything)) {
    it(module.path, () => {
      assert.notInclude(module.path, "cli/", "only the command line may import itself")
      for (const { specifier, used } of module.imports) {
        assert.notStrictEqual(specifier, "effect", "import effect/Module: the index loads every one of them")
        if (!specifier.startsWith("effect/") || onUnstable.get(module.path)?.has(specifier)) continue
        assert.strictEqual(stabilityOf(specifier), "stable", `${module.path} imports ${specifier}`)
        const exports = exportsOf(parse(effectFile(specifier)))
        for (const name of used) {
          const stability = exports.get(name)?.map(stabilityIn).filter((each) => each !== undefined) ?? []
          assert.notInclude(stability, "unstable", `${module.path} uses ${name} of ${specifier}`)
        }
      }
    })
  }

  for (const [leaf, specifiers] of onUnstable) {
    it(`only ${leaf} itself reaches ${[...specifiers].join()}`, () => {
      assert.includeMembers(named(leaf).imports.map(({ specifier }) => specifier), [...specifiers])
      const within = leavesWith.get(leaf)
      const others = all.filter(({ path }) => path !== leaf && !within?.test(path) && !path.startsWith("cli/"))
      assert.notInclude(paths(reachable(others, everything)), leaf)
    })
  }

  it("the command line does need unstable ones, so the test sees them", () => {
    const unstable = inFolder("cli").flatMap(({ imports }) =>
      imports.filter(({ specifier }) => specifier.startsWith("effect/") && stabilityOf(specifier) === "unstable")
    )
    assert.isNotEmpty(unstable)
  })
})

describe("data flows one way", () => {
  it("no module imports itself at runtime, by whatever way", () => {
    for (const module of all) {
      const next = module.imports.filter(atRuntime).map((each) => target(module, each)).filter((to) => to !== undefined)
      assert.notInclude(paths(reachable(next, atRuntime)), module.path)
    }
  })

  it("no file imports itself, types included", () => {
    for (const module of all) {
      const next = module.imports.map((each) => target(module, each)).filter((to) => to !== undefined)
      assert.notInclude(paths(reachable(next, everything)), module.path)
    }
  })

  it("a room imports only rooms on lower floors", () => {
    const floors = [
      "agent",
      "object",
      "wire",
      "provider",
      "model",
      "tools",
      "parsers",
      "runnable",
      "events",
      "step",
      "message",
      "jsonSchema",
      "http json stream",
      "facts"
    ]
    const floorOf = (path: string) => floors.findIndex((rooms) => rooms.split(" ").includes(path.split("/")[1] ?? ""))
    for (const module of inFolder("internal").filter(({ path }) => path.split("/").length > 2)) {
      assert.isAtLeast(floorOf(module.path), 0, `${module.path} is in a room that no floor has`)
      for (const each of module.imports.filter(atRuntime)) {
        const path = target(module, each)?.path ?? ""
        if (!path.startsWith("internal/") || path.split("/").length < 3) continue
        if (path.split("/")[1] === module.path.split("/")[1]) continue
        assert.isAbove(floorOf(path), floorOf(module.path), `${module.path} imports ${path}`)
      }
    }
  })

  it("only what runs steps, and the faces of events, import the event layer", () => {
    const users = all.filter((module) =>
      module.imports.filter(atRuntime).some((each) => target(module, each)?.path.startsWith("internal/events/"))
    )
    for (const path of paths(users)) {
      assert.match(
        path,
        /^internal\/(events|runnable|model|tools)\/|^internal\/object\/generate\.ts$|^(ChatModel|Runnable|RunEvent)\.ts$|^cli\/events\.ts$|^telemetry\/|^Telemetry\.ts$/
      )
    }
  })

  it("the core never reaches a provider, the table of providers, the testing kit or the command line", () => {
    const core = reachable([named("index.ts"), ...inFolder("internal")], everything)
    for (const path of paths(core)) {
      assert.notMatch(
        path,
        /^(providers|testing|cli)\/|^(Anthropic|OpenAi|OpenAiCompatible|Providers|Testing|Vitest)\.ts$/
      )
    }
  })

  it("only the command line and the worker of Sync import the table of providers", () => {
    const users = ["Providers.ts", "sync/worker.ts"]
    const outside = all.filter(({ path }) => !users.includes(path) && !path.startsWith("cli/"))
    assert.notInclude(paths(reachable(outside, everything)), "Providers.ts")
  })

  for (
    const [entry, hosts, wires] of [
      ["Anthropic.ts", "anthropic", "messages"],
      ["OpenAi.ts", "openai", "openai|chat|responses"],
      ["OpenAiCompatible.ts", "compatible", "openai|chat"]
    ] as const
  ) {
    it(`${entry} loads its own host and wires, and of the core's public modules only those of plain data`, () => {
      const own = new RegExp(`^providers/((${hosts})|wires/(${wires}))/`)
      const loaded = reachable([named(entry)], everything)
      for (const path of paths(loaded)) {
        if (path.startsWith("providers/")) assert.match(path, own)
        assert.notMatch(path, /^(testing|cli)\//)
      }
      const faces = paths(reachable([named(entry)], atRuntime)).filter((path) => !path.includes("/") && path !== entry)
      for (const path of faces) {
        assert.match(path, /^(AIMessageChunk|CallOptions|Capabilities|ChatModelError|Finish|Message|Usage)\.ts$/)
      }
    })
  }

  it("Anthropic.ts loads at most 70 modules", () => {
    assert.isAtMost(reachable([named("Anthropic.ts")], loadedAtOnce).size, 70)
  })

  it("a model of one's own carries no facts and nothing that applies them", () => {
    const facts = paths(reachable([named("ChatModel.ts"), named("Runnable.ts"), named("Agent.ts")], atRuntime))
      .filter((path) => path.startsWith("internal/facts/") || /\/(cost|explain|knowledge)\.ts$/.test(path))
    assert.deepStrictEqual(facts, ["internal/facts/reasoning.ts", "internal/facts/settings.ts"])
  })

  it("a wire knows no host", () => {
    for (const path of paths(reachable(inFolder("providers/wires"), everything))) {
      assert.notMatch(path, /^providers\/(anthropic|openai|compatible)\//)
    }
  })

  it("the testing kit imports no provider and no command line", () => {
    const testing = reachable([named("Testing.ts"), ...inFolder("testing")], everything)
    for (const path of paths(testing)) {
      assert.notMatch(path, /^(providers|cli)\/|^(Anthropic|OpenAi|OpenAiCompatible|Providers)\.ts$/)
    }
  })

  it("the exporter of telemetry is loaded only if it is wanted", () => {
    assert.notInclude(paths(reachable([named("Telemetry.ts")], loadedAtOnce)), "telemetry/exporter.ts")
  })

  it("nothing imports telemetry, so that no app carries it that does not want it", () => {
    const outside = all.filter(({ path }) => path !== "Telemetry.ts" && !path.startsWith("telemetry/"))
    for (const path of paths(reachable(outside, everything))) assert.notMatch(path, /^(telemetry\/|Telemetry\.ts)/)
  })

  it("nothing imports the server, so that no app carries it that does not serve", () => {
    const outside = all.filter(({ path }) =>
      path !== "Serve.ts" && !path.startsWith("serve/") && !path.startsWith("cli/")
    )
    for (const path of paths(reachable(outside, everything))) assert.notMatch(path, /^(serve\/|Serve\.ts)/)
  })

  it("the wires of the server know no server, and no chat", () => {
    for (const path of paths(reachable(inFolder("serve/wires"), atRuntime))) {
      assert.notMatch(path, /^serve\/(server|run|chats|gate|node|routes|requestBody|responseBody)\.ts$/)
    }
  })

  it("the server carries no provider, no testing kit and no command line", () => {
    for (const path of paths(reachable([named("Serve.ts")], everything))) {
      assert.notMatch(path, /^(providers|testing|cli)\/|^(Anthropic|OpenAi|OpenAiCompatible|Providers|Testing)\.ts$/)
    }
  })

  it("nothing but the command line imports it", () => {
    const outside = all.filter(({ path }) => !path.startsWith("cli/"))
    for (const path of paths(reachable(outside, everything))) assert.notMatch(path, /^cli\//)
  })
})

describe("what is imported from outside", () => {
  const allowed: ReadonlyArray<readonly [where: RegExp, packages: RegExp]> = [
    [/^providers\/anthropic\//, /^(effect\/|@anthropic-ai\/sdk$)/],
    [/^(testing|sync)\//, /^(effect\/|node:)/],
    [/^Vitest\.ts$/, /^(effect\/|@effect\/vitest$)/],
    [/^cli\//, /^(effect\/|@effect\/platform-node\/|node:)/],
    [/^/, /^effect\//]
  ]
  for (const module of all) {
    const packages = module.imports.filter(({ specifier }) => !specifier.startsWith("."))
    const rule = allowed.find(([where]) => where.test(module.path))?.[1] ?? /^$/
    it(module.path, () => {
      for (const { specifier } of packages) assert.match(specifier, rule)
    })
  }

  it("only the command line and Sync ask where their files are, as the library's is another one in a bundle", () => {
    for (const { file, path } of all) {
      if (!path.startsWith("cli/") && path !== "Sync.ts") assert.notInclude(file.text, "import.meta", path)
    }
  })

  it("providers are loaded when they are asked for, not with the table", () => {
    const { imports } = named("Providers.ts")
    const faces = imports.filter(({ specifier }) => /^\.\/(Anthropic|OpenAi|OpenAiCompatible)\.ts$/.test(specifier))
    assert.lengthOf(faces, 3)
    for (const { dynamic } of faces) assert.isTrue(dynamic)
  })

  it("one SDK is used, by one module, and loaded by the first call, not by an import", () => {
    for (const { imports, path } of all) {
      for (const { dynamic, specifier, typeOnly } of imports) {
        if (typeOnly || !/^(openai$|@anthropic-ai\/)/.test(specifier)) continue
        assert.deepStrictEqual([path, specifier], ["providers/anthropic/client.ts", "@anthropic-ai/sdk"])
        assert.isTrue(dynamic, path)
      }
    }
  })
})

describe("documentation", () => {
  const kits = [...named("Testing.ts").file.text.matchAll(/^export \* as \w+ from "\.\/(.*)"/gm)]
  for (const module of [...publicModules, ...kits.map((kit) => named(kit[1] ?? ""))]) {
    it(`src/${module.path} and every export of it say what they are`, () => {
      assert.match(module.file.text, /^(#!.*\n)?\/\*\*\n? \* \S|^\/\*\* \S/, "the module has no comment on top")
      // A re-exported module is described by its own comment.
      const own = [...exportsOf(module.file)].filter(([name]) => !reexported(module, name))
      for (const [name, comments] of own) assert.isNotEmpty(comments, `${name} has no comment`)
    })
  }
})

const reexported = (module: Module, name: string): boolean =>
  new RegExp(`^export (type )?(\\* as ${name}|\\{[^}]*\\b${name}\\b[^}]*\\}) from`, "m").test(module.file.text)
