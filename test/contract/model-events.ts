// `ChatModel.streamEvents` reports a bare model's run, in the first version of the event format if it is asked for.
import { Effect, Stream } from "effect"
import { ChatModel } from "rivulet"
import { layer, print } from "./model.ts"

const program = ChatModel.streamEvents("Name the tides", { version: "v1" }).pipe(
  Stream.take(4),
  Stream.runForEach((event) => Effect.sync(() => print(event)))
)

await Effect.runPromise(program.pipe(Effect.provide(layer())))
