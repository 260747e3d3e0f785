import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { asSoleStep, tagged } from "../events/currentRun.ts"
import type { AnyRunnable, ChunkOf, ErrorOf, OutOf, Runnable, ServicesOf } from "../step/types.ts"
import { makeStep, open } from "./make.ts"
import type { Branches } from "./parallel.ts"

/**
 * No step has the key that `route` was told. `key` is that key, `known` are those there are.
 *
 * **Example** (Another step for all other keys)
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
  message: Schema.String,
  key: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  /** The same input goes nowhere again. */
  readonly isRetryable: boolean = false
}

/**
 * The step whose key a function of the input gives. That step gets the same input and streams. The key is any text, as
 * it may be a model's word or a user's: one that no step has is a {@link RouteError}. In the events the step is tagged
 * `route:<key>`.
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
export const route = <In, const B extends Branches<In>>(
  routes: B & Branches<In>,
  select: (input: In) => string
): Runnable<In, OutOf<B[keyof B]>, ErrorOf<B[keyof B]> | RouteError, ServicesOf<B[keyof B]>, ChunkOf<B[keyof B]>> =>
  // What `routeOf` gives has the types of its steps, which it does not look at.
  routeOf(routes, select) as Runnable<In, never, never, never, never>

const routeOf = (
  routes: Readonly<Record<string, AnyRunnable>>,
  select: (input: never) => string
): AnyRunnable =>
  makeStep<never, unknown, unknown, unknown, unknown>(
    { type: "chain", name: "RouterRunnable", shape: { _tag: "Branches", branches: Object.entries(routes) } },
    (input) => (scope) =>
      Effect.suspend(() => {
        const key = select(input)
        return Object.hasOwn(routes, key)
          ? tagged(`route:${key}`, asSoleStep(open(routes[key]!, input)))(scope)
          : Effect.fail(unknownKey(key, Object.keys(routes)))
      })
  )

const unknownKey = (key: string, known: ReadonlyArray<string>) =>
  new RouteError({
    message: `There is no route ${JSON.stringify(key)}; known are ${
      known.map((each) => JSON.stringify(each)).join(", ")
    }`,
    key,
    known
  })
