// The models that the documents, examples and doc comments name are served, and take the options that are shown with them.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync } from "node:fs"
import { join, relative } from "node:path"
import * as Providers from "rivulet/Providers"
import ts from "typescript-6"
import type { CallOptions } from "../../src/CallOptions.ts"
import { inspect } from "../../src/cli/inspect.ts"
import { root } from "../support/build.ts"

// -----------------------------------------------------------------------------
// code
// -----------------------------------------------------------------------------

/** A program, or an excerpt of one. */
interface Code {
  readonly title: string
  readonly text: string
}

const markdown = ["", "docs", "examples"].flatMap((folder) =>
  readdirSync(join(root, folder)).filter((name) => name.endsWith(".md")).map((name) => join(root, folder, name))
)

const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => join(root, "src", name))

const examples = readdirSync(join(root, "examples"))
  .filter((name) => name.endsWith(".ts"))
  .map((name) => join(root, "examples", name))

/** The ts blocks of a document, or of the comments of a source file. */
const blocksOf = (file: string): ReadonlyArray<Code> => {
  const text = readFileSync(file, "utf8")
  const plain = file.endsWith(".md") ? text : text.replaceAll(/^ *\* ?/gm, "")
  return [...plain.matchAll(/^```ts.*\n([^]*?)^```/gm)].map((block) => ({
    title: `${relative(root, file)}, line ${plain.slice(0, block.index).split("\n").length + 1}`,
    text: block[1] ?? ""
  }))
}

const codes: ReadonlyArray<Code> = [
  ...[...markdown, ...sources].flatMap(blocksOf),
  ...examples.map((file) => ({ title: relative(root, file), text: readFileSync(file, "utf8") }))
]

// -----------------------------------------------------------------------------
// models and options in code
// -----------------------------------------------------------------------------

/** A model that is named, and options of calls of it. */
interface Use {
  readonly provider: string
  readonly model: string
  readonly options: CallOptions
}

const optionNames = new Set([
  "maxTokens",
  "temperature",
  "topP",
  "topK",
  "stopSequences",
  "reasoning",
  "responseFormat",
  "tools",
  "toolChoice",
  "parallelToolCalls",
  "fit"
])

/** A tool in place of those that code refers to. */
const tool = { name: "weather", description: "The weather", parameters: { type: "object", properties: {} } }

/** The value of a literal. What is not literal is `undefined`. */
const valueOf = (node: ts.Expression): unknown => {
  if (ts.isStringLiteralLike(node)) return node.text
  if (ts.isNumericLiteral(node)) return Number(node.text.replaceAll("_", ""))
  if (node.kind === ts.SyntaxKind.TrueKeyword) return true
  if (node.kind === ts.SyntaxKind.FalseKeyword) return false
  if (ts.isArrayLiteralExpression(node)) return node.elements.map(valueOf)
  if (ts.isObjectLiteralExpression(node)) return Object.fromEntries(fieldsOf(node))
  return undefined
}

const fieldsOf = (node: ts.ObjectLiteralExpression): ReadonlyArray<readonly [name: string, value: unknown]> =>
  node.properties.flatMap((property) =>
    ts.isPropertyAssignment(property) && (ts.isIdentifier(property.name) || ts.isStringLiteral(property.name))
      ? [[property.name.text, valueOf(property.initializer)] as const]
      : []
  )

/** The options in an object literal, if there are any. */
const optionsIn = (node: ts.Expression | undefined): CallOptions | undefined => {
  if (node === undefined || !ts.isObjectLiteralExpression(node)) return undefined
  const fields = fieldsOf(node).filter(([name, value]) => optionNames.has(name) && value !== undefined)
  if (fields.length === 0) return undefined
  const forTools = fields.some(([name]) => name.startsWith("tool")) ? { tools: [tool] } : undefined
  const options = fields.map((
    [name, value]
  ) => [name, name === "toolChoice" && typeof value === "object" ? tool : value])
  // The compiler checks the types of these options, where they stand.
  return { ...Object.fromEntries(options), ...forTools } as CallOptions
}

/** The provider of a call such as `OpenAi.layer({ model, api: "chat" })`. */
const providerOf = (module: string, fields: ReadonlyMap<string, unknown>): string | undefined => {
  switch (module) {
    case "Anthropic":
      return "anthropic"
    case "OpenAi":
      return fields.get("api") === "chat" ? "openai-chat" : "openai"
    case "OpenAiCompatible":
      return typeof fields.get("preset") === "string" ? String(fields.get("preset")) : undefined
    default:
      return undefined
  }
}

const named = (name: string): readonly [provider: string, model: string] | undefined => {
  const [, provider = "", model = ""] = /^([a-z-]+):(\S+)$/.exec(name) ?? []
  return Object.hasOwn(Providers.builtIn, provider) ? [provider, model] : undefined
}

