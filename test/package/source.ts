// The package's source as the tests of its shape see it: the modules, what each imports, what each exports.
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript-6"

export const root = fileURLToPath(new URL("../..", import.meta.url))
export const src = join(root, "src")

/** One import or re-export of a module. */
export interface Import {
  /** As it is written. */
  readonly specifier: string
  /** Nothing is left of it in the built file. */
  readonly typeOnly: boolean
  /** It is an `import()`, which loads nothing before it is called. */
  readonly dynamic: boolean
  /** The names read through `import * as X`, for imports of that form. */
  readonly used: ReadonlySet<string>
}

/** One file under src; `path` is relative to it. */
export interface Module {
  readonly path: string
  readonly file: ts.SourceFile
  readonly imports: ReadonlyArray<Import>
}

const parsed = new Map<string, ts.SourceFile>()

export const parse = (path: string): ts.SourceFile => {
  const file = parsed.get(path) ??
    ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true)
  parsed.set(path, file)
  return file
}

const walk = (node: ts.Node, visit: (node: ts.Node) => void): void => {
  visit(node)
  ts.forEachChild(node, (child) => walk(child, visit))
}

const importsOf = (file: ts.SourceFile): ReadonlyArray<Import> => {
  const imports: Array<Import> = []
  const used = new Map<string, Set<string>>()
  walk(file, (node) => {
    if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
      used.get(node.expression.text)?.add(node.name.text)
    } else if (ts.isQualifiedName(node) && ts.isIdentifier(node.left)) {
      used.get(node.left.text)?.add(node.right.text)
    } else if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      const names = new Set<string>()
      const bindings = node.importClause?.namedBindings
      if (bindings !== undefined && ts.isNamespaceImport(bindings)) used.set(bindings.name.text, names)
      else bindings?.elements.forEach((element) => names.add((element.propertyName ?? element.name).text))
      const typeOnly = node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
      imports.push({ specifier: node.moduleSpecifier.text, typeOnly, dynamic: false, used: names })
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
      imports.push({ specifier: node.moduleSpecifier.text, typeOnly: node.isTypeOnly, dynamic: false, used: new Set() })
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [specifier] = node.arguments
      if (specifier !== undefined && ts.isStringLiteral(specifier)) {
        imports.push({ specifier: specifier.text, typeOnly: false, dynamic: true, used: new Set() })
      }
    }
  })
  return imports
}

/** Every module of the package, by its path. */
export const modules: ReadonlyMap<string, Module> = new Map(
  readdirSync(src, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .toSorted()
    .map((path) => {
      const file = parse(join(src, path))
      return [path, { path, file, imports: importsOf(file) }]
    })
)

/** The modules a user can import, `index.ts` among them. */
export const publicModules: ReadonlyArray<Module> = [...modules.values()].filter(({ path }) => !path.includes("/"))

/** The module an import of another module means, if it is one of the package's own. */
export const target = (from: Module, { specifier }: Import): Module | undefined =>
  specifier.startsWith(".")
    ? modules.get(relative(src, resolve(src, dirname(from.path), specifier)))
    : undefined

/** The modules reachable from these, themselves included. */
export const reachable = (from: ReadonlyArray<Module>, follow: (each: Import) => boolean): ReadonlySet<Module> => {
  const seen = new Set<Module>()
  const visit = (module: Module): void => {
    if (seen.has(module)) return
    seen.add(module)
    for (const each of module.imports) {
      const next = follow(each) ? target(module, each) : undefined
      if (next !== undefined) visit(next)
    }
  }
  from.forEach(visit)
  return seen
}

/** The exported declarations of a file, by name, and the comments in front of each. */
export const exportsOf = (file: ts.SourceFile): ReadonlyMap<string, ReadonlyArray<string>> => {
  const found = new Map<string, Array<string>>()
  const add = (name: string, node: ts.Node) => {
    const comments = (ts.getLeadingCommentRanges(file.text, node.getFullStart()) ?? [])
      .map(({ end, pos }) => file.text.slice(pos, end))
      .filter((comment) => comment.startsWith("/**"))
    found.set(name, [...found.get(name) ?? [], ...comments.slice(-1)])
  }
  for (const node of file.statements) {
    if (ts.isExportDeclaration(node)) {
      if (node.exportClause !== undefined && ts.isNamedExports(node.exportClause)) {
        for (const { name } of node.exportClause.elements) add(name.text, node)
      } else if (node.exportClause !== undefined) add(node.exportClause.name.text, node)
      continue
    }
    const exported = ts.canHaveModifiers(node) &&
      ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
    if (!exported) continue
    if (ts.isVariableStatement(node)) {
      for (const { name } of node.declarationList.declarations) if (ts.isIdentifier(name)) add(name.text, node)
    } else if (
      (ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node) ||
        ts.isTypeAliasDeclaration(node) || ts.isModuleDeclaration(node) || ts.isEnumDeclaration(node)) &&
      node.name !== undefined
    ) add(node.name.text, node)
  }
  return found
}
