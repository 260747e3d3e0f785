/**
 * `assign`: an object with more keys. It passes its input on, and then runs branches as `parallel` does.
 */
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import { byKey, byShape, last } from "../step/fold.ts"
import type { ChunkFold } from "../step/fold.ts"
import { collect, filterMap, once, untilDone } from "../step/run.ts"
import type { AnyRun, AnyRunnable, ChunkPull, ErrorOf, Opener, Runnable, ServicesOf } from "../step/types.ts"
import { makeStep, open } from "./make.ts"
import { parallelOf } from "./parallel.ts"
import type { Parts, Slices } from "./parallel.ts"

type Rest<In, B> = Omit<In, keyof B>

/** The keys of each chunk that stay, where the chunks' type is known. */
type RestOf<Chunk, In, B> = object extends Chunk ? Partial<Rest<In, B>> : Chunk extends unknown ? Omit<Chunk, keyof B>
: never

/** Steps, told by their brand alone: a type with an input would be inferred as the input of steps that are made in place. */
type Steps = Readonly<Record<string, Pick<AnyRunnable, "~rivulet/Runnable">>>

/** The input that all branches take. */
type Needed<B> = (
  B[keyof B] extends infer S ?
    S extends Runnable<infer In, unknown, unknown, unknown, unknown, never> ? (input: In) => void
    : never
    : never
) extends (input: infer In) => void ? In : never

/**
 * A prompt takes texts and numbers. At the head of a chain its variables are texts: otherwise every step behind would
 * have to accept a number, too.
 */
type Texts<In> = { readonly [K in keyof In]: [string | number] extends [In[K]] ? string : In[K] }

/**
 * Adds keys to an object. The value of each key is the output of a step that gets the whole object.
 *
 * **Details**
 *
 * - It first streams its input, chunk by chunk, without the keys that will be replaced. When the input is complete it
 *   streams objects with one new key, as the steps produce them.
 * - The steps run at once, and fail and stop as in {@link parallel}.
 * - Behind another step the object has all keys of that step's output; alone, it has the keys that the branches take.
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
export const assign = <
  const B extends Steps,
  In extends Needed<B> = Needed<B> & Texts<Needed<B>>,
  Chunk = object
>(
  branches: B
): Runnable<
  In,
  Rest<In, B> & Parts<B>,
  ErrorOf<B[keyof B]>,
  ServicesOf<B[keyof B]>,
  RestOf<Chunk, In, B> | Slices<B>,
  Chunk
> =>
  // Only steps have the brand. The result of `assignOf` has the types of its branches, but `assignOf` does not track
  // them.
  assignOf(branches as unknown as Readonly<Record<string, AnyRunnable>>) as Runnable<
    never,
    unknown,
    unknown,
    unknown,
    unknown,
    unknown
  > as Runnable<
    In,
    Rest<In, B> & Parts<B>,
    ErrorOf<B[keyof B]>,
    ServicesOf<B[keyof B]>,
    RestOf<Chunk, In, B> | Slices<B>,
    Chunk
  >

const assignOf = (
  branches: Readonly<Record<string, AnyRunnable>>
): Runnable<never, unknown, unknown, unknown, unknown, object> => {
  const mapper = parallelOf(branches)
  const withoutBranches = (chunk: object) => {
    const entries = Object.entries(chunk).filter(([key]) => !Object.hasOwn(branches, key))
    return entries.length === 0 ? undefined : Object.fromEntries(entries)
  }
  /** Passes on the input, and then runs the branches on all of it. */
  const assigned =
    <E, R>(before: Opener<object, unknown, E, R>): Opener<unknown, unknown, unknown, unknown> => (scope) =>
      Effect.map(before(scope), (input) => {
        const whole = input.fold()
        const rest = filterMap(
          Effect.map(input.pull, (chunks) => {
            whole.add(chunks)
            return chunks
          }),
          withoutBranches
        )
        let mapped: AnyRun | undefined
        const next: ChunkPull<unknown, unknown, unknown> = Effect.suspend(() => mapped?.pull ?? passing)
        const passing: ChunkPull<unknown, unknown, unknown> = Pull.catchDone(rest, () =>
          // The branches take the input.
          Effect.flatMap(open(mapper, whole.done() as never)(scope), (run) => {
            mapped = run
            return run.pull
          }))
        const fold = () => {
          const own = input.fold()
          return byKey(
            (key) => (Object.hasOwn(branches, key) ? mapped?.fold() : own)?.at?.(key) ?? byShape(),
            Object.keys(branches)
          ) as ChunkFold<unknown, unknown> // its chunks are objects
        }
        return {
          pull: next,
          fold,
          whole: Effect.suspend(() => {
            const passed = fold()
            return Effect.flatMap(untilDone(Effect.map(rest, passed.add)), () =>
              Effect.map(
                collect(open(mapper, whole.done() as never)), // the branches take the input
                (added) => Object.assign(passed.done() as object, added)
              ))
          })
        }
      })
  return makeStep<never, unknown, unknown, unknown, unknown, object>(
    {
      type: "chain",
      name: "RunnableAssign",
      events: { only: "chunks" },
      shape: { _tag: "Branches", branches: Object.entries(branches) }
    },
    // The values of a complete input are whole.
    (input) => assigned(() => Effect.succeed({ pull: once(Effect.succeed([input])), fold: last<object> })),
    assigned
  )
}
