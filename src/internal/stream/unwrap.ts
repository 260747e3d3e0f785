/**
 * The stream of an effect, without a check for each pull.
 */
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/**
 * The stream that an effect returns. The effect runs when the stream is opened, right before the first pull.
 * `Stream.unwrap` runs it with the first pull, and therefore checks every pull for being the first.
 */
export const unwrap = <A, E, R, E2, R2>(
  effect: Effect.Effect<Stream.Stream<A, E, R>, E2, R2>
): Stream.Stream<A, E | E2, R | R2> =>
  Stream.fromChannel(
    Channel.fromTransform((upstream, scope) =>
      Effect.flatMap(effect, (stream) => Channel.toTransform(Stream.toChannel(stream))(upstream, scope))
    )
  )
