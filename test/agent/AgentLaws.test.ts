import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { Agent, AIMessageChunk, ChatModel, Message, Tool } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"

const { make, text, toolCalls } = ScriptedChatModel

const one = Tool.make("one", {
  parameters: Schema.Struct({ n: Schema.Int }),
  success: Schema.Int,
  failure: Schema.String,
  handler: ({ n }) => n % 3 === 0 ? Effect.fail("no") : Effect.delay(Effect.succeed(n), 0)
})
const many = Tool.make("many", {
  parameters: Schema.Struct({ n: Schema.Int }),
  success: Schema.Int,
  handler: ({ n }) => Stream.range(0, Math.abs(n) % 5)
})

/** What the model asks for: step by step, the calls. Some tools do not exist, some arguments do not fit. */
const Plan = Schema.Array(Schema.Array(Schema.Struct({
  name: Schema.Literals(["one", "many", "none"]),
  args: Schema.Struct({ n: Schema.Union([Schema.Int, Schema.String]) })
})))

const repliesOf = (plan: typeof Plan.Type) => [
  ...plan.map((calls, step) =>
    calls.length === 0
      ? text("Wait", { finish: "pause" })
      : toolCalls(calls.map((call, i) => ({ ...call, id: `call_${step}_${i}` })), { text: "Let me see" })
  ),
  text("All done")
]

const agent = (maxSteps: number) => Agent.make({ tools: [one, many], maxSteps, concurrency: 2 })

const run = <A, E>(plan: typeof Plan.Type, effect: Effect.Effect<A, E, ChatModel.ChatModel>) =>
  Effect.provideService(effect, ChatModel.ChatModel, make(repliesOf(plan)).model)

const placeOf = ({ toolCallId }: Message.ToolMessage) => Number(toolCallId.split("_")[2])

describe("for any plan of the model's", () => {
  it.live.prop(
    "what it gives is what its stream ends with, and its messages are the fold of the chunks",
    [Plan],
    ([plan]) =>
      Effect.gen(function*() {
        const invoked = yield* run(plan, agent(50).invoke("Hi"))
        const chunks = yield* run(plan, Stream.runCollect(agent(50).stream("Hi")))
        const last = chunks.at(-1)
        assert.isTrue(last?._tag === "AgentEndChunk")
        if (last?._tag === "AgentEndChunk") assert.deepStrictEqual(last.result, invoked)
        assert.lengthOf(chunks.filter(({ _tag }) => _tag === "AgentEndChunk"), 1)

        let answer = AIMessageChunk.accumulator()
        const messages: Array<Message.Message> = [Message.human("Hi")]
        let results: Array<Message.ToolMessage> = []
        const inOrder = () => {
          messages.push(...results.toSorted((a, b) => placeOf(a) - placeOf(b)))
          results = []
        }
        for (const chunk of chunks) {
          if (chunk._tag === "ToolResultChunk") results.push(chunk.message)
          if (chunk._tag !== "AIMessageChunk") continue
          inOrder()
          answer.add(chunk)
          const message = answer.message()
          if (message === undefined) continue
          messages.push(message)
          answer = AIMessageChunk.accumulator()
        }
        assert.deepStrictEqual(invoked.messages, messages)
      })
  )

  it.live.prop(
    "every call has one result, after its answer and before the next",
    [Plan],
    ([plan]) =>
      Effect.gen(function*() {
        const { messages, steps } = yield* run(plan, agent(50).invoke("Hi"))
        assert.lengthOf(steps, plan.length + 1)
        assert.deepStrictEqual(
          messages.slice(1),
          steps.flatMap(({ message, results }) => [message, ...results])
        )
        for (const { message, results } of steps) {
          assert.deepStrictEqual(results.map(({ toolCallId }) => toolCallId), message.toolCalls.map(({ id }) => id))
        }
      })
  )

  it.live.prop(
    "stopped after every step and given its messages again, it comes to the same",
    [Plan],
    ([plan]) =>
      Effect.gen(function*() {
        const whole = yield* run(plan, agent(50).invoke("Hi"))
        const parts = yield* run(
          plan,
          Effect.gen(function*() {
            let result = yield* agent(1).invoke("Hi")
            while (result.finish === "max_steps") result = yield* agent(1).invoke(result.messages)
            return result
          })
        )
        assert.deepStrictEqual(parts.messages, whole.messages)
        assert.strictEqual(parts.finish, whole.finish)
      })
  )
})
