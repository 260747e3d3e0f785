// Packs the package into the folder given, and checks the tarball as a registry and a compiler see it.
import { readdirSync, readFileSync } from "node:fs"
import { join, posix } from "node:path"
import { documents, expect, output, readJson, root, say, tarball, tool } from "./lib.mjs"

const [work] = process.argv.slice(2)

// Without scripts: it was built by the step before, and a build's output would mix with the JSON.
const [packed] = JSON.parse(
  output("npm", ["pack", "--json", "--ignore-scripts", "--loglevel=error", "--pack-destination", work])
)
const files = packed.files.map(({ path }) => path)
say(`${files.length} files, ${kilobytes(packed.size)} packed, ${kilobytes(packed.unpackedSize)} unpacked`)

const wanted = ["LICENSE", "package.json", "dist/index.js", "dist/index.d.ts", "dist/cli/main.js", ...documents]
for (const file of wanted) expect(files.includes(file), `The package has no ${file}`)
const strange = files.filter((file) =>
  !/^(dist|src)\/|^(docs\/)?[\w-]+\.md$|^examples\/[\w-]+\.(ts|md)$|^(LICENSE|package\.json)$/.test(file)
)
expect(strange.length === 0, `Files that do not belong into the package: ${strange.join(", ")}`)
// A file of a module that is gone would still be importable. Bundles are written anew by each build.
const stale = files.filter((file) =>
  /^dist\/(?!node|cli).*\.js$/.test(file) && !files.includes(file.replace(/^dist\/(.*)\.js$/, "src/$1.ts"))
)
expect(stale.length === 0, `dist has files of modules that are gone; remove it and build again: ${stale.join(", ")}`)

// A reader of the package has no repository beside it, and files move.
const dead = documents.flatMap(deadLinks)
expect(dead.length === 0, `Links that lead nowhere inside the package:\n${dead.join("\n")}`)
const unlisted = files.filter((file) => /^examples\/.*\.ts$/.test(file) && !linksIn("examples/README.md").has(file))
expect(unlisted.length === 0, `examples/README.md does not link ${unlisted.join(", ")}`)

// CONTRIBUTING.md describes the tags.
const untagged = files.filter((file) => /^src\/\w+\.ts$/.test(file) && !isTagged(file))
expect(untagged.length === 0, `Modules without @module, @since or @stability: ${untagged.join(", ")}`)

const { dependencies, optionalDependencies, scripts } = readJson(root, "package.json")
for (const script of ["prepare", "preinstall", "install", "postinstall"]) {
  expect(scripts[script] === undefined, `package.json has a script "${script}", which npm would run for users`)
}
expect(dependencies === undefined, "The package has dependencies; what it needs is for its user to choose: a peer")
expect(optionalDependencies === undefined, "The package has optional dependencies; make them optional peers")

tool("publint", ["run", tarball(work), "--strict"])

// The wildcard of the exports cannot be looked through, so each module is named.
const modules = readdirSync(join(root, "src"))
  .filter((file) => file.endsWith(".ts") && file !== "index.ts")
  .map((file) => `./${file.slice(0, -".ts".length)}`)
const flags = "--profile esm-only --no-definitely-typed --no-emoji --format ascii --entrypoints ."
tool("@arethetypeswrong/cli", [tarball(work), ...flags.split(" "), ...modules])

/** The links of a document that lead to no file of the package or to no heading of one, and the sources it misnames. */
function deadLinks(document) {
  const sources = [...prose(document).matchAll(/`(src\/[^`\s]+)`/g)]
    .map(([, path]) => path)
    .filter((path) => !files.some((file) => file === path || file.startsWith(`${path}/`)))
  const links = [...linksIn(document)].flatMap(([path, anchors]) => {
    if (!files.includes(path)) return [path]
    const headings = path.endsWith(".md") ? headingsOf(path) : new Set()
    return [...anchors].filter((anchor) => !headings.has(anchor)).map((anchor) => `${path}#${anchor}`)
  })
  return [...links, ...sources].map((path) => `${document}: ${path}`)
}

/** The files that a document links to, by their paths in the package, each with the anchors that are linked. */
function linksIn(document) {
  const links = new Map()
  for (const [, link] of prose(document).matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(link)) continue
    const [target, anchor] = link.split("#")
    const path = target === "" ? document : posix.join(posix.dirname(document), target)
    if (!links.has(path)) links.set(path, new Set())
    if (anchor !== undefined) links.get(path).add(anchor)
  }
  return links
}

/** The anchors of a document's headings, as GitHub and npm make them. */
function headingsOf(document) {
  return new Set(
    [...prose(document).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")
    )
  )
}

/** Whether the comment that opens a module ends with the tags of a public module. */
function isTagged(module) {
  const [comment] = readFileSync(join(root, module), "utf8").split("*/", 1)
  return /\n \* @module\n \* @since \d+\.\d+\.\d+\n \* @stability (stable|unstable)\n $/.test(comment)
}

/** A document without its code blocks. */
function prose(document) {
  return readFileSync(join(root, document), "utf8").replace(/^```[\s\S]*?^```/gm, "")
}

function kilobytes(bytes) {
  return `${Math.round(bytes / 1000)} kB`
}
