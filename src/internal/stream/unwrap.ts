import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/**
 * The stream that an effect makes. `Stream.unwrap` runs the effect with the first pull, and for that looks at each pull
 * whether it is the first; this runs it when the stream is opened, which is right before, and then is out of the way.
 */
export const unwrap = <A, E, R, E2, R2>(
  effect: Effect.Effect<Stream.Stream<A, E, R>, E2, R2>
): Stream.Stream<A, E | E2, R | R2> =>
  Stream.fromChannel(
    Channel.fromTransform((upstream, scope) =>
      Effect.flatMap(effect, (stream) => Channel.toTransform(Stream.toChannel(stream))(upstream, scope))
    )
  )
