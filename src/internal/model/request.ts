/**
 * The input of a chat model, and the request that an adapter gets. Types only.
 */
import type * as Stream from "effect/Stream"
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { CallOptions } from "../../CallOptions.ts"
import type { ChatModelError } from "../../ChatModelError.ts"
import type { InputPart, Message, PromptValue, TextPart } from "../../Message.ts"
import type { FitWarning, ReasoningForm } from "../facts/fitting.ts"
import type { Facts } from "../facts/types.ts"

/** A message in short form: the role and the text. */
export type MessageTuple = readonly [role: "system" | "human" | "ai", content: string]

/** A part of a {@link RoleMessage}: a part, or an image as Chat Completions has it. */
export type RolePart = InputPart | {
  readonly type: "image_url"
  /** The address of the image. */
  readonly image_url: string | { readonly url: string }
}

/** A message in the form of Chat Completions, in which many programs keep conversations. */
export type RoleMessage =
  | {
    /** The role. */
    readonly role: "system" | "developer"
    /** The instructions. */
    readonly content: string | ReadonlyArray<TextPart>
  }
  | {
    /** The role. */
    readonly role: "user"
    /** A text, or parts. */
    readonly content: string | ReadonlyArray<RolePart>
  }
  | {
    /** The role. */
    readonly role: "assistant"
    /** The text of the answer. */
    readonly content?: string | ReadonlyArray<TextPart> | null | undefined
    /** The tool calls of the answer, with arguments as JSON text. */
    readonly tool_calls?:
      | ReadonlyArray<{
        readonly id: string
        readonly function: { readonly name: string; readonly arguments: string }
      }>
      | undefined
  }
  | {
    /** The role. */
    readonly role: "tool"
    /** The id of the call. */
    readonly tool_call_id: string
    /** The result. */
    readonly content: string | ReadonlyArray<RolePart>
  }

/** The input of a chat model: a text (a human message), a message, a conversation, or a formatted prompt. */
export type ChatInput =
  | string
  | Message
  | RoleMessage
  | PromptValue
  | ReadonlyArray<Message | MessageTuple | RoleMessage>

/** The request that an adapter gets. */
export interface ChatRequest {
  /** The conversation, checked. */
  readonly messages: ReadonlyArray<Message>
  /** The options of the call merged over those of the model, as far as the model takes them. */
  readonly options: CallOptions
  /** The known facts about the model. None by default. */
  readonly facts: Facts
  /** The form of the reasoning options in the request. Absent: as `options.reasoning` says. */
  readonly reasoning?: ReasoningForm | undefined
  /** The options that were left out or changed, as the model does not take them. */
  readonly warnings: ReadonlyArray<FitWarning>
  /** For adapters that use a network: reports progress that the chunks do not show, so that the time limits hold. */
  readonly connection: ConnectionMonitor
  /**
   * For adapters that can send the rest of an answer after its connection broke: registers a function that gives the
   * rest as a stream, or undefined if it cannot be had. It may be called several times, and always after a break. Absent
   * unless the model has `ModelRecovery.withRecovery`.
   */
  readonly resumable?:
    | ((rest: () => Stream.Stream<AIMessageChunk, ChatModelError> | undefined) => void)
    | undefined
}

/** Reports the state of a connection to the time limits of a call. Each method costs one reading of the clock. */
export interface ConnectionMonitor {
  /** The response headers have arrived. Without this call `connect` and `firstChunk` are one phase. */
  readonly connected: () => void
  /** Something arrived that is not a chunk, such as a ping. */
  readonly activity: () => void
  /**
   * Registers the function that ends a pending read: the read must then fail or end at once. Call it before the stream
   * is returned, and reads need no fiber of their own from the first chunk on. The read must also end when its scope
   * closes.
   */
  readonly onAbort: (abort: () => void) => void
}
