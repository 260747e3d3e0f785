/**
 * Chooses how a model is asked for an object and makes the request. Only generate.ts calls it. It knows models by their
 * capabilities alone.
 */
import type * as JsonSchema from "effect/JsonSchema"
import type { CallOptions } from "../../CallOptions.ts"
import type { Capabilities } from "../../Capabilities.ts"
import { UnsupportedError } from "../../ChatModelError.ts"
import { system } from "../../Message.ts"
import { asks, canBeOff } from "../facts/reasoning.ts"
import type { Facts } from "../facts/types.ts"
import { toMessages } from "../model/messages.ts"
import type { ChatInput } from "../model/request.ts"
import { optional } from "../optional.ts"
import type { ObjectMethod, ObjectRequest } from "./types.ts"

/** The capabilities of a model that decide how it generates objects. */
export interface ObjectCapable {
  /** The declared capabilities. */
  readonly capabilities: Capabilities
  /** The facts that are known of the model. */
  readonly facts: Facts
  /** Whether the provider can enforce this JSON Schema. */
  readonly supportsSchema: (schema: JsonSchema.JsonSchema) => boolean
}

/** The requested method, or else the best one that the model supports. Returns an error for an unsupported one. */
export const methodFor = (
  { capabilities: { structuredOutput, tools }, facts, supportsSchema }: ObjectCapable,
  request: ObjectRequest,
  schema: JsonSchema.JsonSchema
): ObjectMethod | UnsupportedError => {
  const { method } = request
  switch (method) {
    case undefined: {
      const { json, tool } = lawful(facts, request)
      if (structuredOutput && json && supportsSchema(schema)) return "native"
      return tools && tool ? "tool" : "json"
    }
    case "native":
      return structuredOutput ? method : unsupported("structured output (capabilities.structuredOutput)")
    case "tool":
      return tools ? method : unsupported("tools (capabilities.tools)")
    case "json":
      return method
  }
}

/** Whether the model takes a schema, and a forced tool, beside the other options of the request. */
const lawful = ({ jsonWhen, thinking, tools }: Facts, request: ObjectRequest) => {
  const quiet = !asks(request) && (thinking === undefined || thinking.control === "none" || canBeOff(thinking))
  return {
    json: (quiet || jsonWhen !== "thinking-off") && (tools?.withSchema !== false || (request.tools ?? []).length === 0),
    tool: tools?.forced !== "never" && (quiet || tools?.forced !== "thinking-off")
  }
}

const unsupported = (feature: string) =>
  new UnsupportedError({
    field: "method",
    message: `method: the model does not support ${feature}; omit the method to use one that it supports`
  })

const defaultName = "answer"

/** The tool whose arguments are the object. */
export const toolName = ({ name }: ObjectRequest): string => name ?? defaultName

/** The input and the options of the call that asks for the object. */
export const requestFor = (
  { capabilities }: ObjectCapable,
  input: ChatInput,
  request: ObjectRequest,
  method: ObjectMethod,
  schema: JsonSchema.JsonSchema
): { readonly input: ChatInput; readonly options: CallOptions } => {
  const { description, method: _, name, ...options } = request
  switch (method) {
    case "native":
      return {
        input,
        options: {
          ...options,
          responseFormat: {
            type: "json_schema",
            schema,
            name: name ?? defaultName,
            ...optional("description", description)
          }
        }
      }
    case "tool": {
      const tool = toolName({ name })
      return {
        input,
        options: {
          ...options,
          tools: [
            ...(options.tools ?? []),
            { name: tool, description: description ?? "Gives the answer.", parameters: schema }
          ],
          toolChoice: { name: tool },
          // A model that can call several tools at once might call this one twice.
          ...(capabilities.parallelToolCalls ? { parallelToolCalls: false } : undefined)
        }
      }
    }
    case "json":
      return { input: instructed(input, name, description, schema), options }
  }
}

/** The input with the schema as one more system message, after those at its start. */
const instructed = (
  input: ChatInput,
  name: string | undefined,
  description: string | undefined,
  schema: JsonSchema.JsonSchema
): ChatInput => {
  const messages = toMessages(input)
  const found = messages.findIndex((message) => message._tag !== "SystemMessage")
  const first = found === -1 ? messages.length : found
  const subject = [name, description].filter((each) => each !== undefined).join(": ")
  const text = `Answer with a JSON object${subject === "" ? "" : ` (${subject})`}, and nothing else. ` +
    `It must fit this JSON Schema:\n\n${JSON.stringify(schema)}`
  return [...messages.slice(0, first), system(text), ...messages.slice(first)]
}
