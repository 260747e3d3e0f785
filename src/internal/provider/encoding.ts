/**
 * Helpers that the encoders of all wires share: the problems of a request, schemas, images and files, and the ids of
 * calls. An `EncodingIssues` is made by `encodeRequest` of each wire and passed to the functions that encode its parts,
 * so that these return plain JSON. Must import no provider.
 */
import * as Base64 from "effect/encoding/Base64"
import type * as JsonSchema from "effect/JsonSchema"
import * as Result from "effect/Result"
import type { ToolDefinition } from "../../CallOptions.ts"
import { InvalidRequestError, UnsupportedError } from "../../ChatModelError.ts"
import type { Reason } from "../../ChatModelError.ts"
import type { FilePart, ImagePart, Message } from "../../Message.ts"
import type { Position } from "../http/httpStream.ts"
import { toDialect } from "../jsonSchema/dialect.ts"
import type { SchemaDialect } from "../jsonSchema/dialect.ts"
import { definitionOf, isJsonSchema, objectOf, refsFrom } from "../jsonSchema/nodes.ts"

/** A part of a call that the provider does not take, and that changes no answer. */
export interface EncodingWarning {
  /** The part that was left out, such as `messages[1]`. */
  readonly field: string
  /** The reason, for people. */
  readonly reason: string
}

/** A request that can be sent. */
export interface Encoded {
  readonly body: { readonly [key: string]: unknown }
  /** Parts of the call that were left out, for the log and for the metadata of the message. */
  readonly warnings: ReadonlyArray<EncodingWarning>
  /** Asks for the rest of a response that the provider keeps, in place of a new response. */
  readonly rest?: Position | undefined
}

/** Warnings for the log and the metadata, and the first problem that makes the request impossible. */
export class EncodingIssues {
  readonly warnings: Array<EncodingWarning> = []
  problem: Reason | undefined

  warn(field: string, reason: string): void {
    if (!this.warnings.some((each) => each.field === field && each.reason === reason)) {
      this.warnings.push({ field, reason })
    }
  }

  unsupported(field: string, message: string): void {
    this.problem ??= new UnsupportedError({ field, message: `${field}: ${message}` })
  }

  invalid(field: string, message: string): void {
    this.problem ??= new InvalidRequestError({ field, message: `${field}: ${message}` })
  }
}

/** A schema in the provider's part of JSON Schema. `at` is the field that holds it, for the error. */
export const encodeSchema = (
  schema: JsonSchema.JsonSchema,
  dialect: SchemaDialect,
  at: string,
  issues: EncodingIssues
): JsonSchema.JsonSchema =>
  Result.match(toDialect(schema, dialect), {
    onSuccess: (schema) => schema,
    onFailure: ({ message, path }) => {
      issues.unsupported(path === "" ? at : `${at} (${path})`, message)
      return schema
    }
  })

/**
 * The parameters of a tool as the schema of one object, which is what every provider asks for. A strict tool has them
 * in the provider's part of JSON Schema; those of any other tool are completed by `complete`.
 */
export const encodeParameters = (
  { parameters, strict }: Pick<ToolDefinition, "parameters" | "strict">,
  { at, complete, dialect }: {
    /** The place of the tool, for the error. */
    readonly at: string
    readonly dialect: SchemaDialect
    readonly complete: (schema: JsonSchema.JsonSchema) => JsonSchema.JsonSchema
  },
  issues: EncodingIssues
): JsonSchema.JsonSchema => {
  const field = `${at}.parameters`
  // A schema without any type, such as `{}`, is that of an object here.
  const object = objectOf(shapes.some((key) => key in parameters) ? parameters : { type: "object", ...parameters })
  if (object === undefined) {
    issues.invalid(field, "must be the schema of an object")
    return parameters
  }
  const lost = [...refsFrom(object, object)].find(($ref) => definitionOf(object, $ref) === undefined)
  if (lost !== undefined) issues.invalid(field, `the definition ${lost} does not exist in the schema`)
  if (strict !== true) return complete(object)
  const { additionalProperties, properties } = object
  const none = additionalProperties === undefined &&
    Object.keys(isJsonSchema(properties) ? properties : {}).length === 0
  // Providers that hold a model to a schema take none that allows any object.
  return encodeSchema(
    none ? { ...object, properties: {}, additionalProperties: false } : object,
    dialect,
    field,
    issues
  )
}

const shapes = ["type", "properties", "$ref", "allOf", "anyOf", "oneOf"]

// -----------------------------------------------------------------------------
// images and files
// -----------------------------------------------------------------------------

/** The content of a `data:` URL. */
export interface DataUrl {
  readonly mediaType: string
  /** The bytes in base64. */
  readonly data: string
}

const isDataUrl = (text: string): boolean => /^data:/i.test(text)

/** Reads a `data:` URL, in base64 or percent-encoded. Undefined if it is malformed or empty. */
export const readDataUrl = (url: string): DataUrl | undefined => {
  const comma = url.indexOf(",")
  if (!isDataUrl(url) || comma === -1) return undefined
  const [mediaType = "", ...parameters] = url.slice("data:".length, comma).split(";")
  const content = percentDecoded(url.slice(comma + 1))
  if (content === undefined || content === "") return undefined
  const encoded = parameters.some((parameter) => parameter.trim().toLowerCase() === "base64")
  return {
    mediaType: mediaType.trim() === "" ? "text/plain" : usualMediaType(mediaType),
    data: encoded ? content.replaceAll(/\s+/g, "") : Base64.encode(content)
  }
}

