/**
 * Checks a call against the capabilities that a model declares. Used by `prepare`.
 */
import type { CallOptions } from "../../CallOptions.ts"
import type { Capabilities } from "../../Capabilities.ts"
import { UnsupportedError } from "../../ChatModelError.ts"
import type { Message } from "../../Message.ts"

/**
 * The first part of a call that the model declares it does not support. The check is the same for every model, so that
 * no server silently ignores a part of a request.
 */
export const missingCapability = (
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
    if (tool.type !== "provider" && !capabilities.tools) return [`tools[${i}]`, "does not support tools"]
    // If a model has tools of either kind, its adapter knows which provider tools it takes.
    if (!capabilities.tools && !capabilities.serverTools) return [`tools[${i}]`, "does not support tools"]
  }
  return parallelToolCalls === false && tools.length > 0 && !capabilities.parallelToolCalls
    ? ["parallelToolCalls", "does not support this option"]
    : undefined
}

const formatPlace = (capabilities: Partial<Capabilities>, { responseFormat }: CallOptions): Place | undefined =>
  responseFormat?.type === "json_schema" && !capabilities.structuredOutput
    ? ["responseFormat", "does not support structured output"]
    : undefined

const partPlace = (capabilities: Partial<Capabilities>, messages: ReadonlyArray<Message>): Place | undefined => {
  for (const [i, message] of messages.entries()) {
    if ((message._tag !== "HumanMessage" && message._tag !== "ToolMessage") || typeof message.content === "string") {
      continue
    }
    for (const [j, part] of message.content.entries()) {
      const field = `messages[${i}].content[${j}]`
      if (part.type === "image" && !capabilities.imageInput) return [field, "does not support images"]
      // A text file can be sent as text.
      if (part.type === "file" && part.source.type !== "text" && !capabilities.fileInput) {
        return [field, "does not support files"]
      }
    }
  }
  return undefined
}
