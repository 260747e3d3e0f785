/**
 * Reads the body of `POST /v1/chat/completions` (https://platform.openai.com/docs/api-reference/chat/create). Called by
 * the wire alone. What the server cannot do is an error that names the field; what has no effect is named, too.
 *
 * Reasoning in the client's history is not read: nothing proves that a model wrote it.
 */
import { identity } from "effect/Function"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import type { CallOptions, ResponseFormat, ToolChoice, ToolDefinition } from "../../CallOptions.ts"
import { isObject } from "../../internal/json/object.ts"
import { settled, toMessages } from "../../internal/model/messages.ts"
import type { RoleMessage } from "../../internal/model/request.ts"
import { optional } from "../../internal/optional.ts"
import { readDataUrl } from "../../internal/provider/encoding.ts"
import { file, image, text } from "../../Message.ts"
import type { InputPart, Message } from "../../Message.ts"
import { invalid, isPublicError, unsupported } from "../publicError.ts"
import type { PublicError } from "../publicError.ts"
import type { Asked, Counts } from "../wire.ts"

// -----------------------------------------------------------------------------
// the body
// -----------------------------------------------------------------------------

/** Clients send null for what they leave out. */
const maybe = <S extends Schema.Constraint>(schema: S) => Schema.optional(Schema.NullOr(schema))

const TextPart = Schema.Struct({ type: Schema.Literal("text"), text: Schema.String })
const ImagePart = Schema.Struct({ type: Schema.Literal("image_url"), image_url: Schema.Struct({ url: Schema.String }) })
const FilePart = Schema.Struct({
  type: Schema.Literal("file"),
  file: Schema.Struct({
    file_data: maybe(Schema.String),
    filename: maybe(Schema.String),
    file_id: maybe(Schema.String)
  })
})
const RefusalPart = Schema.Struct({ type: Schema.Literal("refusal"), refusal: Schema.String })

const Text = Schema.Union([Schema.String, Schema.Array(TextPart)])

const MessageBody = Schema.Union([
  Schema.Struct({ role: Schema.Literals(["system", "developer"]), content: Text }),
  Schema.Struct({
    role: Schema.Literal("user"),
    content: Schema.Union([Schema.String, Schema.Array(Schema.Union([TextPart, ImagePart, FilePart]))])
  }),
  Schema.Struct({
    role: Schema.Literal("assistant"),
    content: maybe(Schema.Union([Schema.String, Schema.Array(Schema.Union([TextPart, RefusalPart]))])),
    refusal: maybe(Schema.String),
    tool_calls: maybe(Schema.Array(Schema.Struct({
      id: Schema.String,
      type: maybe(Schema.Literal("function")),
      function: Schema.Struct({ name: Schema.String, arguments: Schema.String })
    })))
  }),
  Schema.Struct({ role: Schema.Literal("tool"), tool_call_id: Schema.String, content: Text })
])

const JsonObject = Schema.Record(Schema.String, Schema.Unknown)
const PositiveInt = Schema.Int.check(Schema.isGreaterThan(0))

const Body = Schema.Struct({
  model: Schema.String,
  messages: Schema.Array(MessageBody),
  stream: maybe(Schema.Boolean),
  stream_options: maybe(Schema.Struct({ include_usage: maybe(Schema.Boolean) })),
  max_tokens: maybe(PositiveInt),
  max_completion_tokens: maybe(PositiveInt),
  temperature: maybe(Schema.Finite),
  top_p: maybe(Schema.Finite),
  top_k: maybe(PositiveInt),
  stop: maybe(Schema.Union([Schema.String, Schema.Array(Schema.String)])),
  tools: maybe(Schema.Array(Schema.Struct({
    type: Schema.Literal("function"),
    function: Schema.Struct({
      name: Schema.String.check(Schema.isPattern(/^[a-zA-Z0-9_-]{1,64}$/)),
      description: maybe(Schema.String),
      parameters: maybe(JsonObject),
      strict: maybe(Schema.Boolean)
    })
  }))),
  tool_choice: maybe(Schema.Union([
    Schema.Literals(["auto", "none", "required"]),
    Schema.Struct({ type: Schema.Literal("function"), function: Schema.Struct({ name: Schema.String }) })
  ])),
  parallel_tool_calls: maybe(Schema.Boolean),
  reasoning_effort: maybe(Schema.Literals(["none", "minimal", "low", "medium", "high", "xhigh", "max"])),
  response_format: maybe(Schema.Union([
    Schema.Struct({ type: Schema.Literals(["text", "json_object"]) }),
    Schema.Struct({
      type: Schema.Literal("json_schema"),
      json_schema: Schema.Struct({
        name: maybe(Schema.String),
        description: maybe(Schema.String),
        schema: JsonObject,
        strict: maybe(Schema.Boolean)
      })
    })
  ]))
})