const percentDecoded = (text: string): string | undefined => {
  if (!text.includes("%")) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** A part with its usual media type. A `data:` URL, which stands for its content, becomes that content. */
export const usualPart = <P extends ImagePart | FilePart>(part: P, field: string, issues: EncodingIssues): P => {
  const { mediaType: given, source } = part
  const url = source.type === "url" ? source.url : source.type === "base64" ? source.data : ""
  if (!isDataUrl(url)) {
    const mediaType = given === undefined ? undefined : usualMediaType(given)
    return mediaType === given ? part : { ...part, mediaType }
  }
  const read = readDataUrl(url)
  if (read === undefined) {
    issues.invalid(`${field}.source`, "the data: URL is malformed or empty")
    return part
  }
  const mediaType = given === undefined ? read.mediaType : usualMediaType(given)
  return { ...part, mediaType, source: { type: "base64", data: read.data } }
}

/** The usual spelling of a media type, without parameters. */
const usualMediaType = (mediaType: string): string => {
  const type = mediaType.split(";", 1)[0]!.trim().toLowerCase() // the first piece always exists
  return spellings.get(type) ?? type
}

const spellings = new Map(
  Object.entries({
    "image/jpeg": ["image/jpg", "image/pjpeg", "image/x-jpeg", "jpg", "jpeg"],
    "image/png": ["image/x-png", "png"],
    "image/gif": ["gif"],
    "image/webp": ["image/x-webp", "webp"],
    "application/pdf": ["application/x-pdf", "application/acrobat", "text/pdf", "pdf"],
    "audio/wav": ["audio/x-wav", "audio/wave", "audio/x-pn-wav", "audio/vnd.wave", "wav"],
    "audio/mpeg": ["audio/mp3", "audio/x-mp3", "audio/mpeg3", "audio/x-mpeg-3", "audio/x-mpeg", "mp3"],
    "application/json": ["application/x-json", "text/json", "json"],
    "text/csv": ["application/csv", "text/x-csv", "csv"],
    "text/markdown": ["text/x-markdown", "md"],
    "text/plain": ["txt"]
  }).flatMap(([usual, others]) => others.map((other) => [other, usual] as const))
)

// -----------------------------------------------------------------------------
// ids of calls
// -----------------------------------------------------------------------------

/** The ids of calls that a provider takes. */
export interface IdRule {
  readonly fits: (id: string) => boolean
  /** An id that fits, always the same for the same arguments. Another attempt gives another id. */
  readonly make: (id: string, attempt: number) => string
  /** Whether no two calls of a conversation may have the same id. Servers may repeat one in a later answer. */
  readonly unique?: boolean | undefined
}

/**
 * Fits the ids of one conversation to a rule, alike in calls and results. An id that fits stays as it is, and two ids
 * stay two. Calls and results are passed in the order of the conversation.
 */
export class CallIds {
  readonly #rule: IdRule | undefined
  readonly #messages: ReadonlyArray<Message>
  /** The ids of calls so far, as they were sent. */
  readonly #sent = new Map<string, string>()
  /** The ids that are in use. Collected for the first id that does not fit, as there is seldom one. */
  #taken: Set<string> | undefined

  /** Without a rule, every id fits. */
  constructor(rule: IdRule | undefined, messages: ReadonlyArray<Message>) {
    this.#rule = rule
    this.#messages = messages
  }

  /** The id of a call. One that its own server made may be kept, whatever it looks like. */
  call(id: string, keep: boolean): string {
    const rule = this.#rule
    const known = this.#sent.get(id)
    if (rule === undefined || (known !== undefined && rule.unique !== true)) return known ?? id
    const fitted = known === undefined && (keep || rule.fits(id)) ? id : this.#make(id, rule)
    this.#sent.set(id, fitted)
    return fitted
  }

  /** The id in the result of a call: that of the last call with this id. */
  result(id: string): string {
    return this.#sent.get(id) ?? this.call(id, false)
  }

  #make(id: string, rule: IdRule): string {
    const taken = this.#taken ??= new Set(this.#messages.flatMap((message) =>
      message._tag === "AIMessage"
        ? [...message.toolCalls, ...message.invalidToolCalls].map((call) => call.id)
        : []
    ))
    let attempt = 0
    let fitted = rule.make(id, attempt)
    while (taken.has(fitted)) fitted = rule.make(id, ++attempt)
    taken.add(fitted)
    return fitted
  }
}

/** Ids of up to so many characters. A longer one keeps its beginning. */
export const idsUpTo = (length: number): IdRule => ({
  fits: (id) => id !== "" && id.length <= length,
  make: (id, attempt) => `${id.slice(0, length - 10) || "call"}_${shortId(`${id}${attempt}`)}`
})

/** An id of nine letters and digits, always the same for the same text. */
export const shortId = (text: string): string => {
  let a = 0x811c9dc5
  let b = 0x1b873593
  for (let i = 0; i < text.length; i++) {
    a = Math.imul(a ^ text.charCodeAt(i), 0x01000193)
    b = Math.imul(b ^ text.charCodeAt(i), 0x5bd1e995)
  }
  return ((a >>> 0).toString(36) + (b >>> 0).toString(36)).padStart(9, "0").slice(-9)
}
