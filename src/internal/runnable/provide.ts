/**
 * `provide`: a step with services of its own. A run costs one build of the layer, and each read one change of the fiber's
 * services, on the way in and, for a step that works on chunks, on the way back to the steps before it.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { AnswerListener, CurrentRun } from "../events/currentRun.ts"
import { nameOf } from "../excerpt.ts"
import type { BatchOptions } from "../step/batch.ts"
import { remembered, TypeId, withServices } from "../step/run.ts"
import type { Opener, Runnable } from "../step/types.ts"
import { batches, defectOf } from "./batch.ts"
import { infoOf, makeRunnable, open } from "./make.ts"

/**
 * Provides services to a step, by a layer or as a `Context`.
 *
 * **When to use**
 *
 * For one step of a chain that has a model, a cache or a store of its own. Services of a whole app, and those that hold
 * something over several runs (a connection, a cache, a limit), are provided to the app.
 *
 * **Details**
 *
 * - A layer is built when a run of the step opens, and released when it ends, however it ends. A layer that the app has
 *   provided already is not built again, as with `Effect.provide`.
 * - `batch` and `batchAsCompleted` of the resulting runnable build it once for all inputs. If it fails to build, each
 *   input has that failure.
 * - The layer's failures and requirements become those of the step.
 * - A step that works on chunks still does, and the steps before it keep their services.
 * - In events and graphs it is the same step.
 *
 * **Gotchas**
 *
 * A chain or a wrapper around the resulting runnable builds the layer for each of its runs, in a batch for each input:
 * provide to the outermost runnable.
 *
 * **Example** (A chain that needs no model)
 *
 * ```ts
 * import { ChatModel, ChatPrompt, OutputParser, Runnable } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 *
 * const translate = Runnable.sequence(ChatPrompt.make("In French: {text}"), ChatModel.runnable, OutputParser.string).pipe(
 *   Runnable.provide(Anthropic.layer({ model: "claude-haiku-4-5" }))
 * )
 * const hello = translate.invoke({ text: "Hello" })
 * ```
 */
export function provide<ROut, E2, R2>(
  layer: Layer.Layer<ROut, E2, R2>
): <In, Out, E, R, Chunk, InChunk>(
  self: Runnable<In, Out, E, R, Chunk, InChunk>
) => Runnable<In, Out, E | E2, Exclude<R, ROut> | R2, Chunk, InChunk>
export function provide<ROut>(
  services: Context.Context<ROut>
): <In, Out, E, R, Chunk, InChunk>(
  self: Runnable<In, Out, E, R, Chunk, InChunk>
) => Runnable<In, Out, E, Exclude<R, ROut>, Chunk, InChunk>
export function provide<ROut, E2, R2>(source: Layer.Layer<ROut, E2, R2> | Context.Context<ROut>) {
  if (Context.isContext(source)) return provideWith<ROut, never, never>(() => Effect.succeed(withoutRun(source)))
  if (!Layer.isLayer(source)) throw new TypeError(`Runnable.provide: give a layer or a Context, not ${nameOf(source)}`)
  const layer: Layer.Layer<ROut, E2, R2> = source
  return provideWith((scope) => Effect.map(Layer.buildWithScope(layer, scope), withoutRun))
}

/** Makes the services of one run, which live as long as the scope. */
type Build<ROut, E, R> = (scope: Scope.Scope) => Effect.Effect<Context.Context<ROut>, E, R>

/** A `Context` that was taken inside a run has that run, too. The step stays where it is in the events. */
const withoutRun: <ROut>(services: Context.Context<ROut>) => Context.Context<ROut> = Context.omit(
  CurrentRun,
  AnswerListener
)

const provideWith = <ROut, E2, R2>(build: Build<ROut, E2, R2>) =>
<In, Out, E, R, Chunk, InChunk>(
  self: Runnable<In, Out, E, R, Chunk, InChunk>
): Runnable<In, Out, E | E2, Exclude<R, ROut> | R2, Chunk, InChunk> => {
  const info = infoOf(self)
  const { over } = self[TypeId]

  /** The batches of inputs that share one build, or its failure. */
  const batchesWith = (built: Exit.Exit<Context.Context<ROut>, E2>) =>
    batches<In, Out, E | E2, Exclude<R, ROut>, ReturnType<ReturnType<typeof defectOf>>, BatchOptions>(
      (input) =>
        Exit.isSuccess(built) ? Effect.provideContext(self.invoke(input), built.value) : Effect.failCause(built.cause),
      defectOf(info.name)
    )

  return {
    ...makeRunnable<In, Out, E | E2, Exclude<R, ROut> | R2, Chunk, InChunk>(
      info,
      (input) => (scope) => Effect.flatMap(build(scope), (services) => inside(services, open(self, input))(scope)),
      over &&
        (<E3, R3>(
          before: Opener<InChunk, unknown, E3, R3>
        ): Opener<Chunk, Out, E | E2 | E3, Exclude<R, ROut> | R2 | R3> =>
        (scope) =>
          Effect.contextWith((around: Context.Context<R3>) =>
            Effect.flatMap(build(scope), (services) => {
              // As `makeRunnable` got it. The steps before find their services in `around`, not in `services`.
              const opened = over(outside(services, around, before)) as Opener<Chunk, Out, E | E3, R>
              return inside(services, opened)(scope)
            })
          ))
    ),
    batch: (inputs, options) =>
      Effect.scopedWith((scope) =>
        Effect.flatMap(Effect.exit(build(scope)), (built) => batchesWith(built).batch(inputs, options))
      ),
    batchAsCompleted: (inputs, options) =>
      Stream.unwrap(
        Effect.flatMap(Effect.scope, (scope) =>
          Effect.map(Effect.exit(build(scope)), (built) =>
            batchesWith(built).batchAsCompleted(inputs, options)))
      )
  }
}

/** A run with these services. */
const inside = <Chunk, Out, E, R, ROut>(
  services: Context.Context<ROut>,
  open: Opener<Chunk, Out, E, R>
): Opener<Chunk, Out, E, Exclude<R, ROut>> =>
  withServices(
    remembered((current: Context.Context<Exclude<R, ROut>>) =>
      // The current services have the rest of those that the run needs.
      Context.merge(current, services) as Context.Context<unknown> as Context.Context<R>
    ),
    open
  )

/** A run that is pulled with these services, but has in their place those that were around. */
const outside = <Chunk, Out, E, R, ROut>(
  services: Context.Context<ROut>,
  around: Context.Context<R>,
  open: Opener<Chunk, Out, E, R>
): Opener<Chunk, Out, E, R> =>
  withServices(
    remembered((current: Context.Context<R>) => {
      const restored = new Map(current.mapUnsafe)
      for (const key of services.mapUnsafe.keys()) {
        if (around.mapUnsafe.has(key)) restored.set(key, around.mapUnsafe.get(key))
        else restored.delete(key)
      }
      return Context.makeUnsafe<R>(restored)
    }),
    open
  )
