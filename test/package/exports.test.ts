// What package.json lets a user import, resolved by Node itself from inside the package.
import { assert, describe, it } from "@effect/vitest"
import { createRequire } from "node:module"
import { join } from "node:path"
import manifest from "../../package.json" with { type: "json" }
import { modules, publicModules, root } from "./source.ts"

const require = createRequire(join(root, "package.json"))
const exported = publicModules.map(({ path }) => path.slice(0, -".ts".length)).filter((name) => name !== "index")

// Providers, the testing kit, and what needs an unstable module of Effect are imports of their own, so that nobody pays for
// what is not used.
const apart = new Set([
  "Anthropic",
  "HttpClientTransport",
  "ModelLimitsRedis",
  "OpenAi",
  "OpenAiCompatible",
  "Providers",
  "Serve",
  "Sync",
  "Telemetry",
  "Testing",
  "Vitest",
  "VitestSetup"
])

/** Where `rivulet/...` leads, or the code of the error. The files are those of the build, which need not be there. */
const resolve = (specifier: string): string => {
  try {
    return require.resolve(specifier)
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code) // what resolve throws always has a code
  }
}

describe("exports", () => {
  it("index has every public module of the core, and nothing else", () => {
    const index = modules.get("index.ts")
    const names = index?.imports.map(({ specifier }) => specifier.slice("./".length, -".ts".length)).toSorted()
    assert.deepStrictEqual(names, exported.filter((name) => !apart.has(name)))
  })

  it("every public module can be imported", () => {
    const { exports } = manifest
    for (const [key, file] of [[".", "index"], ["./*", "*"]] as const) {
      // The first condition that a tool knows counts. Bundlers know `module`, and some of them `node` as well.
      assert.deepStrictEqual(Object.entries(exports[key]), [
        ["types", `./dist/${file}.d.ts`],
        ["module", `./dist/${file}.js`],
        ["node", `./dist/node/${file}.js`],
        ["default", `./dist/${file}.js`]
      ])
    }
    for (const name of exported) assert.notProperty(exports, `./${name}`)
  })

  for (
    const specifier of [
      "rivulet/internal/model/call",
      "rivulet/internal/message/accumulator",
      "rivulet/providers/anthropic/model",
      "rivulet/providers/openai/model",
      "rivulet/providers/compatible/model",
      "rivulet/testing/anthropic/Script",
      "rivulet/cli/main",
      "rivulet/cli/app",
      "rivulet/node/ChatModel",
      "rivulet/index"
    ]
  ) {
    it(`${specifier} cannot`, () => {
      assert.strictEqual(resolve(specifier), "ERR_PACKAGE_PATH_NOT_EXPORTED")
    })
  }

  it("no folder of src is open to users", () => {
    const folders = new Set([...modules.keys()].filter((path) => path.includes("/")).map((path) => path.split("/")[0]))
    for (const folder of folders) {
      assert.strictEqual(resolve(`rivulet/${folder}/anything`), "ERR_PACKAGE_PATH_NOT_EXPORTED", folder)
    }
  })
})

describe("package.json", () => {
  it("installs nothing beside the package: what it needs are peers, and only effect is a must", () => {
    assert.notProperty(manifest, "dependencies")
    assert.notProperty(manifest, "optionalDependencies")
    const optional: Readonly<Record<string, { readonly optional: boolean }>> = manifest.peerDependenciesMeta
    const required = Object.keys(manifest.peerDependencies).filter((name) => optional[name]?.optional !== true)
    assert.deepStrictEqual(required, ["effect"])
  })

  it("runs nothing at a user's when it is installed", () => {
    for (const script of ["preinstall", "install", "postinstall"]) assert.notProperty(manifest.scripts, script)
  })
})
