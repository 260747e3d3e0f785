/**
 * Runs the tool calls of one step of an agent: approval, concurrency, results and errors. Only loop.ts calls it. It
 * must not ask the model. At most a few arrays of chunks wait for the reader, so a slow reader slows the tools.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import type { ToolCall, ToolMessage } from "../../Message.ts"
import { excerpt, nameOf } from "../excerpt.ts"
import { isObject } from "../json/object.ts"
import { onAnswers } from "../model/answers.ts"
import type { Call } from "../model/messages.ts"
import { concurrencyOf } from "../runnable/batch.ts"
import { toStream } from "../step/run.ts"
import { merge } from "../stream/merge.ts"
import type { Producer } from "../stream/merge.ts"
import type { Output } from "../tools/any.ts"
import { TypeId } from "../tools/definitions.ts"
import { reportRefused } from "../tools/make.ts"
import type { Chunk } from "./chunks.ts"
import type { Conversation } from "./conversation.ts"
import { AgentToolDefect, AgentToolError, toolFailure } from "./errors.ts"
import { agentFold } from "./fold.ts"
import type { OpenStep, Progress } from "./progress.ts"
import type { AnyOptions, Decision } from "./types.ts"

type Chunks = Stream.Stream<Chunk, unknown, unknown>

/** How many arrays of chunks, of all tools together, may wait for the reader. A tool that is further ahead waits. */
const maxBufferedArrays = 4

/**
 * Answers all calls of a step, with limited concurrency. Each result is recorded before it is emitted. If a tool fails
 * with a failure that the model is not told, the other tools are interrupted and have ended before the stream fails.
 */
export const answerCalls = (options: AnyOptions, step: OpenStep, progress: Progress): Chunks => {
  const tools = new Map(options.tools.filter((tool) => tool.type !== "provider").map((tool) => [tool.name, tool]))
  const permits = Semaphore.makeUnsafe(concurrencyOf(options))
  const conversation = progress.conversation()

  const answer = (call: Call, position: number): Chunks => {
    const { id: toolCallId, name } = call
    const record = (content: ToolMessage["content"], isError: boolean): ToolMessage => {
      const message = {
        _tag: "ToolMessage",
        toolCallId,
        name,
        content,
        ...(isError ? { isError } : undefined)
      } as const
      step.results[position] = message
      return message
    }
    const failed = (content: ToolMessage["content"]): Chunk => ({
      _tag: "ToolResultChunk",
      content: "",
      isError: true,
      name,
      toolCallId,
      message: record(content, true)
    })
    const chunkOf = (output: Output<unknown>): Chunk => {
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
            message: record(output.content, false)
          }
      }
    }
    const rejected = (why: string): Chunks => Stream.fromEffect(Effect.map(reportRefused(call, why), () => failed(why)))
    const onDefect = (cause: unknown): Effect.Effect<never, string> =>
      options.onToolDefect === "tell"
        ? Effect.logWarning(`The tool ${name} died`, cause).pipe(
          Effect.andThen(Effect.fail(excerpt(toolFailure(name, cause), maxToldLength)))
        )
        : Effect.die(new AgentToolDefect({ tool: name, toolCallId, cause }, progress.conversation))

    if (call.type === "invalid_tool_call") {
      const byServer = call.metadata?.["rejected"]
      return rejected(
        typeof byServer === "string"
          ? `The server rejected this call: ${byServer}`
          : `This call cannot be read: ${call.reason}`
      )
    }
    const tool = tools.get(name)
    if (tool === undefined) return rejected(unknownTool(name, [...tools.keys()]))
    return Stream.unwrap(Effect.gen(function*() {
      const opened = yield* Effect.result(
        Effect.catchDefect(tool[TypeId].open(call), (cause) =>
          // It died before its run began, which would have told.
          Effect.tapDefect(onDefect(cause), () => reportRefused(call, toolFailure(name, cause))))
      )
      if (Result.isFailure(opened)) return rejected(opened.failure)
      const decision = yield* decide(options, call, conversation)
      if (decision === "suspend") {
        step.suspended.add(call)
        return Stream.empty
      }
      if (decision !== "approve") return rejected(`This call was denied: ${decision.deny}`)
      yield* Semaphore.takeScoped(permits, 1)
      return onAnswers(opened.success, ({ usage }) => progress.spent(usage)).pipe(
        Stream.mapError((reason) => new AgentToolError({ tool: name, toolCallId, reason }, progress.conversation)),
        Stream.map(chunkOf),
        Stream.catchDefect((defect) =>
          Stream.fromEffect(Effect.match(onDefect(defect), { onFailure: failed, onSuccess: failed }))
        )
      )
    }))
  }

  const producers = step.calls.map((call, position): Producer<Chunk, unknown, unknown> => (offer) =>
    Stream.runForEachArray(answer(call, position), offer)
  )
  return toStream((scope) =>
    Effect.map(merge(producers, maxBufferedArrays, scope), (pull) => ({ pull, fold: agentFold }))
  )
}

const unknownTool = (name: string, names: ReadonlyArray<string>): string =>
  `There is no tool named ${excerpt(JSON.stringify(name))}. ${
    names.length === 0 ? "There are no tools." : `There are: ${names.join(", ")}.`
  }`

const decide = (options: AnyOptions, call: ToolCall, begun: Conversation): Effect.Effect<Decision, unknown, unknown> =>
  Effect.suspend(() => {
    if (options.approve === undefined) return Effect.succeed("approve")
    const decided = options.approve(call, begun)
    return Effect.flatMap(Effect.isEffect(decided) ? decided : Effect.succeed(decided), (decision) => {
      if (isDecision(decision)) return Effect.succeed(decision)
      const { id, name } = call
      return Effect.die(
        new TypeError(
          `approve gave ${nameOf(decision)} for the call ${id} of ${name}: it must give "approve", "suspend", ` +
            "{ deny: reason }, or an Effect of one of them"
        )
      )
    })
  })

/** Whether a caller without types gave a decision. Nothing else approves a call. */
const isDecision = (value: unknown): value is Decision =>
  value === "approve" || value === "suspend" || (isObject(value) && typeof value["deny"] === "string")

/** The longest message of a defect that a model is told, in UTF-16 code units. */
const maxToldLength = 2000
