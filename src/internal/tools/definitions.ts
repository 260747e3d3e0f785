/**
 * Reduces tools to the plain definitions that adapters send. Called when a request is prepared. It must not import the
 * constructor of tools.
 */
import * as Result from "effect/Result"
import type { CallOptions, ProviderTool, ToolDefinition } from "../../CallOptions.ts"
import { UnsupportedError } from "../../ChatModelError.ts"
import { optional } from "../optional.ts"
import type { Any } from "./any.ts"

/** The key under which a tool has its implementation. */
export const TypeId = "~rivulet/Tool"

/** Whether a tool can also be run. */
export const isTool = (tool: ToolDefinition): tool is Any => TypeId in tool

/** Replaces the tools in the options by plain definitions. Fails if the parameters of a tool have no JSON Schema. */
export const withDefinitions = (options: CallOptions): Result.Result<CallOptions, UnsupportedError> =>
  options.tools === undefined
    ? Result.succeed(options)
    : Result.map(Result.all(options.tools.map(definitionOf)), (tools) => ({ ...options, tools }))

const definitionOf = (
  tool: ToolDefinition | ProviderTool,
  i: number
): Result.Result<ToolDefinition | ProviderTool, UnsupportedError> => {
  if (tool.type === "provider" || !isTool(tool)) return Result.succeed(tool)
  const { description, name, providerOptions, strict } = tool
  const field = `tools[${i}].parameters`
  return Result.mapBoth(tool[TypeId].parameters(), {
    onSuccess: (parameters) => ({
      name,
      parameters,
      ...optional("description", description),
      ...optional("strict", strict),
      ...optional("providerOptions", providerOptions)
    }),
    onFailure: (problem) => new UnsupportedError({ field, message: `${field}: ${problem}` })
  })
}
