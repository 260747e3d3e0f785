// Every member of an option or data type of the public modules says what it is.
import { assert, describe, it } from "@effect/vitest"
import ts from "typescript-6"
import { modules, publicModules, target } from "./source.ts"
import type { Module } from "./source.ts"

/** A declaration of a public name, and the module it is written in. */
interface Declaration {
  readonly name: string
  readonly module: Module
  readonly node: ts.Node
}

const isExported = (node: ts.Statement): boolean =>
  ts.canHaveModifiers(node) &&
  (ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false)

const namesOf = (node: ts.Statement): ReadonlyArray<string> =>
  ts.isVariableStatement(node)
    ? node.declarationList.declarations.flatMap(({ name }) => ts.isIdentifier(name) ? [name.text] : [])
    : (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) || ts.isClassDeclaration(node) ||
        ts.isFunctionDeclaration(node)) && node.name !== undefined
    ? [node.name.text]
    : []

/** The declarations a module exports, by whatever name: its own, and those it exports from other modules. */
const declarationsOf = (module: Module, only?: ReadonlySet<string>): ReadonlyArray<Declaration> =>
  module.file.statements.flatMap((node): ReadonlyArray<Declaration> => {
    if (ts.isExportDeclaration(node)) {
      const { exportClause, moduleSpecifier } = node
      const specifier = moduleSpecifier !== undefined && ts.isStringLiteral(moduleSpecifier) ? moduleSpecifier.text : ""
      const from = target(module, { specifier, typeOnly: false, dynamic: false, used: new Set() })
      if (from === undefined) return []
      if (exportClause === undefined || !ts.isNamedExports(exportClause)) return declarationsOf(from)
      const names = exportClause.elements
        .filter(({ name }) => only === undefined || only.has(name.text))
        .map(({ name, propertyName }) => (propertyName ?? name).text)
      return declarationsOf(from, new Set(names))
    }
    if (!isExported(node)) return []
    return namesOf(node)
      .filter((name) => only === undefined || only.has(name))
      .map((name) => ({ name, module, node }))
  })

const hasComment = (node: ts.Node): boolean =>
  node.getSourceFile().text.slice(node.getFullStart(), node.getStart()).includes("/**")

/**
 * Exempt members: `type: "text"`, which tells the members of a union apart and says all there is to say, and keys such
 * as `"~rivulet/Tool"`, which no user reads.
 */
const isExempt = (name: string, type: ts.Node | undefined): boolean =>
  name.startsWith("\"~") ||
  (/^(_tag|type)$/.test(name) && type !== undefined && /^("[^"]*"|Schema\.(Literal|tag)\(.*\))$/.test(type.getText()))

/** Whether a function is the implementation of overloads, which nobody sees. */
const isOverloaded = (node: ts.FunctionDeclaration): boolean =>
  node.body !== undefined &&
  node.getSourceFile().statements.some((other) =>
    ts.isFunctionDeclaration(other) && other.body === undefined && other.name?.text === node.name?.text
  )

const isInternal = (node: ts.Node): boolean => ts.getJSDocTags(node).some(({ tagName }) => tagName.text === "internal")

/** The schemas whose fields are written as an object, such as `Schema.Struct({ ... })`. */
const isFields = (node: ts.ObjectLiteralExpression): boolean => {
  const { parent } = node
  return ts.isCallExpression(parent) &&
    (/^Schema\.(Struct|TaggedStruct)$/.test(parent.expression.getText()) ||
      ts.isCallExpression(parent.expression) && /^Schema\.(TaggedError|TaggedClass)/.test(parent.expression.getText()))
}

/** The members of a declaration that need a comment and have none, as paths. */
const undocumented = ({ name, node }: Declaration): ReadonlyArray<string> => {
  const found: Array<string> = []
  const visit = (node: ts.Node, path: string): void => {
    // Bodies are not public; neither are constructors, whose fields are those of the class.
    if (ts.isBlock(node) || ts.isConstructorDeclaration(node)) return
    if (ts.isArrowFunction(node) && !ts.isVariableDeclaration(node.parent)) return
    if (ts.isFunctionDeclaration(node) && isOverloaded(node)) return
    if (ts.isPropertySignature(node) || ts.isPropertyAssignment(node)) {
      const member = node.name.getText()
      const inner = `${path}.${member}`
      const type = ts.isPropertySignature(node) ? node.type : node.initializer
      if (!hasComment(node) && !isExempt(member, type)) found.push(inner)
      // The comment of a member also covers the shape of its type.
      return
    }
    if (
      ts.isArrowFunction(node) || ts.isFunctionDeclaration(node) || ts.isFunctionTypeNode(node) ||
      ts.isCallSignatureDeclaration(node)
    ) {
      // Of a function the options count, which stand in the types of its parameters.
      for (const parameter of node.parameters) if (parameter.type !== undefined) visit(parameter.type, path)
      return
    }
    // A value that is no schema has no members to describe.
    if (ts.isObjectLiteralExpression(node) && !isFields(node)) return
    // What a condition asks of a type is no member of it.
    if (ts.isConditionalTypeNode(node)) {
      visit(node.trueType, path)
      visit(node.falseType, path)
      return
    }
    if (ts.isTypeQueryNode(node) || ts.isTypeParameterDeclaration(node)) return
    ts.forEachChild(node, (child) => visit(child, path))
  }
  if (!isInternal(node)) visit(node, name)
  return found
}

describe("every member of a public type says what it is", () => {
  const seen = new Set<ts.Node>()
  const kits = [...modules.get("Testing.ts")!.file.text.matchAll(/^export \* as \w+ from "\.\/(.*)"/gm)]
    .map((kit) => modules.get(kit[1] ?? "")!)
  for (const module of [...publicModules, ...kits]) {
    const own = declarationsOf(module).filter(({ node }) => !seen.has(node))
    for (const { node } of own) seen.add(node)
    if (own.length === 0) continue
    it(`src/${module.path}`, () => {
      assert.deepStrictEqual(
        own.flatMap((each) => undocumented(each).map((member) => `${each.module.path}: ${member}`)),
        []
      )
    })
  }
})
