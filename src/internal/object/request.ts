import type * as JsonSchema from "effect/JsonSchema"
import type { CallOptions } from "../../CallOptions.ts"
import type { Capabilities } from "../../Capabilities.ts"
import { UnsupportedError } from "../../ChatModelError.ts"
import { system } from "../../Message.ts"
import { toMessages } from "../model/prepare.ts"
import type { ChatInput } from "../model/request.ts"
import type { Asked, ObjectMethod } from "./types.ts"

/** What a model says of itself. */
export interface Able {
  readonly capabilities: Capabilities
  readonly supportsSchema: (schema: JsonSchema.JsonSchema) => boolean
}

/** The method that was asked for, or the best one the model has; the reason if it cannot do what was asked for. */
export const methodFor = (
  { capabilities: { structuredOutput, tools }, supportsSchema }: Able,
  method: ObjectMethod | undefined,
  schema: JsonSchema.JsonSchema
): ObjectMethod | UnsupportedError => {
  switch (method) {
    case undefined:
      return structuredOutput && supportsSchema(schema) ? "native" : tools ? "tool" : "json"
    case "native":
      return structuredOutput ? method : unable("it cannot be held to a schema (capabilities.structuredOutput)")
    case "tool":
      return tools ? method : unable("it calls no tools (capabilities.tools)")
    case "json":
      return method
  }
}

const unable = (why: string) => new UnsupportedError({ field: "method", message: `method: ${why}` })

const defaultName = "answer"

/** The tool whose arguments are the object. */
export const toolName = ({ name }: Asked): string => name ?? defaultName

/** The call that brings the model to answer with an object. */
export const requestFor = (
  { capabilities }: Able,
  input: ChatInput,
  asked: Asked,
  method: ObjectMethod,
  schema: JsonSchema.JsonSchema
): { readonly input: ChatInput; readonly options: CallOptions } => {
  const { description, method: _, name, ...options } = asked
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
            ...(description === undefined ? undefined : { description })
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
          // Who can call several at once might call this one twice.
          ...(capabilities.parallelToolCalls ? { parallelToolCalls: false } : undefined)
        }
      }
    }
    case "json":
      return { input: instructed(input, name, description, schema), options }
  }
}

/** The schema goes behind the instructions that are there already. */
const instructed = (
  input: ChatInput,
  name: string | undefined,
  description: string | undefined,
  schema: JsonSchema.JsonSchema
): ChatInput => {
  const messages = toMessages(input)
  const found = messages.findIndex((message) => message._tag !== "SystemMessage")
  const first = found === -1 ? messages.length : found
  const what = [name, description].filter((each) => each !== undefined).join(": ")
  const text = `Answer with a JSON object${what === "" ? "" : ` (${what})`}, and nothing else. ` +
    `It must fit this JSON Schema:\n\n${JSON.stringify(schema)}`
  return [...messages.slice(0, first), system(text), ...messages.slice(first)]
}
