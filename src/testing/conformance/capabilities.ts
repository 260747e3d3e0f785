/**
 * Cases of capabilities: a declared capability is proved, and the use of one that is not declared fails with a typed
 * error instead of being ignored.
 *
 * Part of the suite in `Conformance`. Must not import a provider or a server.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { toMessage } from "../../AIMessageChunk.ts"
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { CallOptions, ProviderTool, ToolDefinition } from "../../CallOptions.ts"
import type { Capabilities } from "../../Capabilities.ts"
import type { ChatInput } from "../../ChatModel.ts"
import { file, human, image, text } from "../../Message.ts"
import type { AIPart } from "../../Message.ts"
import { check, holds, isRejected, run, skip, tokens, whole } from "./check.ts"
import type { Answers, Call, Case, Subject } from "./subject.ts"

const weather: ToolDefinition = {
  name: "fishweather",
  description: "The weather for fish",
  parameters: { type: "object", properties: { pond: { type: "string" } }, required: ["pond"] }
}

const calls: ReadonlyArray<Call> = [
  { id: "call_1", name: "fishweather", args: { pond: "a small one behind the old mill" } },
  { id: "call_2", name: "fishweather", args: { pond: "on the moon" } }
]

const [first, second] = calls as readonly [Call, Call] // as they stand above

/** A PNG of one pixel, and the start of a PDF file. */
const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg=="
const page = "JVBERi0xLjQKJWdvbGRmaXNoCg=="

const withImage = [
  human([text("What is this?"), image({ data: pixel, mediaType: "image/png" })])
]
const withFile = [
  human([text("What is this?"), file({ data: page, mediaType: "application/pdf", name: "a.pdf" })])
]

const format: CallOptions = {
  responseFormat: {
    type: "json_schema",
    schema: {
      type: "object",
      properties: { fins: { type: "number" } },
      required: ["fins"],
      additionalProperties: false
    }
  }
}

type Body = ReturnType<Parameters<typeof run>[1]>

/** The proof of one capability. */
interface Proof {
  readonly name: keyof Capabilities
  /** Proves that the model has it. */
  readonly present: () => Body
  /** Proves that the model rejects its use, or the reason why there is no such proof. */
  readonly absent: (() => Body) | string
}

const noRequest = "there is no way to ask for it"

export const capabilities = <S>(subject: Subject<S>): ReadonlyArray<Case> => [
  ...proofs(subject).map(({ absent, name, present }) =>
    subject.capabilities[name]
      ? run(`${name} ✓`, present)
      : typeof absent === "string"
      ? skip(`${name} ✗`, absent)
      : run(`${name} ✗`, absent)
  ),
  subject.noWire === undefined
    ? run(foreignTool, () =>
      Effect.flatMap(
        subject.start([subject.answers.text(tokens)]),
        (running) => isRejected(running, "UnsupportedError", "Hi", { tools: [providerTool("elsewhere")] })
      ))
    : skip(foreignTool, subject.noWire)
]

const foreignTool = "a tool of another provider is refused"

const providerTool = (provider: string): ProviderTool => ({
  type: "provider",
  provider,
  definition: { type: "web_search" }
})

/** The number of chunks with arguments of a call. */
const slices = (chunks: ReadonlyArray<AIMessageChunk>): number =>
  chunks.filter(({ parts }) => parts.some((part) => part.type === "tool_call" && part.args !== "")).length

