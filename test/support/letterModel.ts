import { ScriptedChatModel } from "rivulet/Testing"

/** A model that says its answer letter by letter, as the peer's fake one does: with no chunk of its own for the end. */
export const letters = (answer: string, name: string) =>
  ScriptedChatModel.make(() =>
    [...answer].map((letter, i) =>
      ScriptedChatModel.chunk({
        _tag: "AIMessageChunk",
        id: "m",
        content: letter,
        parts: [{ type: "text", index: 0, text: letter }],
        ...(i === answer.length - 1 ? { finish: { reason: "stop", raw: "" } } : undefined)
      })
    ), { provider: name, options: { maxRetries: 0 } }).model
