// The lock file must work from any registry, and on any platform.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, readJson, root, say } from "./lib.mjs"

for (const folder of ["", "docs/reference"]) {
  expect(
    !/"resolved":\s*"http/.test(readFileSync(join(root, folder, "package-lock.json"), "utf8")),
    `${join(folder, "package-lock.json")} names a registry; omit-lockfile-registry-resolved in .npmrc keeps it out`
  )
}

// npm leaves packages for other platforms out when it cannot look them up, and `npm ci` then refuses the file.
const { packages } = readJson(root, "package-lock.json")
const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
  Object.keys(optionalDependencies).filter((name) =>
    packages[`node_modules/${name}`] === undefined && packages[`${path}/node_modules/${name}`] === undefined
  )
)
expect(missing.length === 0, `package-lock.json lacks ${missing.join(", ")}`)
say(`${Object.keys(packages).length - 1} packages`)
