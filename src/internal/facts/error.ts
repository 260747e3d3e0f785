/**
 * The error of a list of models that cannot be read. A file of its own, so that nobody carries it who reads no list.
 */
import * as Schema from "effect/Schema"
import { Reason } from "../../ChatModelError.ts"

/**
 * A provider's list of models could not be read. Its `reason` is one of `ChatModelError`.
 *
 * **Example** (Going on without the list)
 *
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { ModelFacts } from "rivulet"
 *
 * const Facts = Layer.unwrap(
 *   ModelFacts.fromProvider("ollama").pipe(
 *     Effect.catchTag("ModelFactsError", (error) => Effect.as(Effect.logWarning(error.message), [])),
 *     Effect.map(ModelFacts.layer)
 *   )
 * )
 * ```
 */
export class ModelFactsError extends Schema.TaggedError<ModelFactsError>("rivulet/ModelFactsError")("ModelFactsError", {
  /** The name of the provider. */
  provider: Schema.String,
  /** The reason, such as `AuthenticationError`, `NetworkError` or `MalformedResponseError`. */
  reason: Reason
}) {
  /** The reason and the provider in one line. */
  override get message(): string {
    return `${this.reason._tag} from the list of models of ${this.provider}: ${this.reason.message}`
  }
}
