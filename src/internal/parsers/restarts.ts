/**
 * Restarts parsers when an answer begins anew (`ModelRecovery`). A parser whose chunks are the value so far begins
 * anew, too. The chunks of any other parser cannot be taken back: once it has emitted some, it ends with a
 * `TruncatedError` that tells the failure that broke the answer. Every parser reads through here. A read costs a look
 * at each chunk.
 */
import * as Array from "effect/Array"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import { ChatModelError, TruncatedError } from "../../ChatModelError.ts"
import { restarts } from "../message/chunk.ts"
import type { Marker } from "../message/chunk.ts"
import { readStream } from "../stream/readStream.ts"
import type { StreamReader } from "../stream/readStream.ts"

/**
 * The output of a parser for the chunks of an answer.
 *
 * @param takesBack whether a chunk of the parser takes the place of those before it
 */
export const readAnswer = <Out, E, R, E2, R2>(
  chunks: Stream.Stream<AIMessageChunk, E, R>,
  make: () => StreamReader<AIMessageChunk, Out, E2, R2>,
  takesBack: boolean
): Stream.Stream<Out, E | E2, R | R2> =>
  readStream(chunks, (): StreamReader<AIMessageChunk, Out, E | E2, R2> => {
    let reader = make()
    let refused: E | undefined
    let emitted = false
    return {
      push: (items) => {
        const at = items.findLastIndex(restarts)
        if (at !== -1) {
          if (emitted && !takesBack) {
            refused = cannotRestart<E>(items[at]!)
            return reader.push(items.slice(0, at))
          }
          reader = make()
        }
        const out = reader.push(at === -1 ? items : items.slice(at))
        return takesBack || emitted ? out : Effect.map(out, (out) => {
          emitted ||= out.length > 0
          return out
        })
      },
      failure: () => refused ?? reader.failure(),
      end: Effect.suspend(() => reader.end)
    }
  })

/** The same chunks. It fails where an answer begins anew of which some text has passed. */
export const withoutRestarts = <E, R>(
  chunks: Stream.Stream<AIMessageChunk, E, R>
): Stream.Stream<AIMessageChunk, E, R> =>
  Stream.transformPull(chunks, (pull) =>
    Effect.sync(() => {
      let emitted = false
      type Next = Pull.Pull<Array.NonEmptyReadonlyArray<AIMessageChunk>, E, void, R>
      let next: Next = Effect.flatMap(pull, (items): Next => {
        for (const [i, item] of items.entries()) {
          if (emitted && restarts(item)) {
            next = Effect.fail(cannotRestart<E>(item))
            const before = items.slice(0, i)
            return Array.isReadonlyArrayNonEmpty(before) ? Effect.succeed(before) : next
          }
          emitted ||= item.content !== ""
        }
        return Effect.succeed(items)
      })
      return Effect.suspend(() => next)
    }))

/** The failure of a reader that cannot begin anew. */
export const cannotRestart = <E>({ recovery }: AIMessageChunk): E => {
  const { error: { message, model, provider, reason } } = recovery as Marker // a chunk that restarts has one
  return new ChatModelError({
    provider,
    model,
    reason: new TruncatedError({
      message: `The answer began anew after its text had been passed on (${reason}: ${message})`
    })
  }) as E // chunks come from a model, whose failures are among those of the stream
}
