// Packs the package into the folder given, and checks the tarball as a registry and a compiler see it.
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { expect, output, readJson, root, say, tarball, tool } from "./lib.mjs"

const [work] = process.argv.slice(2)

// Without scripts: it was built by the step before, and a build's output would mix with the JSON.
const [packed] = JSON.parse(
  output("npm", ["pack", "--json", "--ignore-scripts", "--loglevel=error", "--pack-destination", work])
)
const files = packed.files.map(({ path }) => path)
say(`${files.length} files, ${kilobytes(packed.size)} packed, ${kilobytes(packed.unpackedSize)} unpacked`)

for (const file of ["README.md", "LICENSE", "package.json", "dist/index.js", "dist/index.d.ts", "dist/cli/main.js"]) {
  expect(files.includes(file), `The package has no ${file}`)
}
const strange = files.filter((file) => !/^(dist|src)\/|^(README\.md|LICENSE|package\.json)$/.test(file))
expect(strange.length === 0, `Files that do not belong into the package: ${strange.join(", ")}`)
// A file of a module that is gone would still be importable.
const stale = files.filter((file) =>
  /^dist\/.*\.js$/.test(file) && !files.includes(file.replace(/^dist\/(.*)\.js$/, "src/$1.ts"))
)
expect(stale.length === 0, `dist has files of modules that are gone; remove it and build again: ${stale.join(", ")}`)

const { dependencies, optionalDependencies } = readJson(root, "package.json")
expect(dependencies === undefined, "The package has dependencies; what it needs is for its user to choose: a peer")
expect(optionalDependencies === undefined, "The package has optional dependencies; make them optional peers")

tool("publint", ["run", tarball(work), "--strict"])

// The wildcard of the exports cannot be looked through, so each module is named.
const modules = readdirSync(join(root, "src"))
  .filter((file) => file.endsWith(".ts") && file !== "index.ts")
  .map((file) => `./${file.slice(0, -".ts".length)}`)
const flags = "--profile esm-only --no-definitely-typed --no-emoji --format ascii --entrypoints ."
tool("@arethetypeswrong/cli", [tarball(work), ...flags.split(" "), ...modules])

function kilobytes(bytes) {
  return `${Math.round(bytes / 1000)} kB`
}
