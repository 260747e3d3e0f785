/**
 * Prepares Effect's representation of a JSON codec for its conversion to JSON Schema. Only ofSchema.ts calls it. It
 * relies on details of `effect/SchemaAST` and `effect/SchemaRepresentation`, which no other file may.
 */
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import * as SchemaRepresentation from "effect/SchemaRepresentation"
import { lazy } from "../lazy.ts"
import { optional } from "../optional.ts"

type Representation = SchemaRepresentation.Representation
type Annotations = Schema.Annotations.Annotations

/** A part of a schema that cannot be expressed: where it is, and what to do about it. */
export interface SchemaProblem {
  /** The path from the root, such as `steps[].photo`. `""` is the root itself. */
  readonly path: string
  /** The reason, as a clause that follows the path. */
  readonly message: string
}

/**
 * The representation of a JSON codec, rewritten for a model to read:
 *
 * - Titles and descriptions of a transformed value (a date, a class) move to its JSON form.
 * - A number is a number only, without `"NaN"` and `"Infinity"`.
 * - Dates and URLs have their `format`.
 * - Checks without meaning for a model are dropped; checks that JSON Schema lacks become words.
 */
export const representationOf = (
  codec: Schema.Constraint
): SchemaRepresentation.Document | SchemaProblem => {
  const document = SchemaRepresentation.toRepresentation(codec.ast, { referencePolicy })
  const references = new Map<string, Representation>()
  let problem: SchemaProblem | undefined

  const rewrite = (
    ast: SchemaAST.AST,
    representation: Representation,
    path: string,
    hasOwnWords = false
  ): Representation => {
    const chain = encodingsOf(ast)
    if (isOpaque(chain)) problem ??= { path, message: opaque }
    const encoded = chain[chain.length - 1]!
    if (representation._tag === "Reference") {
      const { $ref } = representation
      const definition = document.references[$ref]!
      if (!references.has($ref)) {
        // The definition is set before its parts are rewritten, because they may refer to it.
        references.set($ref, definition)
        references.set($ref, inside(encoded, described(definition, hasOwnWords ? [encoded] : chain), path))
      }
      return representation
    }
    return inside(encoded, described(asNumber(chain) ?? representation, chain), path)
  }

  /** Rewrites the parts of a representation. They are in the same order as those of the schema. */
  const inside = (ast: SchemaAST.AST, representation: Representation, path: string): Representation => {
    switch (representation._tag) {
      case "Objects": {
        if (!SchemaAST.isObjects(ast)) return representation
        return {
          ...representation,
          propertySignatures: representation.propertySignatures.map((property, i) => {
            const type = ast.propertySignatures[i]!.type
            return member(type, property, join(path, property.name))
          }),
          indexSignatures: representation.indexSignatures.map((signature, i) => ({
            ...signature,
            type: rewrite(ast.indexSignatures[i]!.type, signature.type, `${path}{}`)
          }))
        }
      }
      case "Arrays": {
        if (!SchemaAST.isArrays(ast)) return representation
        return {
          ...representation,
          elements: representation.elements.map((element, i) => member(ast.elements[i]!, element, `${path}[${i}]`)),
          rest: representation.rest.map((type, i) => rewrite(ast.rest[i]!, type, `${path}[]`))
        }
      }
      case "Union":
        if (!SchemaAST.isUnion(ast)) return representation
        return { ...representation, types: representation.types.map((type, i) => rewrite(ast.types[i]!, type, path)) }
      case "Suspend":
        if (!SchemaAST.isSuspend(ast)) return representation
        return { ...representation, thunk: rewrite(ast.thunk(), representation.thunk, path) }
      default:
        return representation
    }
  }

  /**
   * Rewrites a property or an element. Its words stay with it, because a shared definition can have none of its own.
   */
  const member = <M extends { readonly type: Representation; readonly annotations?: Annotations | undefined }>(
    ast: SchemaAST.AST,
    member: M,
    path: string
  ): M => {
    const chain = encodingsOf(ast)
    const source = chain.map((each) => each.context?.annotations).find(hasWords) ??
      (member.type._tag === "Reference" ? chain.slice(0, -1).map(SchemaAST.resolve).find(hasWords) : undefined)
    return {
      ...member,
      type: rewrite(ast, member.type, path, source !== undefined),
      ...optional("annotations", source && { ...wordsOf(source), ...member.annotations })
    }
  }

  const representation = rewrite(codec.ast, document.representation, "")
  return problem ?? { representation, references: Object.fromEntries(references) }
}

/** Names a definition after its identifier, in characters that every provider accepts. */
const referencePolicy: SchemaRepresentation.ReferencePolicy = ({ identifier }) =>
  identifier?.replace(/Encoded$/, "").replace(/[^\w-]+/g, "_")

