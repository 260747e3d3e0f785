/**
 * Content blocks of the Messages API as parts of a message: their start, their slices and their end. Called by the
 * decoder for every event that the fast path does not read. Blocks and fields without a name here are kept, as
 * `unknown` parts or in the metadata.
 */
import type { Delta } from "../../../AIMessageChunk.ts"
import { optional } from "../../../internal/optional.ts"
import { ArgumentSlices, isObject, restOf, stringAt } from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"
import type { Citation } from "../../../Message.ts"

/** A content block between its start and its stop. */
export interface Block {
  readonly kind: "text" | "reasoning" | "tool_call" | "server_tool_call" | "whole" | "unknown" | "repeated"
  /** The index of the part, unique in the message. The provider's index stays in the decoder. */
  readonly index: number
  /** Whether a delta of it has been emitted, so that consumers know its kind. */
  shown: boolean
  /** Arguments that came with the start. They count if no slice follows. */
  readonly input?: string | undefined
  /** The slices of the arguments of a call. */
  readonly args?: ArgumentSlices | undefined
  /** A block that `message_start` had already, and the same as it comes again in slices. */
  readonly again?: { readonly given: JsonObject; content: JsonObject } | undefined
}

/**
 * Begins a content block. Gives the block and the deltas to emit at once. `callId` is the id of a call that the server
 * gave none.
 */
export const startBlock = (
  content: JsonObject,
  index: number,
  callId: string
): readonly [Block, ReadonlyArray<Delta>] => {
  const type = stringAt(content, "type") ?? ""
  switch (type) {
    case "text": {
      const citations = Array.isArray(content["citations"]) ? content["citations"] : []
      const text = stringAt(content, "text") ?? ""
      const metadata = metadataOf(content, ["type", "text", "citations"])
      const silent = text === "" && citations.length === 0 && metadata === undefined
      const deltas: Array<Delta> = silent ? [] : [{ type: "text", index, text, ...metadata }]
      for (const citation of citations) deltas.push(citationDelta(index, citation))
      return [{ kind: "text", index, shown: deltas.length > 0 }, deltas]
    }
    case "thinking": {
      const text = stringAt(content, "thinking") ?? ""
      const signature = stringAt(content, "signature") ?? ""
      const metadata = metadataOf(content, ["type", "thinking", "signature"])
      const deltas: ReadonlyArray<Delta> = text === "" && signature === "" && metadata === undefined
        ? []
        : [{ type: "reasoning", index, text, ...(signature === "" ? undefined : { signature }), ...metadata }]
      return [{ kind: "reasoning", index, shown: deltas.length > 0 }, deltas]
    }
    case "redacted_thinking": {
      const redacted = stringAt(content, "data") ?? ""
      return [{ kind: "reasoning", index, shown: true }, [{
        type: "reasoning",
        index,
        text: "",
        redacted,
        ...metadataOf(content, ["type", "data"])
      }]]
    }
    case "tool_use":
    case "server_tool_use":
    case "mcp_tool_use": {
      const kind = type === "tool_use" ? "tool_call" : "server_tool_call"
      const named = type === "tool_use" ? ["type", "id", "name", "input"] : ["id", "name", "input"]
      return [
        { kind, index, shown: true, args: new ArgumentSlices(), ...optional("input", inputOf(content["input"])) },
        [{
          type: kind,
          index,
          id: stringAt(content, "id") || callId,
          name: stringAt(content, "name") ?? "",
          args: "",
          ...metadataOf(content, named)
        }]
      ]
    }
    case "container_upload":
      return [{ kind: "whole", index, shown: true }, [{
        type: "file",
        index,
        source: { type: "file_id", id: stringAt(content, "file_id") ?? "" },
        ...metadataOf(content, ["file_id"])
      }]]
  }
  const toolCallId = stringAt(content, "tool_use_id")
  if (toolCallId !== undefined && type.endsWith("_tool_result")) {
    return [{ kind: "whole", index, shown: true }, [{
      type: "server_tool_result",
      index,
      toolCallId,
      result: content["content"] ?? null,
      ...metadataOf(content, ["tool_use_id", "content"])
    }]]
  }
  return [{ kind: "unknown", index, shown: true }, [{ type: "unknown", index, raw: content }]]
}

