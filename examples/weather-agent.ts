// Runs an agent with two tools, one of which reports progress. Prints its answer, then the tree of its events.
import { Console, Effect, Schema, Stream } from "effect"
import { Agent, Runnable, Tool } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"

class NoSuchCity extends Schema.TaggedError<NoSuchCity>()("NoSuchCity", { city: Schema.String }) {}

const cities = new Map([["Bern", [46.9, 7.4]], ["Rome", [41.9, 12.5]]])

const locate = Tool.make("locate", {
  description: "The latitude and longitude of a city",
  parameters: Schema.Struct({ city: Schema.String }),
  success: Schema.Array(Schema.Number),
  failure: NoSuchCity, // reported to the model, which may try another name
  handler: ({ city }) => {
    const place = cities.get(city)
    return place === undefined ? Effect.fail(new NoSuchCity({ city })) : Effect.succeed(place)
  }
})

const forecast = Tool.make("forecast", {
  description: "The temperature at a place, in degrees Celsius, hour by hour",
  parameters: Schema.Struct({ latitude: Schema.Number, longitude: Schema.Number }),
  success: Schema.Array(Schema.Number),
  handler: ({ latitude }) => Stream.make([Math.round(60 - latitude)], [Math.round(60 - latitude), 15]) // last value: the result
})

const agent = Agent.make({ tools: [locate, forecast], system: "Answer in one sentence.", maxSteps: 6 })

const program = Effect.gen(function*() {
  yield* agent.stream("How warm will it be in Bern and in Rom?").pipe(
    Stream.runForEach((chunk) => {
      switch (chunk._tag) {
        case "AIMessageChunk":
          return Effect.sync(() => process.stdout.write(chunk.content))
        case "ToolResultChunk":
          return Console.log(`[${chunk.name}: ${chunk.message.content}]`)
        case "AgentEndChunk":
          return Console.log(`\n${chunk.result.finish} after ${chunk.result.steps.length} steps`)
        default:
          return Effect.void
      }
    })
  )

  yield* Runnable.streamEvents(agent, "How warm will it be in Bern and in Rom?", { excludeTypes: ["chat_model"] }).pipe(
    Stream.filter(({ event }) => event !== "on_chain_stream"),
    Stream.runForEach(({ data, event, name, parent_ids }) =>
      Console.log(
        `${"  ".repeat(parent_ids.length)}${event} ${name}`,
        parent_ids.length === 0 ? "" : JSON.stringify(data)
      )
    )
  )
})

await Effect.runPromise(program.pipe(Effect.provide(Anthropic.layer({ model: "claude-haiku-4-5" }))))
