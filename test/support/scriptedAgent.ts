// A model that calls a tool and then answers, again and again, and the tool.
import { Effect, Schema } from "effect"
import { Tool } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"

const { text, toolCalls } = ScriptedChatModel

export const scriptedAgent = () => ({
  model: ScriptedChatModel.make(({ messages }) =>
    messages.at(-1)?._tag === "ToolMessage"
      ? text("Warm")
      : toolCalls([{ id: "c1", name: "get_weather", args: { city: "Paris" } }])
  ).model,
  tool: Tool.make("get_weather", {
    parameters: Schema.Struct({ city: Schema.String }),
    success: Schema.Number,
    handler: ({ city }) => Effect.succeed(city.length).pipe(Effect.withSpan("look up"))
  })
})
