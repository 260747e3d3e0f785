import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import * as SchemaRepresentation from "effect/SchemaRepresentation"

type Representation = SchemaRepresentation.Representation
type Annotations = Schema.Annotations.Annotations

/** Something of a schema that JSON cannot hold: where it is, and what to do about it. */
export interface SchemaProblem {
  /** From the root, such as `steps[].photo`; `""` is the root itself. */
  readonly path: string
  readonly message: string
}

/**
 * What the JSON form of a schema looks like, in Effect's own terms, made ready for a model to read: what was said of a
 * transformed value (a date, a class) is said of its JSON, a number is a number and no `"NaN"`, dates and addresses have
 * their format, checks that say nothing to a model say nothing.
 */
export const representationOf = (
  codec: Schema.Constraint
): SchemaRepresentation.Document | SchemaProblem => {
  const document = SchemaRepresentation.toRepresentation(codec.ast, { referencePolicy })
  const references = new Map<string, Representation>()
  let problem: SchemaProblem | undefined

  const rewrite = (ast: SchemaAST.AST, representation: Representation, path: string, told = false): Representation => {
    const chain = encodingsOf(ast)
    if (isOpaque(chain)) problem ??= { path, message: opaque }
    const encoded = chain[chain.length - 1]!
    if (representation._tag === "Reference") {
      const { $ref } = representation
      const definition = document.references[$ref]!
      if (!references.has($ref)) {
        // It is there before its own parts are looked at, as they may refer to it.
        references.set($ref, definition)
        references.set($ref, inside(encoded, described(definition, told ? [encoded] : chain), path))
      }
      return representation
    }
    return inside(encoded, described(asNumber(chain) ?? representation, chain), path)
  }

  /** The parts are in the order of the schema they were made from. */
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

  /** What is said of a key is said of it alone; of a shared definition nothing else can be said where it is used. */
  const member = <M extends { readonly type: Representation; readonly annotations?: Annotations | undefined }>(
    ast: SchemaAST.AST,
    member: M,
    path: string
  ): M => {
    const chain = encodingsOf(ast)
    const said = chain.map((each) => each.context?.annotations).find(tells) ??
      (member.type._tag === "Reference" ? chain.slice(0, -1).map(SchemaAST.resolve).find(tells) : undefined)
    return {
      ...member,
      type: rewrite(ast, member.type, path, said !== undefined),
      ...(said === undefined ? undefined : { annotations: { ...wordsOf(said), ...member.annotations } })
    }
  }

  const representation = rewrite(codec.ast, document.representation, "")
  return problem ?? { representation, references: Object.fromEntries(references) }
}

/** Definitions are named for what they are of, in letters that every provider takes. */
const referencePolicy: SchemaRepresentation.ReferencePolicy = ({ identifier }) =>
  identifier?.replace(/Encoded$/, "").replace(/[^\w-]+/g, "_")

/** A schema and what it is encoded to, step by step; the last is the JSON. */
const encodingsOf = (ast: SchemaAST.AST): ReadonlyArray<SchemaAST.AST> => {
  const chain = [ast]
  for (let last = ast; last.encoding !== undefined;) {
    last = last.encoding[last.encoding.length - 1]!.to
    chain.push(last)
  }
  return chain
}

/** The transformation by which a schema was made JSON. They are told apart by identity. */
const transformationOf = (ast: SchemaAST.AST) => ast.encoding?.[ast.encoding.length - 1]?.transformation
const transformationTo = (schema: Schema.Constraint) => transformationOf(Schema.toCodecJson(schema).ast)

const unknownToJson = transformationTo(Schema.Unknown)
const numberToJson = transformationTo(Schema.Number)

const formats = new Map([
  ...[Schema.Date, Schema.DateFromString, Schema.DateTimeUtc, Schema.DateTimeUtcFromString].map((schema) =>
    [transformationTo(schema), "date-time"] as const
  ),
  ...[Schema.URL, Schema.URLFromString].map((schema) => [transformationTo(schema), "uri"] as const)
])

const opaque = "there is no JSON form of it: give it one with Schema.decodeTo, or with a toCodecJson annotation"

/** A declaration that says nothing of JSON is passed on as it is; it is no JSON that a model could write. */
const isOpaque = (chain: ReadonlyArray<SchemaAST.AST>): boolean =>
  chain.some((ast) => SchemaAST.isDeclaration(ast) && transformationOf(ast) === unknownToJson)

const finite = SchemaRepresentation.toRepresentation(Schema.Finite.ast).representation

/** A number, with its checks. Its JSON form would offer the model `"NaN"` and drop the checks. */
const asNumber = (chain: ReadonlyArray<SchemaAST.AST>): Representation | undefined => {
  const number = chain.find((ast) => SchemaAST.isNumber(ast) && transformationOf(ast) === numberToJson)
  if (number === undefined) return undefined
  const { representation } = SchemaRepresentation.toRepresentation(SchemaAST.toType(number))
  return representation._tag === "Number" && finite._tag === "Number"
    ? { ...representation, checks: [...finite.checks, ...representation.checks] }
    : undefined
}

/** What is said of any step of the encoding, from the outermost on, is said of the JSON. */
const described = (representation: Representation, chain: ReadonlyArray<SchemaAST.AST>): Representation => {
  // These only lead to what is said in its own place.
  if (representation._tag === "Reference" || representation._tag === "Suspend") return representation
  const checks = representation.checks.map(reworded)
  const format = chain.map((ast) => formats.get(transformationOf(ast))).find((each) => each !== undefined)
  const said = chain.slice(0, -1).map(SchemaAST.resolve).find(tells)
  const annotations = {
    ...representation.annotations,
    ...(format === undefined ? undefined : { format }),
    ...(said === undefined ? undefined : wordsOf(said))
  }
  return Object.keys(annotations).length === 0
    ? { ...representation, checks }
    : { ...representation, checks, annotations }
}

const tells = (annotations: Annotations | undefined): annotations is Annotations =>
  annotations !== undefined && (annotations.description !== undefined || annotations.title !== undefined)

const wordsOf = ({ title, description }: Annotations): Annotations => ({
  ...(title === undefined ? undefined : { title }),
  ...(description === undefined ? undefined : { description })
})

/**
 * That a number is finite or whole is told by its type, so no words and no bounds of JavaScript's integers. Where JSON
 * Schema has nothing for a check, or only comes near it (the length of a text counts other units), its words tell it.
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
  // The annotation is of this type wherever it is set: that of the checks of Effect's schemas.
  const toJsonSchema = check.annotations?.["toJsonSchema"] as SchemaRepresentation.ToJsonSchema.Check | undefined
  const exact: SchemaRepresentation.ToJsonSchema.Check = (input) => {
    const output = toJsonSchema?.(input)
    return output === undefined || (Array.isArray(output) && input.type === "string") ? [{}, true] : output
  }
  return { ...check, annotations: { ...check.annotations, toJsonSchema: exact } }
}

const join = (path: string, key: PropertyKey): string => path === "" ? String(key) : `${path}.${String(key)}`