type Body = typeof Body.Type

const decodeBody = Schema.decodeUnknownResult(Body)
const standard = SchemaIssue.makeFormatterStandardSchemaV1()

/** The path of the first issue. Messages of issues are not shown, as they repeat values. */
const fieldOf = ({ issue }: Schema.SchemaError): string => {
  const [first] = standard(issue).issues
  const keys = (first?.path ?? []).map((key) => typeof key === "object" ? key.key : key)
  return keys.reduce<string>(
    (path, key) => typeof key === "number" ? `${path}[${key}]` : path === "" ? String(key) : `${path}.${String(key)}`,
    ""
  ) || "body"
}

/** Reads a request. */
export const decode = (body: unknown, counts: Counts): Asked | PublicError => {
  if (!isObject(body)) return invalid("body", "must be a JSON object.")
  const refused = refusedField(body)
  if (refused !== undefined) return refused
  const tooMany = countProblem(body["messages"], counts)
  if (tooMany !== undefined) return tooMany
  const decoded = decodeBody(body)
  if (decoded._tag === "Failure") return invalid(fieldOf(decoded.failure), "is missing or has the wrong type.")
  const request = decoded.success
  const messages = messagesOf(request.messages)
  if (isPublicError(messages)) return messages
  const { given, options } = optionsOf(request)
  return {
    chat: request.model,
    messages,
    options,
    given,
    unread: Object.keys(body)
      .filter((key) => isSet(body[key]) && !readFields.has(key) && /^[a-z_]{1,40}$/.test(key))
      .slice(0, maxUnread),
    stream: request.stream === true,
    streamedUsage: request.stream_options?.include_usage === true
  }
}

/** The names go into a header, which must not grow with the request. */
const maxUnread = 20

const isSet = (value: unknown): boolean => value !== undefined && value !== null

/** The fields that are read, and those whose default value says nothing. */
const readFields: ReadonlySet<string> = new Set([
  ...Object.keys(Body.fields),
  "n",
  "logprobs",
  "top_logprobs",
  "modalities",
  "audio"
])

/** A field that asks for an answer of another form, which no option of a call can ask for. */
const refusedField = (body: { readonly [key: string]: unknown }): PublicError | undefined => {
  const { functions, logprobs, modalities, n, top_logprobs: top } = body
  if (isSet(n) && n !== 1) return unsupported("n", "this server gives one answer.")
  if (logprobs === true || (isSet(top) && top !== 0)) return unsupported("logprobs", "this server gives none.")
  if (isSet(body["audio"]) || (Array.isArray(modalities) && modalities.some((each) => each !== "text"))) {
    return unsupported(isSet(body["audio"]) ? "audio" : "modalities", "this server answers in text.")
  }
  return isSet(functions) ? unsupported("functions", "use tools.") : undefined
}

/** Counted before the schema reads them. */
const countProblem = (messages: unknown, counts: Counts): PublicError | undefined => {
  if (!Array.isArray(messages)) return undefined
  if (messages.length > counts.messages) return invalid("messages", `has more than ${counts.messages} messages.`)
  for (const [i, message] of messages.entries()) {
    for (const key of ["content", "tool_calls"]) {
      const parts: unknown = isObject(message) ? message[key] : undefined
      if (Array.isArray(parts) && parts.length > counts.parts) {
        return invalid(`messages[${i}].${key}`, `has more than ${counts.parts} parts.`)
      }
    }
  }
  return undefined
}

// -----------------------------------------------------------------------------
// messages
// -----------------------------------------------------------------------------

const messagesOf = (bodies: Body["messages"]): ReadonlyArray<Message> | PublicError => {
  const messages: Array<Message> = []
  for (const [i, body] of bodies.entries()) {
    const role = roleMessage(body, `messages[${i}]`)
    if (isPublicError(role)) return role
    messages.push(...toMessages([role]))
  }
  const { pending } = settled(messages)
  if (pending !== undefined) {
    return invalid(`messages[${messages.indexOf(pending.message)}].tool_calls`, "a call has no result.")
  }
  return messages
}