const proofs = <S>(subject: Subject<S>): ReadonlyArray<Proof> => {
  const { answers, capabilities } = subject
  const start = (answer: S) => subject.start([answer], { maxRetries: 0 })
  const text = () => start(answers.text(tokens))
  const noTools = capabilities.tools ? undefined : "it has no tools at all"

  /** Starts the model with the answer that proves a capability. A declared capability needs that answer. */
  const startWith = (name: keyof Answers<S>, answer: S | undefined) =>
    answer === undefined
      ? Effect.die(new Error(`The capability is declared, but the subject has no answer \`${name}\` that proves it`))
      : start(answer)

  /** The use of the capability fails before a request is made. */
  const refuses = (options: CallOptions | undefined, input: ChatInput = "Hi") => () =>
    Effect.flatMap(text(), (running) => isRejected(running, "UnsupportedError", input, options))

  /** The request contains this text. */
  const sends = (words: string, options: CallOptions | undefined, input: ChatInput = "Hi") => () =>
    Effect.gen(function*() {
      const { model, request } = yield* text()
      yield* model.invoke(input, options)
      const { body } = yield* request(0)
      yield* check((is) => is.ok(holds(body, words), `the request contains ${words}`))
    })

  /** The message contains such a part. */
  const brings = (name: "citation" | "image", found: (part: AIPart) => boolean) => () =>
    Effect.gen(function*() {
      const { model } = yield* startWith(name, answers[name])
      const { parts } = yield* model.invoke("Hi")
      yield* check((is) => is.ok(parts.some(found), `the message has such a part: ${JSON.stringify(parts)}`))
    })

  const calling = Effect.fnUntraced(function*(calls: ReadonlyArray<Call>, options?: CallOptions) {
    const running = yield* startWith("toolCalls", answers.toolCalls?.(calls))
    const chunks = yield* Stream.runCollect(running.model.stream("Hi", { tools: [weather], ...options }))
    const { toolCalls } = toMessage(chunks)
    yield* check((is) => is.deepEqual(toolCalls.map(({ args, id, name }) => ({ id, name, args })), calls))
    return { ...running, chunks }
  })

  return [
    {
      name: "tokenStreaming",
      present: () =>
        Effect.gen(function*() {
          // The tokens are delivered before the rest of the answer arrives.
          const { model } = yield* start((answers.stalls ?? answers.text)(tokens))
          const chunks = yield* model.stream("Hi").pipe(
            Stream.filter((chunk) => chunk.content !== ""),
            Stream.take(tokens.length),
            Stream.runCollect
          )
          yield* check((is) => is.deepEqual(chunks.map((chunk) => chunk.content), tokens))
        }),
      absent: () =>
        Effect.gen(function*() {
          const { model } = yield* text()
          const chunks = yield* Stream.runCollect(model.stream("Hi"))
          yield* check((is) => is.deepEqual(chunks.map((chunk) => chunk.content), [whole]))
        })
    },
    {
      name: "tools",
      present: () =>
        Effect.gen(function*() {
          const { chunks, request } = yield* calling([first])
          const { body } = yield* request(0)
          yield* check((is) => {
            for (const words of ["fishweather", "The weather for fish", "pond"]) {
              is.ok(holds(body, words), `the request contains ${words}`)
            }
            is.equal(chunks.at(-1)?.finish?.reason, "tool_calls")
          })
        }),
      absent: refuses({ tools: [weather] })
    },
    {
      name: "parallelToolCalls",
      present: () =>
        Effect.gen(function*() {
          const two = yield* calling([first, second])
          const one = yield* calling([first], { parallelToolCalls: false })
          const bodies = [yield* two.request(0), yield* one.request(0)].map(({ body }) => JSON.stringify(body))
          yield* check((is) => is.notEqual(bodies[0], bodies[1], "`parallelToolCalls: false` is in the request"))
        }),
      absent: noTools ?? refuses({ tools: [weather], parallelToolCalls: false })
    },
    {
      name: "streamedToolArguments",
      present: () =>
        Effect.flatMap(
          calling([first]),
          ({ chunks }) => check((is) => is.ok(slices(chunks) > 1, "the arguments come in slices"))
        ),
      absent: noTools ??
        (() =>
          Effect.flatMap(
            calling([first]),
            ({ chunks }) => check((is) => is.equal(slices(chunks), 1, "the arguments come whole"))
          ))
    },
    { name: "structuredOutput", present: sends("fins", format), absent: refuses(format) },
    { name: "imageInput", present: sends(pixel, undefined, withImage), absent: refuses(undefined, withImage) },
    { name: "imageOutput", present: brings("image", (part) => part.type === "file"), absent: noRequest },
    { name: "fileInput", present: sends(page, undefined, withFile), absent: refuses(undefined, withFile) },
    {
      name: "reasoning",
      present: () =>
        Effect.gen(function*() {
          const { model } = yield* startWith("reasoning", answers.reasoning?.("Six times seven", "It is 42"))
          const message = yield* model.invoke("Hi")
          const thoughts = message.parts.flatMap((part) => part.type === "reasoning" ? [part.text] : [])
          yield* check((is) => is.deepEqual([thoughts.join(""), message.content], ["Six times seven", "It is 42"]))
          yield* model.invoke([human("Hi"), message, human("Go on")])
        }),
      absent: noRequest
    },
    {
      name: "citations",
      present: brings(
        "citation",
        (part) => part.type === "citation" || (part.type === "text" && (part.citations ?? []).length > 0)
      ),
      absent: noRequest
    },
    {
      name: "streamedUsage",
      present: () =>
        Effect.gen(function*() {
          const { model } = yield* start(answers.text(tokens, { input: 12, output: 34 }))
          const chunks = yield* Stream.runCollect(model.stream("Hi"))
          const { usage } = toMessage(chunks)
          const outputs = chunks.flatMap((chunk) => chunk.usage === undefined ? [] : [chunk.usage.outputTokens])
          yield* check((is) => {
            is.deepEqual([usage?.inputTokens, usage?.outputTokens, usage?.totalTokens], [12, 34, 46])
            is.deepEqual(outputs, outputs.toSorted((a, b) => a - b), "they are running totals")
          })
        }),
      absent: () =>
        Effect.gen(function*() {
          const { model } = yield* start(answers.text(tokens, { input: 12, output: 34 }))
          const { usage } = yield* model.invoke("Hi")
          yield* check((is) => is.equal(usage, undefined))
        })
    },
    {
      name: "promptCaching",
      present: () =>
        Effect.gen(function*() {
          const { model } = yield* startWith("cached", answers.cached?.(7))
          const { usage } = yield* model.invoke("Hi")
          yield* check((is) => {
            is.equal(usage?.cacheReadTokens, 7)
            is.ok((usage?.inputTokens ?? 0) >= 7, "inputTokens include the cached ones")
          })
        }),
      absent: noRequest
    },
    {
      name: "serverTools",
      present: () =>
        Effect.gen(function*() {
          const { model, request } = yield* start(answers.serverTool ?? answers.text(tokens))
          const { parts } = yield* model.invoke("Hi", { tools: [providerTool(model.provider)] })
          const { body } = yield* request(0)
          yield* check((is) => {
            is.ok(holds(body, "web_search"), "the request contains the tool")
            if (answers.serverTool === undefined) return
            is.ok(parts.some((part) => part.type === "server_tool_call"), "the message reports the call")
          })
        }),
      absent: () =>
        Effect.flatMap(
          text(),
          (running) => isRejected(running, "UnsupportedError", "Hi", { tools: [providerTool(running.model.provider)] })
        )
    }
  ]
}