/**
 * The deltas of a slice of a block. `malformed` if the field of its type is missing; undefined if its type is unknown
 * or does not fit the kind of the block.
 */
export const blockDelta = (block: Block, delta: JsonObject): ReadonlyArray<Delta> | "malformed" | undefined => {
  const { index, kind } = block
  switch (delta["type"]) {
    case "text_delta": {
      const text = stringAt(delta, "text")
      if (kind !== "text") return undefined
      return text === undefined ? "malformed" : [{ type: "text", index, text, ...extrasOf(delta, "text") }]
    }
    case "thinking_delta": {
      const text = stringAt(delta, "thinking")
      if (kind !== "reasoning") return undefined
      return text === undefined ? "malformed" : [{ type: "reasoning", index, text, ...extrasOf(delta, "thinking") }]
    }
    case "signature_delta": {
      const signature = stringAt(delta, "signature")
      if (kind !== "reasoning") return undefined
      return signature === undefined
        ? "malformed"
        : [{ type: "reasoning", index, text: "", signature, ...extrasOf(delta, "signature") }]
    }
    case "input_json_delta": {
      const slice = stringAt(delta, "partial_json")
      if ((kind !== "tool_call" && kind !== "server_tool_call") || block.args === undefined) return undefined
      if (slice === undefined) return "malformed"
      const args = block.args.push(slice)
      const extras = extrasOf(delta, "partial_json")
      return args === "" && extras === undefined ? [] : [{ type: kind, index, args, ...extras }]
    }
    case "citations_delta": {
      const citation = delta["citation"]
      if (kind !== "text") return undefined
      if (citation === undefined) return "malformed"
      // The first delta of a block fixes its kind, and a citation may precede the text it belongs to.
      return block.shown
        ? [citationDelta(index, citation)]
        : [{ type: "text", index, text: "" }, citationDelta(index, citation)]
    }
  }
  return undefined
}

/**
 * Unknown fields of a slice. They are kept apart from those of the block, which go back with it in the next request.
 */
const extrasOf = (delta: JsonObject, content: string) => {
  const extras = restOf(delta, ["type", content])
  return extras === undefined ? undefined : { metadata: { delta: extras } }
}

/** The deltas of the end of a block: a call is marked as complete. */
export const stopBlock = (block: Block): ReadonlyArray<Delta> =>
  block.kind === "tool_call" || block.kind === "server_tool_call"
    ? [{
      type: block.kind,
      index: block.index,
      args: block.args?.begun === true ? block.args.rest() : block.input ?? block.args?.rest() ?? "",
      end: true
    }]
    : []

const citationDelta = (index: number, raw: JsonObject[string]): Delta => ({
  type: "citation",
  index,
  citation: toCitation(raw)
})

const toCitation = (raw: JsonObject[string]): Citation => {
  if (!isObject(raw)) return { raw }
  const url = stringAt(raw, "url") ?? stringAt(raw, "source")
  const title = stringAt(raw, "title") ?? stringAt(raw, "document_title")
  const citedText = stringAt(raw, "cited_text")
  return {
    ...optional("url", url),
    ...optional("title", title),
    ...optional("citedText", citedText),
    raw
  }
}

/** Arguments at the start of a call. An empty object stands for those that follow in slices. */
const inputOf = (input: JsonObject[string] | undefined): string | undefined =>
  typeof input === "string"
    ? input
    : isObject(input) && Object.keys(input).length > 0
    ? JSON.stringify(input)
    : undefined

const metadataOf = (content: JsonObject, named: ReadonlyArray<string>) => {
  const metadata = restOf(content, named)
  return metadata === undefined ? undefined : { metadata }
}