/** The uses of models. Options apart from a model are for all models of the code. */
const usesOf = ({ text }: Code): ReadonlyArray<Use> => {
  const uses: Array<Use> = []
  const apart: Array<CallOptions> = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const [first, second] = node.arguments
      const [, module = ""] = /^(\w+)\.(?:layer|make)$/.exec(node.expression.getText()) ?? []
      const fields = new Map(first !== undefined && ts.isObjectLiteralExpression(first) ? fieldsOf(first) : [])
      const [provider, model] = first !== undefined && ts.isStringLiteral(first) && second !== undefined
        ? named(first.text) ?? []
        : [providerOf(module, fields), fields.get("like") ?? fields.get("model")]
      if (provider !== undefined && typeof model === "string") {
        const options = optionsIn(first !== undefined && ts.isStringLiteral(first) ? second : first)
        uses.push({ provider, model, options: options ?? {} })
        return
      }
    }
    if (ts.isStringLiteral(node)) {
      const [provider, model] = named(node.text) ?? []
      if (provider !== undefined && model !== undefined) uses.push({ provider, model, options: {} })
    }
    const options = ts.isObjectLiteralExpression(node) ? optionsIn(node) : undefined
    if (options !== undefined) apart.push(options)
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile("code.ts", text, ts.ScriptTarget.Latest, true))
  return uses.flatMap((use) => [use, ...apart.map((options) => ({ ...use, options: { ...use.options, ...options } }))])
}

// -----------------------------------------------------------------------------
// tests
// -----------------------------------------------------------------------------

/** The problem of a call, if it has one. Nothing may be changed to fit the model. */
const problemOf = ({ model, options, provider }: Use) =>
  Effect.map(
    inspect(provider, model, { fit: "fail", ...options }),
    ({ facts: { retires, status }, guess, request }) => {
      if (status !== undefined && status !== "active") return `${model} is ${status} (${retires})`
      if (guess) return `${model} is not known`
      return "reason" in request ? request.reason.message : undefined
    }
  )

describe("the models and options of code", () => {
  const used = codes.map((code) => ({ ...code, uses: usesOf(code) })).filter(({ uses }) => uses.length > 0)

  for (const { title, uses } of used) {
    it.effect(`${title}: ${[...new Set(uses.map(({ model }) => model))].join(", ")}`, () =>
      Effect.gen(function*() {
        assert.deepStrictEqual((yield* Effect.forEach(uses, problemOf)).filter((problem) => problem !== undefined), [])
      }))
  }

  it("are found", () => {
    const uses = used.flatMap(({ uses }) => uses)
    assert.isAbove(uses.length, 80)
    for (const name of ["temperature", "maxTokens", "reasoning"] as const) {
      assert.isTrue(uses.some(({ options }) => options[name] !== undefined), name)
    }
    const text = `
      const A = OpenAi.layer({ model: "gpt-5.4", api: "chat", reasoning: { effort: "low" }, tools: [mine] })
      const B = Providers.layerFrom("anthropic:claude-opus-5-5", { maxTokens: 1_000, onRetry })
      const all = ["xai:grok-4.3", "not:this"]
      const stream = ChatModel.stream("Hi", { temperature: 0.5, toolChoice: { name: "mine" } })
    `
    const apart = { temperature: 0.5, tools: [tool], toolChoice: tool }
    assert.deepStrictEqual(
      usesOf({ title: "", text }).map(({ model, options, provider }) => [provider, model, options]),
      [
        ["openai-chat", "gpt-5.4", { reasoning: { effort: "low" }, tools: [tool] }],
        ["openai-chat", "gpt-5.4", { reasoning: { effort: "low" }, ...apart }],
        ["anthropic", "claude-opus-5-5", { maxTokens: 1000 }],
        ["anthropic", "claude-opus-5-5", { maxTokens: 1000, ...apart }],
        ["xai", "grok-4.3", {}],
        ["xai", "grok-4.3", apart]
      ]
    )
  })

  it.effect("are told from those that a model does not take, or that is not served", () =>
    Effect.gen(function*() {
      const use = (name: string, options: CallOptions = {}): Use => {
        const [provider = "", model = ""] = named(name) ?? []
        return { provider, model, options }
      }
      assert.match(`${yield* problemOf(use("anthropic:claude-opus-5-5", { temperature: 0 }))}`, /^temperature: /)
      assert.match(`${yield* problemOf(use("openai:gpt-6-luna", { topK: 4 }))}`, /^topK: /)
      assert.match(`${yield* problemOf(use("openai:gpt-5-mini"))}`, /deprecated/)
      assert.match(`${yield* problemOf(use("anthropic:claude-opus-9"))}`, /not known/)
      assert.isUndefined(yield* problemOf(use("anthropic:claude-opus-5-5", { temperature: 0, fit: "adapt" })))
    }))
})

describe("the models of lists", () => {
  const models = Object.entries(Providers.builtIn).flatMap(([provider, { models = [] }]) =>
    models.map((model) => ({ provider, model, options: {} }))
  )
  for (const use of models) {
    it.effect(`${use.provider}:${use.model} is served`, () =>
      Effect.gen(function*() {
        assert.isUndefined(yield* problemOf(use))
      }))
  }
})
