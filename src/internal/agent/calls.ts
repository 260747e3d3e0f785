import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import type { ToolCall, ToolMessage } from "../../Message.ts"
import { bounded } from "../parsers/error.ts"
import { concurrencyOf } from "../runnable/make.ts"
import { toStream } from "../step/run.ts"
import { merge } from "../stream/merge.ts"
import type { Producer } from "../stream/merge.ts"
import type { Output } from "../tools/any.ts"
import { TypeId } from "../tools/definitions.ts"
import type { Call, Conversation } from "./conversation.ts"
import { AgentToolError } from "./errors.ts"
import { agentFold } from "./fold.ts"
import type { OpenStep, Progress } from "./progress.ts"
import type { AnyOptions, Chunk, Decision } from "./types.ts"

type Chunks = Stream.Stream<Chunk, unknown, unknown>

/** The most arrays of chunks that wait for a reader, over all tools. A tool that is further ahead waits. */
const ahead = 4

/**
 * Answers the calls of a step, all at once; as many tools run as may. Each result is noted before it is shown. If a tool
 * fails with what the model is not told, the others are stopped, and have ended, before that is seen.
 */
export const answerCalls = (options: AnyOptions, step: OpenStep, progress: Progress): Chunks => {
  const tools = new Map(options.tools.filter((tool) => tool.type !== "provider").map((tool) => [tool.name, tool]))
  const permits = Semaphore.makeUnsafe(concurrencyOf(options))
  const begun = progress.conversation()

  const answer = (call: Call, place: number): Chunks => {
    const { id: toolCallId, name } = call
    const note = (content: ToolMessage["content"], isError: boolean): ToolMessage => {
      const message = {
        _tag: "ToolMessage",
        toolCallId,
        name,
        content,
        ...(isError ? { isError } : undefined)
      } as const
      step.results[place] = message
      return message
    }
    const failed = (content: ToolMessage["content"]): Chunk => ({
      _tag: "ToolResultChunk",
      content: "",
      isError: true,
      name,
      toolCallId,
      message: note(content, true)
    })
    const told = (output: Output<unknown>): Chunk => {
      switch (output._tag) {
        case "Progress":
          return { _tag: "ToolProgressChunk", content: "", name, toolCallId, value: output.value }
        case "Failure":
          return failed(output.content)
        case "Result":
          return {
            _tag: "ToolResultChunk",
            content: "",
            isError: false,
            name,
            toolCallId,
            value: output.value,
            message: note(output.content, false)
          }
      }
    }
    const refused = (why: string): Chunks => Stream.sync(() => failed(why))

    if (call.type === "invalid_tool_call") return refused(`This call cannot be read: ${call.reason}`)
    const tool = tools.get(name)
    if (tool === undefined) return refused(unknownTool(name, [...tools.keys()]))
    return Stream.unwrap(Effect.gen(function*() {
      const opened = yield* Effect.result(tool[TypeId].open(call))
      if (Result.isFailure(opened)) return refused(opened.failure)
      const decision = yield* decide(options, call, begun)
      if (decision === "suspend") {
        step.suspended.add(call)
        return Stream.empty
      }
      if (decision !== "approve") return refused(`This call was denied: ${decision.deny}`)
      yield* Semaphore.takeScoped(permits, 1)
      return opened.success.pipe(
        Stream.mapError((reason) => new AgentToolError({ tool: name, toolCallId, reason }, progress.conversation)),
        Stream.map(told)
      )
    }))
  }

  const producers = step.calls.map((call, place): Producer<Chunk, unknown, unknown> => (offer) =>
    Stream.runForEachArray(answer(call, place), offer)
  )
  return toStream((scope) => Effect.map(merge(producers, ahead, scope), (pull) => ({ pull, fold: agentFold })))
}

const unknownTool = (name: string, names: ReadonlyArray<string>): string =>
  `There is no tool named ${bounded(JSON.stringify(name))}. ${
    names.length === 0 ? "There are no tools." : `There are: ${names.join(", ")}.`
  }`

const decide = (options: AnyOptions, call: ToolCall, begun: Conversation): Effect.Effect<Decision, unknown, unknown> =>
  Effect.suspend(() => {
    const decision = options.approve?.(call, begun) ?? "approve"
    return Effect.isEffect(decision) ? decision : Effect.succeed(decision)
  })
