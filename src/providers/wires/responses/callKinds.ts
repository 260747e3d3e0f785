/**
 * Kinds of output items that are calls, or outputs of calls: how each becomes a part, and the part becomes the item
 * again. A table; used by the decoder (`calls.ts`, `output.ts`) and by the encoder (`answerItems.ts`, `messages.ts`).
 *
 * A call that the app has to answer is a `tool_call`, whatever the tool. One that OpenAI runs is a `server_tool_call`,
 * as is an MCP call that needs approval. Fields of an item that the part has no field for are in `metadata.item`.
 */
import { isObject, objectAt, stringAt } from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"

type Json = JsonObject[string]

/** A kind of call. */
export interface CallKind {
  /** Whether the app has to answer the call. */
  readonly answered: (item: JsonObject) => boolean
  /** The name of the tool. */
  readonly name: (item: JsonObject) => string
  /** The arguments as JSON text. */
  readonly args: (item: JsonObject) => string
  /** The fields of the item for these arguments. */
  readonly fields: (args: Json) => JsonObject
  /** The fields that the part itself holds, and `metadata.item` therefore need not. */
  readonly held: ReadonlyArray<string>
  /** The fields that hold the result of a call that OpenAI ran. */
  readonly results: ReadonlyArray<string>
  /** The type of the item that answers the call. */
  readonly output?: string | undefined
}

const named = (item: JsonObject): string => stringAt(item, "name") ?? ""
const textArgs = {
  args: (item: JsonObject) => stringAt(item, "arguments") ?? "",
  fields: (args: Json) => ({ arguments: JSON.stringify(args) })
}
const objectArgs = (key: string) => ({
  args: (item: JsonObject) => JSON.stringify(objectAt(item, key) ?? {}),
  fields: (args: Json): JsonObject => isEmpty(args) ? {} : { [key]: args }
})
/** Arguments that are fields of the item. */
const fieldArgs = (...keys: ReadonlyArray<string>) => ({
  args: (item: JsonObject) =>
    JSON.stringify(Object.fromEntries(keys.flatMap((key) => key in item ? [[key, item[key]]] : []))),
  fields: (args: Json): JsonObject => isObject(args) ? args : {}
})
const noArgs = { args: () => "{}", fields: (): JsonObject => ({}) }

const isEmpty = (args: Json): boolean => isObject(args) && Object.keys(args).length === 0

const always = () => true
const never = () => false

const client = { answered: always, results: [] }
const server = { answered: never, held: ["id"] }

/** Whether the app runs the shell: it does unless the call names a container. */
const runsAtCaller = (item: JsonObject): boolean =>
  stringAt(objectAt(item, "environment") ?? {}, "type") !== "container_reference"

const kinds = new Map<string, CallKind>([
  ["function_call", {
    ...client,
    ...textArgs,
    name: named,
    held: ["call_id", "name", "arguments"],
    output: "function_call_output"
  }],
  // The input is free text, which is a string in JSON.
  ["custom_tool_call", {
    ...client,
    name: named,
    args: (item) => JSON.stringify(stringAt(item, "input") ?? ""),
    fields: (args) => ({ input: typeof args === "string" ? args : JSON.stringify(args) }),
    held: ["call_id", "name", "input"],
    output: "custom_tool_call_output"
  }],
  ["shell_call", {
    answered: runsAtCaller,
    name: () => "shell",
    // The commands come first, as they are streamed.
    args: (item) => {
      const { commands = [], ...rest } = objectAt(item, "action") ?? {}
      return JSON.stringify({ commands, ...rest })
    },
    fields: (action) => ({ action }),
    held: ["call_id", "action"],
    results: [],
    output: "shell_call_output"
  }],
  ["local_shell_call", {
    ...client,
    ...objectArgs("action"),
    name: () => "local_shell",
    held: ["call_id", "action"],
    output: "local_shell_call_output"
  }],
  ["apply_patch_call", {
    ...client,
    name: () => "apply_patch",
    // The diff comes last, as it is streamed.
    args: (item) => {
      const { diff, ...rest } = objectAt(item, "operation") ?? {}
      return JSON.stringify(diff === undefined ? rest : { ...rest, diff })
    },
    fields: (operation) => ({ operation }),
    held: ["call_id", "operation"],
    output: "apply_patch_call_output"
  }],
  ["computer_call", {
    ...client,
    ...fieldArgs("action", "actions"),
    name: () => "computer",
    held: ["call_id", "action", "actions"],
    output: "computer_call_output"
  }],
  ["tool_search_call", {
    answered: (item) => item["execution"] === "client",
    name: () => "tool_search",
    args: (item) => JSON.stringify(item["arguments"] ?? {}),
    fields: (args) => ({ arguments: args }),
    // A search that OpenAI runs has no call id.
    held: ["arguments"],
    results: [],
    output: "tool_search_output"
  }],
  ["web_search_call", {
    ...server,
    ...objectArgs("action"),
    name: () => "web_search",
    held: ["action"],
    results: ["results"]
  }],
  ["file_search_call", {
    ...server,
    ...fieldArgs("queries"),
    name: () => "file_search",
    held: ["queries"],
    results: ["results"]
  }],
  ["code_interpreter_call", {
    ...server,
    ...fieldArgs("code"),
    name: () => "code_interpreter",
    held: ["code"],
    results: ["outputs"]
  }],
  // The result is an image, which becomes a `file` part.
  ["image_generation_call", { ...server, ...noArgs, name: () => "image_generation", held: ["result"], results: [] }],
  ["mcp_call", {
    ...server,
    ...textArgs,
    name: named,
    held: ["name", "arguments"],
    results: ["output", "error"]
  }],
  ["mcp_list_tools", { ...server, ...noArgs, name: () => "mcp_list_tools", held: [], results: ["tools", "error"] }],
  ["mcp_approval_request", {
    ...server,
    ...textArgs,
    name: named,
    held: ["name", "arguments"],
    results: [],
    output: "mcp_approval_response"
  }],
  ["program", {
    ...server,
    ...fieldArgs("code"),
    name: () => "program",
    held: ["call_id", "code"],
    results: []
  }]
])

/** The kind of an item of this type; undefined if it is no call. */
export const callKind = (type: string): CallKind | undefined => kinds.get(type)

/** The id that the answer to a call refers to. */
export const callId = (item: JsonObject): string => stringAt(item, "call_id") ?? stringAt(item, "id") ?? ""

/** The field that holds the output of a call that OpenAI ran; undefined for items of other types. */
export const outputField = (type: string): string | undefined => outputs.get(type)

const outputs = new Map([
  ["function_call_output", "output"],
  ["custom_tool_call_output", "output"],
  ["shell_call_output", "output"],
  ["local_shell_call_output", "output"],
  ["apply_patch_call_output", "output"],
  ["computer_call_output", "output"],
  ["tool_search_output", "tools"],
  ["program_output", "result"]
])
