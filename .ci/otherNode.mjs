// Runs the quick tests on the other of the two Node.js versions that CI covers: 20 and 24.
import { delimiter, dirname, join } from "node:path"
import { expect, makeProject, output, run, say } from "./lib.mjs"

const [work] = process.argv.slice(2)
const other = process.versions.node.startsWith("24.") ? 20 : 24
const folder = join(work, "node")
makeProject(folder, [`node@${other}`])
const node = join(folder, "node_modules", "node", "bin", "node")
const version = output(node, ["--version"]).trim()
expect(version.startsWith(`v${other}.`), `This is not Node.js ${other} but ${version}`)
say(`Node.js ${version}; the steps before ran on ${process.version}`)
// Programs that a test starts by the name of node must have that version too.
const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` }
run(node, [join("node_modules", "vitest", "vitest.mjs"), "run"], { env })
