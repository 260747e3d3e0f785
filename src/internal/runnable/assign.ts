import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { byKey, byShape, last, lazily } from "../step/fold.ts"
import type { Folder } from "../step/fold.ts"
import { open, opening } from "./core.ts"
import type { AnyOpened, AnyRunnable, ErrorOf, Opened, Runnable, ServicesOf } from "./core.ts"
import { parallelOf } from "./parallel.ts"
import type { Branches, Parts, Slices } from "./parallel.ts"

type Kept<In, B> = Omit<In, keyof B>

/** What is kept of each chunk, if it is known what chunks there are. */
type KeptOf<Chunk, In, B> = object extends Chunk ? Partial<Kept<In, B>> : Chunk extends unknown ? Omit<Chunk, keyof B>
: never

/** What all branches take together. */
type Needed<B> = (
  B[keyof B] extends infer S ?
    S extends Runnable<infer In, unknown, unknown, unknown, unknown, never> ? (input: In) => void
    : never
    : never
) extends (input: infer In) => void ? In : never

/**
 * Adds keys to an object: each is what a step makes of the whole object. It gives on what it gets, chunk by chunk
 * (without the keys that are to be replaced), and when that is whole objects with one key, as they come. The steps run
 * at once, as in {@link parallel}, and fail and stop as they do there. Behind another step the object has all keys which
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
export const assign = <const B extends Branches<never>, In extends Needed<B> = Needed<B>, Chunk = object>(
  branches: B
): Runnable<
  In,
  Kept<In, B> & Parts<B>,
  ErrorOf<B[keyof B]>,
  ServicesOf<B[keyof B]>,
  KeptOf<Chunk, In, B> | Slices<B>,
  Chunk
> =>
  // What `assignOf` gives has the types of its branches, which it does not look at.
  assignOf(branches) as Runnable<never, unknown, unknown, unknown, unknown, unknown> as Runnable<
    In,
    Kept<In, B> & Parts<B>,
    ErrorOf<B[keyof B]>,
    ServicesOf<B[keyof B]>,
    KeptOf<Chunk, In, B> | Slices<B>,
    Chunk
  >

const assignOf = (
  branches: Readonly<Record<string, AnyRunnable>>
): Runnable<never, unknown, unknown, unknown, unknown, object> => {
  const mapper = parallelOf(branches)
  const kept = (chunk: object) => {
    const entries = Object.entries(chunk).filter(([key]) => !Object.hasOwn(branches, key))
    return entries.length === 0 ? Result.failVoid : Result.succeed(Object.fromEntries(entries))
  }
  /** What comes in, and then what is made of the whole of it. */
  const assigned = <E, R>(
    before: Opened<object, unknown, E, R>,
    watched: boolean
  ): Opened<unknown, unknown, unknown, unknown> => {
    let made: AnyOpened | undefined
    return {
      stream: Stream.suspend(() => {
        const whole = before.folder()
        const passed = Stream.filterMap(before.stream, (chunk) => {
          whole.add(chunk)
          return kept(chunk)
        })
        // The branches take the input.
        return Stream.concat(passed, Stream.suspend(() => (made = open(mapper, whole.done() as never, watched)).stream))
      }),
      folder: () => {
        const own = before.folder()
        const inner = lazily(() => made?.folder())
        return byKey(
          (key) => (Object.hasOwn(branches, key) ? inner : own).at?.(key) ?? byShape(),
          Object.keys(branches)
        ) as Folder<unknown, unknown>
      }
    }
  }
  return opening<never, unknown, unknown, unknown, unknown, object>(
    {
      type: "chain",
      name: "RunnableAssign",
      tells: "chunks",
      shape: { _tag: "Branches", branches: Object.entries(branches) }
    },
    // What the input has is whole.
    (input, watched) => assigned({ stream: Stream.succeed(input), folder: last }, watched),
    assigned
  )
}
