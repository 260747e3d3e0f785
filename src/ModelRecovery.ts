/**
 * Answers that go on after a failure in their middle.
 *
 * **When to use**
 *
 * Use {@link withRecovery} for long answers over connections that break. Without it a failure after the first chunk ends
 * the answer, with what has come in `partial`.
 *
 * **Details**
 *
 * Nothing goes on in silence: a chunk whose `recovery` is a {@link Marker} comes before the rest.
 *
 * **Example** (A screen that begins anew)
 *
 * ```ts
 * import { Console, Effect, Stream } from "effect"
 * import { ChatModel, ModelRecovery } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 *
 * const print = ChatModel.stream("Tell me a long story").pipe(
 *   Stream.runForEach(({ content, recovery }) =>
 *     recovery?._tag === "Restarted" ? Console.clear : Effect.sync(() => process.stdout.write(content))
 *   ),
 *   Effect.provide(
 *     Anthropic.layer({ model: "claude-opus-5" }).pipe(ModelRecovery.withRecovery({ restart: "always" }))
 *   )
 * )
 * ```
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
export { Marker } from "./internal/message/chunk.ts"
export type { Continues } from "./internal/model/recovery/continues.ts"
export { withRecovery } from "./internal/model/recovery/withRecovery.ts"
export type { RecoveryOptions } from "./internal/model/recovery/withRecovery.ts"
