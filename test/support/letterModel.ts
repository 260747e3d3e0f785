import { ScriptedChatModel } from "rivulet/Testing"

/** A model that answers letter by letter, as LangChain's fake model does. The last letter's chunk has the finish. */
export const letterModel = (answer: string, name: string) =>
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
