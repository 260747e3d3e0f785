// A parser of messages, whatever it makes of them.
import type { AIMessageChunk, Message, OutputParser, Runnable } from "rivulet"

export type Parser = Runnable.Runnable<
  Message.AIMessage,
  unknown,
  OutputParser.OutputParserError,
  never,
  unknown,
  AIMessageChunk.AIMessageChunk
>
