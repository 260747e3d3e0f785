/** The bundles of package.json, built from the sources at hand. */
import { execFileSync } from "node:child_process"
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll } from "vitest"

export const root = fileURLToPath(new URL("../../", import.meta.url))

const cache = join(root, "node_modules/.cache")

const temporary = (parent: string): string => {
  mkdirSync(parent, { recursive: true })
  return mkdtempSync(join(parent, "rivulet-"))
}

const remove = (folder: string) => rmSync(folder, { recursive: true, force: true })

/** A folder that goes when the tests of the file are over. Under node_modules, packages are found from it. */
export const makeFolder = (parent = cache): string => {
  const folder = temporary(parent)
  afterAll(() => remove(folder))
  return folder
}

/**
 * Builds into a folder of its own, so that no other build is in the way, and gives the folder. Files of one worker share
 * it, so it goes with the worker.
 */
export const build = (): string => {
  const folder = temporary(cache)
  process.on("exit", () => remove(folder))
  execFileSync(process.execPath, [join(root, "build.mjs"), join(folder, "dist")], {
    stdio: ["ignore", "ignore", "pipe"]
  })
  copyFileSync(join(root, "package.json"), join(folder, "package.json"))
  return folder
}
