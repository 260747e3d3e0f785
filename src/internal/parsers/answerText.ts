/**
 * The text of an answer as the parsers of plain text read it: without reasoning in tags at its start. It must not import
 * a parser. After the first characters a read costs one Effect operation.
 */
import * as Array from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { AIMessage } from "../../Message.ts"
import { textIn, ThinkTags } from "../json/thinkTags.ts"
import { restarts } from "../message/chunk.ts"
import { cannotRestart } from "./restarts.ts"

/** The text of each chunk, as one array for each read. A text that is held back at the end is one more. */
export const textsOf = <E, R>(chunks: Stream.Stream<AIMessageChunk, E, R>): Stream.Stream<string, E, R> =>
  Stream.transformPull(chunks, (pull) =>
    Effect.sync(() => {
      const tags = new ThinkTags()
      let begun = false
      type Next = Pull.Pull<Array.NonEmptyReadonlyArray<string>, E, void, R>
      let next: Next = Pull.matchEffect(pull, {
        onSuccess: (read): Next => {
          const texts = Array.empty<string>()
          for (const chunk of read) {
            if (begun && restarts(chunk)) {
              next = Effect.fail(cannotRestart<E>(chunk))
              break
            }
            begun ||= chunk.content !== ""
            texts.push(tags.textOf(chunk.content))
          }
          return Array.isArrayNonEmpty(texts) ? Effect.succeed(texts) : next
        },
        onFailure: (cause): Next => Effect.failCause(cause),
        onDone: (): Next => {
          next = Cause.done()
          const rest = textIn(tags.end())
          return rest === "" ? next : Effect.succeed([rest])
        }
      })
      return Effect.suspend(() => next)
    }))

/** The text of a message. */
export const textOf = (message: AIMessage): Stream.Stream<string> =>
  Stream.sync(() => {
    const tags = new ThinkTags()
    return tags.textOf(message.content) + textIn(tags.end())
  })
