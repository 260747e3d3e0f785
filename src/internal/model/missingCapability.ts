import type { CallOptions } from "../../CallOptions.ts"
import type { Capabilities } from "../../Capabilities.ts"
import { UnsupportedError } from "../../ChatModelError.ts"
import type { Message } from "../../Message.ts"

/**
 * What a call asks for although the model declares that it cannot: the first such thing, with its place. It is told here
 * for every model alike, so that a server that would pass over it in silence is not asked.
 */
export const undeclared = (
  provider: string,
  capabilities: Partial<Capabilities>,
  messages: ReadonlyArray<Message>,
  options: CallOptions
): UnsupportedError | undefined => {
  const place = toolsPlace(capabilities, options) ?? formatPlace(capabilities, options) ??
    partPlace(capabilities, messages)
  return place === undefined
    ? undefined
    : new UnsupportedError({ field: place[0], message: `${place[0]}: ${provider} ${place[1]}` })
}

type Place = readonly [field: string, problem: string]

const toolsPlace = (
  capabilities: Partial<Capabilities>,
  { parallelToolCalls, tools = [] }: CallOptions
): Place | undefined => {
  for (const [i, tool] of tools.entries()) {
    if (tool.type !== "provider" && !capabilities.tools) return [`tools[${i}]`, "calls no tools"]
    // Of one that has tools of either kind, its adapter knows which of its own it takes.
    if (!capabilities.tools && !capabilities.serverTools) return [`tools[${i}]`, "has no tools"]
  }
  return parallelToolCalls === false && tools.length > 0 && !capabilities.parallelToolCalls
    ? ["parallelToolCalls", "does not take it"]
    : undefined
}

const formatPlace = (capabilities: Partial<Capabilities>, { responseFormat }: CallOptions): Place | undefined =>
  responseFormat?.type === "json_schema" && !capabilities.structuredOutput
    ? ["responseFormat", "holds an answer to no schema"]
    : undefined

const partPlace = (capabilities: Partial<Capabilities>, messages: ReadonlyArray<Message>): Place | undefined => {
  for (const [i, message] of messages.entries()) {
    if ((message._tag !== "HumanMessage" && message._tag !== "ToolMessage") || typeof message.content === "string") {
      continue
    }
    for (const [j, part] of message.content.entries()) {
      const field = `messages[${i}].content[${j}]`
      if (part.type === "image" && !capabilities.imageInput) return [field, "sees no images"]
      // A file that is text can go as text.
      if (part.type === "file" && part.source.type !== "text" && !capabilities.fileInput) {
        return [field, "reads no files"]
      }
    }
  }
  return undefined
}
