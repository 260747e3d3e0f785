// An agent calls typed tools in a bounded loop. The conversation is one stream of chunks, and one stream of events.
import { Effect, Schema, Stream } from "effect"
import { Agent, Runnable, Tool } from "rivulet"
import { layer, print } from "./model.ts"

const depth = Tool.make("sound_depth", {
  description: "The depth of the water at a buoy",
  parameters: Schema.Struct({ buoy: Schema.String }),
  success: Schema.Struct({ metres: Schema.Number }),
  handler: ({ buoy }) => Effect.succeed({ metres: buoy.length })
})

const agent = Agent.make({ tools: [depth], maxSteps: 4 })

const program = Effect.gen(function*() {
  yield* agent.stream("How deep is it at buoy North?").pipe(
    Stream.runForEach((chunk) => Effect.sync(() => print({ content: chunk.content })))
  )
  yield* Runnable.streamEvents(agent, "How deep is it at buoy North?", { includeTypes: ["tool"] }).pipe(
    Stream.runForEach(({ data, event }) => Effect.sync(() => print({ event, data })))
  )
})

await Effect.runPromise(program.pipe(Effect.provide(layer())))
