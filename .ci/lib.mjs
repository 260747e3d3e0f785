// Functions that the checks share. Only Node's own modules are imported, so that the checks run before an install.
import { execFileSync, spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"

export const root = fileURLToPath(new URL("..", import.meta.url))

/** The documents, by their paths in the repository. */
export const documents = [root, join(root, "docs"), join(root, "examples")].flatMap((folder) =>
  readdirSync(folder).filter((name) => name.endsWith(".md")).toSorted().map((name) =>
    relative(root, join(folder, name))
  )
)

/** The face programs. They are kept beside the checkout, and may be absent. */
export const facePrograms = join(root, "..", "shared", "face")

export const say = (line) => process.stdout.write(`${line}\n`)

/** Ends the check. */
export const fail = (line) => {
  process.stdout.write(`${line}\n`)
  process.exit(1)
}

export const expect = (condition, line) => {
  if (!condition) fail(line)
}

export const readJson = (...path) => JSON.parse(readFileSync(join(...path), "utf8"))

/** Runs a command with its output shown; a failure ends the check. */
export const run = (command, args, options) => {
  const { error, signal, status } = spawnSync(command, args, { cwd: root, stdio: "inherit", ...options })
  expect(status === 0, `${command} ${args[0]} failed: ${error?.message ?? signal ?? `exit code ${status}`}`)
}

/** Runs a command and returns its output. */
export const output = (command, args, options) =>
  execFileSync(command, args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], ...options })

/** A tool of the checkout, run by the Node that runs this. */
export const tool = (name, args, options) => {
  const { bin } = readJson(root, "node_modules", name, "package.json")
  const file = typeof bin === "string" ? bin : Object.values(bin)[0]
  run(process.execPath, [join(root, "node_modules", name, file), ...args], options)
}

/** `name@version` as the checkout has it, so that a run today and one tomorrow install the same. */
export const pinned = (name) => `${name}@${readJson(root, "node_modules", name, "package.json").version}`

/** The tarball that the package check wrote. */
export const tarball = (work) => {
  const name = readdirSync(work).find((file) => file.endsWith(".tgz"))
  expect(name !== undefined, "There is no tarball; run .ci/package.mjs first")
  return join(work, name)
}

/** Makes an empty project and installs packages in it. Packages that `npm ci` has fetched come from npm's cache. */
export const makeProject = (folder, packages) => {
  if (existsSync(folder)) fail(`${folder} is there already`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "project", private: true, type: "module" }))
  run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error", ...packages], {
    cwd: folder
  })
}
