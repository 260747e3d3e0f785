/** The bundles of package.json, built from the sources at hand. */
import { execFileSync } from "node:child_process"
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll } from "vitest"

export const root = fileURLToPath(new URL("../../", import.meta.url))

/** A folder that goes when the tests of the file are over. Under node_modules, packages are found from it. */
export const makeFolder = (parent = join(root, "node_modules/.cache")): string => {
  mkdirSync(parent, { recursive: true })
  const folder = mkdtempSync(join(parent, "rivulet-"))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Builds into a folder of its own, so that no other build, nor another test, is in the way, and gives the folder. */
export const build = (): string => {
  const folder = makeFolder()
  execFileSync(process.execPath, [join(root, "build.mjs"), join(folder, "dist")], {
    stdio: ["ignore", "ignore", "pipe"]
  })
  copyFileSync(join(root, "package.json"), join(folder, "package.json"))
  return folder
}
