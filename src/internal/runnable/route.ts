/**
 * `route`: one of several steps, chosen by name when the run opens.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { asSoleStep, tagged } from "../events/currentRun.ts"
import { run } from "../returned.ts"
import type { FailureOf, NeedsOf, Returned } from "../returned.ts"
import type { AnyRunnable, ChunkOf, ErrorOf, OutOf, Runnable, ServicesOf } from "../step/types.ts"
import { makeStep, open } from "./make.ts"
import type { Branches } from "./parallel.ts"

/**
 * `route` has no step with the selected key. `key` is the selected key, `known` has the keys of all steps.
 *
 * **Example** (A fallback for unknown keys)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Runnable } from "rivulet"
 *
 * const greet = Runnable.route({ en: Runnable.fn(() => "Hello"), fr: Runnable.fn(() => "Salut") }, (to: string) => to)
 * const greeting = greet.invoke("de").pipe(
 *   Effect.catchTag("RouteError", (error) => Effect.succeed(`Not ${error.key}, only ${error.known.join(" or ")}`))
 * )
 * ```
 */
export class RouteError extends Schema.TaggedError<RouteError>("rivulet/RouteError")("RouteError", {
  /** The problem, and the known keys. */
  message: Schema.String,
  /** The selected key. */
  key: Schema.String,
  /** The keys of all steps. */
  known: Schema.Array(Schema.String)
}) {
  /** The same input selects the same key again. */
  readonly isRetryable: boolean = false
}

/**
 * Runs the step whose key a function selects by the input.
 *
 * **Details**
 *
 * The function returns the key, or an effect or a promise of it. The step gets the same input, and streams. The key is any string, because it may come from a model or a user: a key
 * without a step fails with {@link RouteError}. In events the step has the tag `route:<key>`.
 *
 * **Example** (By the subject)
 *
 * ```ts
 * import { ChatModel, ChatPrompt, Runnable } from "rivulet"
 *
 * const ask = (who: "doctor" | "lawyer") =>
 *   Runnable.sequence(ChatPrompt.make([["system", `You are a ${who}.`], ["human", "{question}"]]), ChatModel.runnable)
 * const answer = Runnable.route(
 *   { health: ask("doctor"), law: ask("lawyer") },
 *   (input: { readonly subject: string; readonly question: string }) => input.subject
 * )
 * ```
 */
export const route = <
  In,
  const B extends Branches<In>,
  Selected = In,
  Key extends Returned<string> = string
>(
  routes: B & Branches<In>,
  select: (input: Selected, signal: AbortSignal) => Key
): Runnable<
  NoInfer<In> & Selected,
  OutOf<B[keyof B]>,
  ErrorOf<B[keyof B]> | FailureOf<Key> | RouteError,
  ServicesOf<B[keyof B]> | NeedsOf<Key>,
  ChunkOf<B[keyof B]>
> =>
  // The result of `routeOf` has the types of its steps, but `routeOf` does not track them.
  routeOf(routes, select) as Runnable<NoInfer<In> & Selected, never, never, never, never>

const routeOf = (
  routes: Readonly<Record<string, AnyRunnable>>,
  select: (input: never, signal: AbortSignal) => Returned<string>
): AnyRunnable =>
  makeStep<never, unknown, unknown, unknown, unknown>(
    { type: "chain", name: "RouterRunnable", shape: { _tag: "Branches", branches: Object.entries(routes) } },
    (input) => (scope) =>
      Effect.flatMap(
        run<never, Returned<string>, string>(select, input),
        (key) =>
          Object.hasOwn(routes, key)
            ? tagged(`route:${key}`, asSoleStep(open(routes[key]!, input)))(scope)
            : Effect.fail(unknownKey(key, Object.keys(routes)))
      )
  )

const unknownKey = (key: string, known: ReadonlyArray<string>) =>
  new RouteError({
    message: `There is no route ${JSON.stringify(key)}; known are ${
      known.map((each) => JSON.stringify(each)).join(", ")
    }`,
    key,
    known
  })
