// Compiles the programs that show how the library is used against the packed package: the contract programs, the face
// programs as they stand, the examples, and every ts block of the documents and of the doc comments.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import { faces, openAiFaces } from "./faces.mjs"
import { documents, expect, facePrograms, makeProject, pinned, root, say, tarball, tool } from "./lib.mjs"

const [work] = process.argv.slice(2)
const project = join(work, "project")
makeProject(project, [
  tarball(work),
  ...[
    "effect",
    "@anthropic-ai/sdk",
    "@effect/platform-node",
    "@effect/vitest",
    "@types/node",
    "openai",
    "undici",
    "vitest",
    "zod"
  ].map(pinned)
])

// -----------------------------------------------------------------------------
// contract programs
// -----------------------------------------------------------------------------

cpSync(join(root, "test", "contract"), join(project, "contract"), {
  recursive: true,
  filter: (path) => !path.endsWith(".mjs")
})

// -----------------------------------------------------------------------------
// face programs
// -----------------------------------------------------------------------------

const faceFolders = Object.keys(openAiFaces).map((api) => `face-${api}`)

/** The same program, but for its layer. */
const withOpenAi = (name, api) => {
  const text = readFileSync(join(facePrograms, name), "utf8")
    .replace("rivulet/Anthropic", "rivulet/OpenAi")
    .replace(/Anthropic\.layer\(\{ model: "[^"]+"/, `Anthropic.layer({ model: "gpt-5.4-mini", api: "${api}"`)
  mkdirSync(join(project, `face-${api}`), { recursive: true })
  writeFileSync(join(project, `face-${api}`, name), text)
}

if (existsSync(facePrograms)) {
  mkdirSync(join(project, "face"))
  for (const name of readdirSync(facePrograms).filter((file) => file.endsWith(".ts"))) {
    if (faces[name] === undefined) say(`Skipped: .ci/faces.mjs has no expectation for ${name}`)
    else {
      cpSync(join(facePrograms, name), join(project, "face", name))
      for (const api of Object.keys(openAiFaces)) withOpenAi(name, api)
    }
  }
} else {
  say("Skipped: the face programs (../shared/face) are absent")
}

// -----------------------------------------------------------------------------
// examples
// -----------------------------------------------------------------------------

cpSync(join(root, "examples"), join(project, "examples"), { recursive: true })

// -----------------------------------------------------------------------------
// code blocks
// -----------------------------------------------------------------------------

const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .toSorted()
  .map((file) => join(root, "src", file))

/** A block without imports is an excerpt of a program that has these. */
const imports = `
import { Config, Console, Context, Duration, Effect, Layer, Redacted, Result, Schedule, Schema, Stream } from "effect"
import { AIMessageChunk, CallOptions, ChatModel, ChatModelError, Finish, Message, Usage } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"
import { AnthropicServer, Script, ScriptedChatModel } from "rivulet/Testing"
`

/** The ts blocks of a text, each with the number of its first line, and the runner that the line before it says it is a test for. */
const blocksOf = (text) => {
  const blocks = []
  let block
  for (const [i, line] of text.split("\n").entries()) {
    if (block === undefined && /^```(ts|typescript)\b/.test(line)) {
      block = { line: i + 2, lines: [], runs: /^<!-- run: (.*) -->$/.exec(text.split("\n")[i - 1])?.[1] }
    } else if (block !== undefined && line.startsWith("```")) {
      blocks.push(block)
      block = undefined
    } else block?.lines.push(line)
  }
  expect(block === undefined, `A block does not end: ${block?.lines.join("\n")}`)
  return blocks
}

mkdirSync(join(project, "blocks"))
mkdirSync(join(project, "vitest"))
let blocks = 0
const tests = []
for (const file of [...documents.map((name) => join(root, name)), ...sources]) {
  const text = readFileSync(file, "utf8")
  const plain = file.endsWith(".md") ? text : text.split("\n").map((line) => line.replace(/^\s*\* ?/, "")).join("\n")
  const name = relative(root, file).replaceAll("/", "-")
  for (const { line, lines, runs } of blocksOf(plain)) {
    const program = lines.join("\n")
    const whole = /^import /m.test(program) ? program : `${imports}\n${program}`
    writeFileSync(join(project, "blocks", `${name}-line-${line}.ts`), `${whole}\nexport {}\n`)
    if (runs === "node --test") tests.push(`${name}-line-${line}.js`)
    if (runs === "vitest") writeFileSync(join(project, "vitest", `${name}-line-${line}.test.ts`), program)
    if (runs && name === "docs-write-a-provider.md") {
      expect(lines.length <= 100, `The provider of ${name} has ${lines.length} lines; 100 are promised`)
    }
    blocks++
  }
}

// The step that runs programs finds them there.
writeFileSync(join(project, "tests.json"), JSON.stringify(tests))

// -----------------------------------------------------------------------------
// tsc
// -----------------------------------------------------------------------------

writeFileSync(
  join(project, "tsconfig.json"),
  JSON.stringify({
    compilerOptions: {
      strict: true,
      exactOptionalPropertyTypes: true,
      module: "NodeNext",
      target: "ES2022",
      types: ["node"],
      skipLibCheck: false,
      noEmitOnError: true,
      // The contract programs share a module.
      rewriteRelativeImportExtensions: true,
      rootDir: ".",
      outDir: "out"
    },
    include: ["contract", "face", ...faceFolders, "examples", "blocks"]
  })
)
tool("typescript", ["-p", project, "--pretty", "false"])
for (const folder of ["contract", "face", ...faceFolders, "examples"]) {
  const files = existsSync(join(project, folder)) ? readdirSync(join(project, folder)) : []
  say(`${folder}: ${files.filter((file) => file.endsWith(".ts")).length} programs compile`)
}
say(`${blocks} code blocks compile`)
