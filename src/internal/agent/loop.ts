/**
 * The loop of an agent: model, tools, model, until there is nothing more to do. Only `Agent.make` calls it. Calls are
 * run by calls.ts, and the state is in progress.ts. Every phase is a stream that ends before the next one begins, so
 * memory does not grow with the number of chunks.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { accumulator, empty } from "../../AIMessageChunk.ts"
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { CallOptions } from "../../CallOptions.ts"
import { ChatModelError, InvalidRequestError } from "../../ChatModelError.ts"
import type { Reason } from "../../Finish.ts"
import type { AIMessage } from "../../Message.ts"
import { system } from "../../Message.ts"
import { checkedNumber } from "../defects.ts"
import { excerpt, nameOf } from "../excerpt.ts"
import { callsOf, settled, toMessages } from "../model/messages.ts"
import type { Call } from "../model/messages.ts"
import type { ChatInput } from "../model/request.ts"
import { checkedSource, modelOf } from "../model/runnableOf.ts"
import { ChatModel } from "../model/service.ts"
import { run as returned } from "../returned.ts"
import { answerCalls } from "./calls.ts"
import type { AgentFinish, Chunk } from "./chunks.ts"
import type { Step } from "./conversation.ts"
import { AgentModelError } from "./errors.ts"
import { Progress } from "./progress.ts"
import type { OpenStep } from "./progress.ts"
import { isVouchedFor, vouchFor } from "./trust.ts"
import type { AnyOptions } from "./types.ts"

type Chunks = Stream.Stream<Chunk, unknown, unknown>

/** The next phase of a run: an effect that returns its stream and sets the phase after it, or that ends the run. */
type Phase = Effect.Effect<Chunks, unknown, unknown>

/** Runs model and tools in turn. Each is closed before the next begins. */
export const loop = (options: AnyOptions, input: ChatInput): Chunks =>
  Stream.suspend(() => {
    const { onStep, stopWhen } = options
    const maxSteps = checkedNumber("The agent's maxSteps", options.maxSteps ?? 20, 1)
    const instructions = options.system === undefined ? [] : [system(options.system)]
    const request = requestOf(options)
    const source = options.model === undefined ? ChatModel : checkedSource("The agent's model", options.model)
    const given = toMessages(input)
    const { messages, pending } = settled(given)
    const progress = new Progress(messages)
    let requests = 0
    let next: Phase

    /** Asks the model. */
    const ask: Phase = Effect.map(modelOf(source), (model) => {
      requests++
      const answer = accumulator()
      next = Effect.suspend(() => answered(answer.message() as AIMessage)) // a model's stream only succeeds after its finish
      const { messages } = progress.conversation()
      // A model that was forced to call a tool has done so, and must be free to answer.
      const free = messages.at(-1)?._tag === "ToolMessage" && isForcing(request.toolChoice ?? model.options?.toolChoice)
      return model.stream([...instructions, ...messages], free ? { ...request, toolChoice: "auto" } : request).pipe(
        Stream.catchIf(isRejectedCall, (error) => Stream.sync(() => rejectedCall(error))),
        Stream.mapError((error) => {
          // A request that was turned down used nothing.
          if (error.partial !== undefined) progress.spent(error.partial.usage)
          return new AgentModelError(error, progress.conversation)
        }),
        Stream.mapArray((chunks) => {
          for (const chunk of chunks) answer.add(chunk)
          return chunks
        })
      )
    })

    const answered = (message: AIMessage): Phase => {
      const { reason } = message.finish
      const calls = callsOf(message)
      progress.answered(message)
      vouchFor(message)
      const step = progress.open(message, calls)
      if (calls.length > 0 && !isCutOff(reason)) return run(step)
      return Effect.andThen(close(step), () => reason === "pause" ? goOn(message) : end(message, ended(reason), calls))
    }

    /** Runs the tools that a step calls. */
    const run = (step: OpenStep): Phase =>
      Effect.sync(() => {
        next = Effect.suspend(() =>
          step.suspended.size > 0
            ? end(step.message, "approval", step.calls.filter((call) => step.suspended.has(call)))
            : Effect.andThen(close(step), () => goOn(step.message))
        )
        return answerCalls(options, step, progress)
      })

    const close = (open: OpenStep) =>
      Effect.suspend(() => {
        const step = progress.close(open)
        return onStep === undefined ?
          Effect.void :
          returned((step: Step) => onStep(step, progress.conversation()), step).pipe(
            Effect.catchCause((cause) => Effect.logWarning("The agent's onStep failed", cause))
          )
      })

    /** Asks the model again, unless a condition or the limit of steps ends the run. */
    const goOn = Effect.fnUntraced(function*(message: AIMessage): Effect.fn.Return<Chunks, unknown, unknown> {
      const decided = stopWhen?.(progress.conversation()) ?? false
      const met: unknown = Effect.isEffect(decided) ? yield* decided : decided
      if (typeof met !== "boolean") {
        return yield* Effect.die(new TypeError(`The agent's stopWhen gave ${nameOf(met)}, not true or false`))
      }
      if (met) return yield* end(message, "stop_when", [])
      return yield* requests < maxSteps ? ask : end(message, "max_steps", [])
    })

    const end = (message: AIMessage, finish: AgentFinish, pending: ReadonlyArray<Call>): Phase =>
      Effect.sync(() => {
        next = Cause.done()
        return Stream.sync(() => ({
          _tag: "AgentEndChunk",
          content: "",
          result: progress.result(message, finish, pending)
        }))
      })

    /** Turns down the open calls of an answer that nobody vouches for: it may have been written by anybody. */
    const refuse = (message: AIMessage, { name }: Call): Phase =>
      Effect.flatMap(modelOf(source), ({ model, provider }) => {
        const field = `messages[${given.indexOf(message)}]`
        const text =
          `${field}: the call of ${excerpt(name, 100)} comes from no agent of this process, so it is not run: ` +
          "pass messages of your own through Agent.trusted, and never those of a client"
        const reason = new InvalidRequestError({ field, message: text })
        return Effect.fail(new AgentModelError(new ChatModelError({ provider, model, reason }), progress.conversation))
      })

    const [open] = pending?.calls ?? []
    next = pending === undefined || open === undefined
      ? ask
      : isVouchedFor(pending.message)
      ? Effect.suspend(() => run(progress.open(pending.message, pending.calls)))
      : refuse(pending.message, open)
    return Stream.flatten(Stream.fromEffectRepeat(Effect.suspend(() => next)))
  })