/** A schema followed by the schemas of its encoding, step by step. The last is that of the JSON. */
const encodingsOf = (ast: SchemaAST.AST): ReadonlyArray<SchemaAST.AST> => {
  const chain = [ast]
  for (let last = ast; last.encoding !== undefined;) {
    last = last.encoding[last.encoding.length - 1]!.to
    chain.push(last)
  }
  return chain
}

/** The last transformation of a schema to JSON. Transformations are compared by identity. */
const transformationOf = (ast: SchemaAST.AST) => ast.encoding?.[ast.encoding.length - 1]?.transformation
const transformationTo = (schema: Schema.Constraint) => transformationOf(Schema.toCodecJson(schema).ast)

const unknownToJson = lazy(() => transformationTo(Schema.Unknown))
const numberToJson = lazy(() => transformationTo(Schema.Number))

const formats = lazy(() =>
  new Map([
    ...[Schema.Date, Schema.DateFromString, Schema.DateTimeUtc, Schema.DateTimeUtcFromString].map((schema) =>
      [transformationTo(schema), "date-time"] as const
    ),
    ...[Schema.URL, Schema.URLFromString].map((schema) => [transformationTo(schema), "uri"] as const)
  ])
)

const opaque = "it has no JSON form: give it one with Schema.decodeTo or a toCodecJson annotation"

/** Whether a declaration without a JSON form is among them. Effect passes its values through unencoded. */
const isOpaque = (chain: ReadonlyArray<SchemaAST.AST>): boolean =>
  chain.some((ast) => SchemaAST.isDeclaration(ast) && transformationOf(ast) === unknownToJson())

const finiteNumber = lazy(() => SchemaRepresentation.toRepresentation(Schema.Finite.ast).representation)

/** The representation of a number with its checks. The JSON form of a number has `"NaN"` and drops the checks. */
const asNumber = (chain: ReadonlyArray<SchemaAST.AST>): Representation | undefined => {
  const number = chain.find((ast) => SchemaAST.isNumber(ast) && transformationOf(ast) === numberToJson())
  if (number === undefined) return undefined
  const { representation } = SchemaRepresentation.toRepresentation(SchemaAST.toType(number))
  const finite = finiteNumber()
  return representation._tag === "Number" && finite._tag === "Number"
    ? { ...representation, checks: [...finite.checks, ...representation.checks] }
    : undefined
}

/** Gives the JSON form the words and the format of the outermost schema that has any. */
const described = (representation: Representation, chain: ReadonlyArray<SchemaAST.AST>): Representation => {
  // The words of these belong to the definition they lead to.
  if (representation._tag === "Reference" || representation._tag === "Suspend") return representation
  const checks = representation.checks.map(reworded)
  const format = chain.map((ast) => formats().get(transformationOf(ast))).find((each) => each !== undefined)
  const source = chain.slice(0, -1).map(SchemaAST.resolve).find(hasWords)
  const annotations = {
    ...representation.annotations,
    ...optional("format", format),
    ...(source && wordsOf(source))
  }
  return Object.keys(annotations).length === 0
    ? { ...representation, checks }
    : { ...representation, checks, annotations }
}

const hasWords = (annotations: Annotations | undefined): annotations is Annotations =>
  annotations !== undefined && (annotations.description !== undefined || annotations.title !== undefined)

const wordsOf = ({ title, description }: Annotations): Annotations => ({
  ...optional("title", title),
  ...optional("description", description)
})

/**
 * Rewrites a check for a model. That a number is finite or an integer follows from its type, so these checks have
 * neither words nor the bounds of JavaScript's integers. A check without an exact counterpart in JSON Schema (the
 * length of a string counts other units there) is expressed by its words.
 */
const reworded = (check: SchemaRepresentation.Check): SchemaRepresentation.Check => {
  if (check._tag === "FilterGroup") {
    const [first, ...rest] = check.checks
    return { ...check, checks: [reworded(first), ...rest.map(reworded)] }
  }
  switch (check.representation?.id) {
    case "effect/schema/isFinite":
      return { ...check, annotations: { ...check.annotations, expected: undefined } }
    case "effect/schema/isInt":
      return {
        ...check,
        annotations: { ...check.annotations, expected: undefined, toJsonSchema: () => ({ type: "integer" }) }
      }
  }
  // Effect declares the annotation with this type for the checks of schemas.
  const toJsonSchema = check.annotations?.["toJsonSchema"] as SchemaRepresentation.ToJsonSchema.Check | undefined
  const exact: SchemaRepresentation.ToJsonSchema.Check = (input) => {
    const output = toJsonSchema?.(input)
    return output === undefined || (Array.isArray(output) && input.type === "string") ? [{}, true] : output
  }
  return { ...check, annotations: { ...check.annotations, toJsonSchema: exact } }
}

const join = (path: string, key: PropertyKey): string => path === "" ? String(key) : `${path}.${String(key)}`
