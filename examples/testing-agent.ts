// Runs an agent through hundreds of conversations with a model that answers by itself, and finds a bug in a tool.
import { Arbitrary, Console, Effect, Schema } from "effect"
import { Agent, Tool } from "rivulet"
import { AutoChatModel } from "rivulet/Testing"

const average = Tool.make("average", {
  description: "The average of some numbers",
  parameters: Schema.Struct({ numbers: Schema.Array(Schema.Int), label: Schema.optionalKey(Schema.String) }),
  success: Schema.Finite,
  handler: ({ numbers }) => Effect.succeed(numbers.reduce((sum, number) => sum + number, 0) / numbers.length)
})

const agent = Agent.make({ tools: [average], onToolDefect: "die" })

const test = Arbitrary.checkEffect(
  AutoChatModel.arbitrary(),
  (auto) =>
    agent.invoke("What is the average?").pipe(
      Effect.map(({ finish }) => finish === "stop"),
      // A tool that throws ends the agent with a defect.
      Effect.catchDefect(() => Effect.succeed(false)),
      Effect.provide(auto.layer)
    ),
  { runs: 500, seed: 1 }
)

const report = Effect.map(test, (result) => Arbitrary.formatCheckFailure(result) ?? "Nothing was found")
await Effect.runPromise(Effect.flatMap(report, Console.log))