/** The options that are sent with each request. */
const requestOf = (options: AnyOptions): CallOptions => {
  const { approve: _approve, concurrency: _concurrency, maxSteps: _maxSteps, model: _model, ...others } = options
  const { name: _name, ...rest } = others
  const { onStep: _onStep, onToolDefect: _onToolDefect, stopWhen: _stopWhen, system: _system, ...request } = rest
  return request
}

/** Whether a choice leaves the model no way to answer. */
const isForcing = (choice: CallOptions["toolChoice"]): boolean => choice === "required" || typeof choice === "object"

/** Whether a server rejected what its model wrote as a tool call. */
const isRejectedCall = ({ metadata }: ChatModelError): boolean => metadata?.["code"] === "tool_use_failed"

/** The end of an answer whose call the server rejected: the call as far as it is known, so that the model is told. */
const rejectedCall = ({ metadata, partial, reason }: ChatModelError): AIMessageChunk => {
  const written = metadata?.["failed_generation"]
  const text = typeof written === "string" ? excerpt(written, 4000) : ""
  const index = partial?.parts.length ?? 0
  return {
    ...empty,
    id: partial?.id ?? "",
    parts: [{
      type: "tool_call",
      index,
      id: `call_rejected_${index}`,
      name: /<function=([\w.-]+)|"name"\s*:\s*"([\w.-]+)"/.exec(text)?.slice(1).find((name) => name !== undefined) ??
        "unknown",
      // A call without an end is never run.
      args: text,
      metadata: { rejected: reason.message }
    }],
    finish: { reason: "tool_calls", raw: "tool_use_failed" }
  }
}

/** Whether an answer was cut off, so that its calls may not be the ones that the model wanted. */
const isCutOff = (reason: Reason): boolean => reason === "length" || reason === "refusal" || reason === "content_filter"

/** The finish of a run whose last answer has no calls to run. */
const ended = (reason: Reason): AgentFinish => reason === "tool_calls" || reason === "pause" ? "other" : reason
