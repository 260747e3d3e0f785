// Bundles what Node.js runs: the public modules, to dist/node, and the command line, to dist/cli. `npm run build` runs it
// after tsc, which writes the modules that bundlers and other runtimes read, and the types. The tests call it with a
// folder of their own in the place of dist.
//
// Node.js needs about a millisecond to find, read and link one small file, so a hundred of them take longer than what
// they do. The exports of package.json lead Node.js to the bundle and everybody else to the modules. A process must
// never see both, or a class would exist twice: no file here is imported in any other way than by these exports.
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, parse } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "rolldown"

const cwd = dirname(fileURLToPath(import.meta.url))
const dist = process.argv[2] ?? join(cwd, "dist")

const { peerDependencies } = JSON.parse(readFileSync(join(cwd, "package.json"), "utf8"))
const peers = Object.keys(peerDependencies)
const external = (/** @type {ReadonlyArray<string>} */ names) => names.map((name) => new RegExp(`^${name}(/|$)`))

const shared = /** @type {const} */ ({ cwd, platform: "node", logLevel: "warn" })
const output = /** @type {const} */ ({ cleanDir: true, comments: false, minifyInternalExports: false })

// What `rivulet` exports is one file, which all others share, and what adapters share is one, too. The rest is cut by the
// bundler: a provider is a file, and so is what some of them share. The folder's name is one that package.json closes.
const library = build({
  ...shared,
  input: {
    ...Object.fromEntries(
      readdirSync(join(cwd, "src"))
        .filter((file) => file.endsWith(".ts"))
        .map((file) => [parse(file).name, `src/${file}`])
    ),
    // A thread starts with a file. `rivulet/Sync` finds it beside its own.
    "sync/worker": "src/sync/worker.ts"
  },
  external: external(peers),
  output: {
    ...output,
    dir: join(dist, "node"),
    chunkFileNames: "internal/[name].js",
    codeSplitting: {
      groups: [
        { name: "core", test: /src[\\/]index\.ts$/, priority: 1 },
        { name: "provider", test: /src[\\/]internal[\\/]provider[\\/](?!fromProvider)/ }
      ]
    },
    sourcemap: true,
    sourcemapExcludeSources: true
  }
})

// The command line carries the parts of Effect that it uses, so that it loads a few files instead of 300 and needs no
// package but the SDK of the provider that is asked.
const commandLine = build({
  ...shared,
  input: { main: "src/cli/main.ts" },
  external: external(peers.filter((name) => name !== "effect")),
  output: {
    ...output,
    dir: join(dist, "cli"),
    chunkFileNames: "[name].js",
    codeSplitting: { groups: [{ name: "main", test: /src[\\/]cli[\\/]main\.ts$/ }] }
  },
  plugins: [{
    name: "licenses",
    generateBundle(_, bundle) {
      const files = Object.values(bundle).flatMap((chunk) => chunk.type === "chunk" ? chunk.moduleIds : [])
      const packages = new Set(files.flatMap((file) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []))
      const source = [...packages].toSorted().map(licenseOf).join("\n")
      this.emitFile({ type: "asset", fileName: "LICENSES.txt", source })
    }
  }]
})

await Promise.all([library, commandLine])

/** The name of a package, and its license in full. */
function licenseOf(/** @type {string} */ folder) {
  const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
  const file = join(folder, "LICENSE")
  if (!existsSync(file)) throw new Error(`${folder} has no LICENSE, which dist/cli must carry`)
  return `${name}@${version}\n\n${readFileSync(file, "utf8").trimEnd()}\n`
}
