// What Node.js runs, as `build.mjs` writes it: that it is the library, once, and how much of it an import loads. Files are
// counted, not milliseconds: they are what an import costs, and the same on every machine.
import { afterAll, assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync, realpathSync } from "node:fs"
import { createRequire } from "node:module"
import { join, sep } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { build } from "../support/build.ts"
import { publicModules } from "./source.ts"

const built = realpathSync(build())
const names = publicModules.map(({ path }) => path.slice(0, -".ts".length))
const requireInside = createRequire(join(built, "package.json"))

/** The modules that a file imports when it is loaded, by statements as bundler and compiler write them. */
const importsOf = (file: string): ReadonlyArray<string> => {
  // The examples in comments import modules too.
  const code = readFileSync(file, "utf8").replaceAll(/\/\*[^]*?\*\//g, "")
  return [...code.matchAll(/^(?:import|export) (?:[^"';]+ from )?"([^"]+)"/gm)].map((each) => each[1] ?? "")
}

const resolve = (specifier: string, from: string): string =>
  specifier.startsWith(".")
    ? fileURLToPath(new URL(specifier, pathToFileURL(from)))
    : createRequire(from).resolve(specifier)

/** Every file that is loaded with these, themselves included: the package's own, and those of other packages. */
const loaded = (files: ReadonlyArray<string>) => {
  const seen = new Set<string>()
  const visit = (file: string): void => {
    if (seen.has(file)) return
    seen.add(file)
    for (const each of importsOf(file)) if (!each.startsWith("node:")) visit(resolve(each, file))
  }
  files.forEach(visit)
  const own = [...seen].filter((file) => file.startsWith(join(built, "dist") + sep))
  return { own, foreign: [...seen].filter((file) => !own.includes(file)) }
}

const fileOf = (name: string) => join(built, "dist/node", `${name}.js`)
const load = (file: string): Promise<Readonly<Record<string, unknown>>> => import(pathToFileURL(file).href)

// rivulet/VitestSetup sets it, and the files of a worker share the global object.
afterAll(() => {
  Reflect.deleteProperty(globalThis, Symbol.for("rivulet/forbidLiveCalls"))
})

describe("the library's bundle", () => {
  for (const name of names) {
    it(`has what src/${name}.ts exports`, async () => {
      const source = await load(join(import.meta.dirname, `../../src/${name}.ts`))
      assert.deepStrictEqual(Object.keys(await load(fileOf(name))).toSorted(), Object.keys(source).toSorted())
    })
  }

  it("has everything once, by whichever module it is imported", async () => {
    const index = await load(fileOf("index"))
    for (const [name, module] of Object.entries(index)) {
      const alone = await load(fileOf(name))
      for (const [key, value] of Object.entries(module as typeof index)) {
        assert.strictEqual(value, alone[key], `${name}.${key}`)
      }
    }
  })

  it("is what Node.js finds, by import and by require", () => {
    assert.strictEqual(requireInside.resolve("rivulet"), fileOf("index"))
    for (const name of names.filter((each) => each !== "index")) {
      assert.strictEqual(requireInside.resolve(`rivulet/${name}`), fileOf(name))
    }
    for (const chunk of readdirSync(join(built, "dist/node/internal"))) {
      const chunkName = `rivulet/internal/${chunk.replace(/\.js$/, "")}`
      assert.throws(() => requireInside.resolve(chunkName), /ERR_PACKAGE_PATH_NOT_EXPORTED|not defined by "exports"/)
    }
  })

  // Schema alone loads 142 of Effect's files.
  it("loads few files: 5 for rivulet and rivulet/Anthropic, and no more than 170 of Effect's", () => {
    const { foreign, own } = loaded([fileOf("index"), fileOf("Anthropic")])
    assert.isAtMost(own.length, 5)
    assert.isAtMost(foreign.length, 170)
    for (const name of names) assert.isAtMost(loaded([fileOf(name)]).own.length, 6, name)
  })

  it("loads a provider when a model of it is made, not with the table", () => {
    const { own } = loaded([fileOf("Providers")])
    for (const name of ["Anthropic", "OpenAi", "OpenAiCompatible"]) assert.notInclude(own, fileOf(name))
  })
})

describe("the command line's bundle", () => {
  const main = join(built, "dist/cli/main.js")

  it("is one file, which needs no package", () => {
    assert.deepStrictEqual(loaded([main]), { own: [main], foreign: [] })
  })

  it("carries the licenses of the packages in it", () => {
    const licenses = readFileSync(join(built, "dist/cli/LICENSES.txt"), "utf8")
    for (const name of ["effect", "@effect/platform-node", "@effect/platform-node-shared"]) {
      assert.match(licenses, new RegExp(`^${name}@\\d`, "m"))
    }
    assert.include(licenses, "Permission is hereby granted")
  })
})