const roleMessage = (body: Body["messages"][number], field: string): RoleMessage | PublicError => {
  switch (body.role) {
    case "user": {
      if (typeof body.content === "string") return { role: "user", content: body.content }
      const parts: Array<InputPart> = []
      for (const [i, part] of body.content.entries()) {
        const read = inputPart(part, `${field}.content[${i}]`)
        if (isPublicError(read)) return read
        parts.push(read)
      }
      return { role: "user", content: parts }
    }
    case "assistant": {
      const { content, refusal, tool_calls: calls } = body
      const pieces = typeof content === "string" ?
        [content] :
        (content ?? []).map((part) => part.type === "text" ? part.text : part.refusal)
      return {
        role: "assistant",
        content: [...pieces, refusal ?? ""].join(""),
        ...optional("tool_calls", calls ?? undefined)
      }
    }
    default:
      return body
  }
}

type UserPart = Exclude<Extract<Body["messages"][number], { readonly role: "user" }>["content"], string>[number]

const inputPart = (part: UserPart, field: string): InputPart | PublicError => {
  if (part.type === "text") return text(part.text)
  if (part.type === "image_url") {
    const { url } = part.image_url
    const problem = urlProblem(url, `${field}.image_url.url`)
    if (problem !== undefined) return problem
    const read = readDataUrl(url)
    return image(read ?? { url })
  }
  const { file_data: data, file_id: id, filename } = part.file
  // An id names a file in the account of this server, which is not the client's.
  if (isSet(id)) return unsupported(`${field}.file.file_id`, "send the file as file_data.")
  const read = readDataUrl(data ?? "")
  return read === undefined
    ? invalid(`${field}.file.file_data`, "must be a data: URL.")
    : file({ ...read, ...optional("name", filename ?? undefined) })
}

/** Addresses go to the provider; this server fetches none. */
const urlProblem = (url: string, field: string): PublicError | undefined =>
  /^https?:\/\//i.test(url) || readDataUrl(url) !== undefined
    ? undefined
    : invalid(field, "must be an http:, https: or data: URL.")

// -----------------------------------------------------------------------------
// options
// -----------------------------------------------------------------------------

/** The options of a call, each with the field that it comes from. */
const optionsOf = (body: Body): { readonly options: CallOptions; readonly given: ReadonlyArray<string> } => {
  const given: Array<string> = []
  const from = <A, B>(name: keyof Body, value: A | null | undefined, to: (value: A) => B): B | undefined => {
    if (value === null || value === undefined) return undefined
    given.push(name)
    return to(value)
  }
  const options: CallOptions = {
    ...optional("maxTokens", from("max_tokens", body.max_tokens, identity)),
    ...optional("maxTokens", from("max_completion_tokens", body.max_completion_tokens, identity)),
    ...optional("temperature", from("temperature", body.temperature, identity)),
    ...optional("topP", from("top_p", body.top_p, identity)),
    ...optional("topK", from("top_k", body.top_k, identity)),
    ...optional("stopSequences", from("stop", body.stop, (stop) => typeof stop === "string" ? [stop] : stop)),
    ...optional("tools", from("tools", body.tools?.length === 0 ? undefined : body.tools, toolsOf)),
    ...optional("toolChoice", from("tool_choice", body.tool_choice, toolChoiceOf)),
    ...optional("parallelToolCalls", from("parallel_tool_calls", body.parallel_tool_calls, identity)),
    ...optional("reasoning", from("reasoning_effort", body.reasoning_effort, (effort) => ({ effort }))),
    ...optional("responseFormat", from("response_format", body.response_format, formatOf))
  }
  return { options, given }
}

const toolsOf = (tools: NonNullable<Body["tools"]>): ReadonlyArray<ToolDefinition> =>
  tools.map(({ function: { description, name, parameters, strict } }) => ({
    name,
    ...optional("description", description ?? undefined),
    parameters: parameters ?? { type: "object", properties: {} },
    ...optional("strict", strict ?? undefined)
  }))

const toolChoiceOf = (choice: NonNullable<Body["tool_choice"]>): ToolChoice =>
  typeof choice === "string" ? choice : { name: choice.function.name }

const formatOf = (format: NonNullable<Body["response_format"]>): ResponseFormat => {
  if (format.type !== "json_schema") return { type: format.type === "text" ? "text" : "json" }
  const { description, name, schema, strict } = format.json_schema
  return {
    type: "json_schema",
    ...optional("name", name ?? undefined),
    ...optional("description", description ?? undefined),
    schema,
    strict: strict ?? false // the default of this API
  }
}
