import * as Stream from "effect/Stream"
import { open, opening } from "./core.ts"
import type { AnyRunnable, ErrorOf, Runnable, ServicesOf } from "./core.ts"
import { byKey, byShape, last } from "./fold.ts"
import type { Folder } from "./fold.ts"
import { parallelOf } from "./parallel.ts"
import type { Branches, Parts, Slices } from "./parallel.ts"

type Kept<In, B> = Omit<In, keyof B>

/** What all branches take together. */
type Needed<B> = (
  B[keyof B] extends infer S ?
    S extends Runnable<infer In, unknown, unknown, unknown, unknown, never> ? (input: In) => void
    : never
    : never
) extends (input: infer In) => void ? In : never

/**
 * Adds keys to an object: each is what a step makes of the whole object. It waits for its input, streams that first (as
 * one object, without the keys that are to be replaced), and then objects with one key as they come. The steps run at
 * once, as in {@link parallel}, and fail and stop as they do there. Behind another step the object has all keys which
 * that one gives; standing alone, those that the steps take.
 *
 * **Example** (The question beside the answer)
 *
 * ```ts
 * import { ChatModel, ChatPrompt, OutputParser, Runnable } from "rivulet"
 *
 * const chain = Runnable.assign({
 *   answer: Runnable.sequence(ChatPrompt.make("{question}"), ChatModel.runnable, OutputParser.string)
 * })
 * const both = chain.invoke({ question: "Why is the sky blue?" }) // { question: "Why ...", answer: "Because ..." }
 * ```
 */
export const assign = <const B extends Branches<never>, In extends Needed<B> = Needed<B>>(
  branches: B
): Runnable<In, Kept<In, B> & Parts<B>, ErrorOf<B[keyof B]>, ServicesOf<B[keyof B]>, Kept<In, B> | Slices<B>> =>
  // What `assignOf` gives has the types of its branches, which it does not look at.
  assignOf(branches) as Runnable<never, unknown, unknown, unknown, unknown> as Runnable<
    In,
    Kept<In, B> & Parts<B>,
    ErrorOf<B[keyof B]>,
    ServicesOf<B[keyof B]>,
    Kept<In, B> | Slices<B>
  >

const assignOf = (branches: Readonly<Record<string, AnyRunnable>>): AnyRunnable => {
  const mapper = parallelOf(branches)
  return opening<never, unknown, unknown, unknown, unknown>(
    { type: "chain", name: "RunnableAssign", shape: { _tag: "Branches", branches: Object.entries(branches) } },
    (input: object) => {
      const kept = Object.fromEntries(Object.entries(input).filter(([key]) => !Object.hasOwn(branches, key)))
      const made = open(mapper, input as never) // its branches take the same input
      return {
        stream: Object.keys(kept).length === 0 ? made.stream : Stream.concat(Stream.succeed(kept), made.stream),
        folder: () => {
          const inner = made.folder()
          return byKey(
            // What the input has comes whole; the rest is that step's own chunks.
            (key) => Object.hasOwn(branches, key) ? inner.at?.(key) ?? byShape() : last(),
            Object.keys(branches)
          ) as Folder<unknown, unknown>
        }
      }
    }
  )
}
