/**
 * What a model says it can do, shown; and what it says it cannot, turned down in words instead of passed over.
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
import { check, holds, run, skip, tokens, turnsDown, whole } from "./check.ts"
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

/** How a tick is shown, and how a cross; a cross that nothing shows says why. */
interface Proof {
  readonly name: keyof Capabilities
  readonly tick: () => Body
  readonly cross: (() => Body) | string
}

const untold = "there is no way to ask for it"

export const capabilities = <S>(subject: Subject<S>): ReadonlyArray<Case> => [
  ...proofs(subject).map(({ cross, name, tick }) =>
    subject.capabilities[name]
      ? run(`${name} ✓`, tick)
      : typeof cross === "string"
      ? skip(`${name} ✗`, cross)
      : run(`${name} ✗`, cross)
  ),
  subject.wireless === undefined
    ? run(foreignTool, () =>
      Effect.flatMap(
        subject.start([subject.answers.text(tokens)]),
        (running) => turnsDown(running, "UnsupportedError", "Hi", { tools: [providerTool("elsewhere")] })
      ))
    : skip(foreignTool, subject.wireless)
]

const foreignTool = "a tool of another provider is turned down"

const providerTool = (provider: string): ProviderTool => ({
  type: "provider",
  provider,
  definition: { type: "web_search" }
})

/** In how many chunks the arguments of a call came. */
const slices = (chunks: ReadonlyArray<AIMessageChunk>): number =>
  chunks.filter(({ parts }) => parts.some((part) => part.type === "tool_call" && part.args !== "")).length

const proofs = <S>(subject: Subject<S>): ReadonlyArray<Proof> => {
  const { answers, capabilities } = subject
  const start = (answer: S) => subject.start([answer], { maxRetries: 0 })
  const text = () => start(answers.text(tokens))
  const noTools = capabilities.tools ? undefined : "it has no tools at all"

  /** The answer that is to show it; a tick without one is a lie. */
  const show = (name: keyof Answers<S>, answer: S | undefined) =>
    answer === undefined
      ? Effect.die(new Error(`It is declared, and the subject has no answer \`${name}\` to show it`))
      : start(answer)

  /** Asking for it fails, before a request is made. */
  const refuses = (options: CallOptions | undefined, input: ChatInput = "Hi") => () =>
    Effect.flatMap(text(), (running) => turnsDown(running, "UnsupportedError", input, options))

  /** The request holds this. */
  const sends = (words: string, options: CallOptions | undefined, input: ChatInput = "Hi") => () =>
    Effect.gen(function*() {
      const { asked, model } = yield* text()
      yield* model.invoke(input, options)
      const { body } = yield* asked(0)
      yield* check((is) => is.ok(holds(body, words), `the request holds ${words}`))
    })

  /** The answer has such a part. */
  const brings = (name: "citation" | "image", found: (part: AIPart) => boolean) => () =>
    Effect.gen(function*() {
      const { model } = yield* show(name, answers[name])
      const { parts } = yield* model.invoke("Hi")
      yield* check((is) => is.ok(parts.some(found), `the answer has it: ${JSON.stringify(parts)}`))
    })

  const calling = Effect.fnUntraced(function*(calls: ReadonlyArray<Call>, options?: CallOptions) {
    const running = yield* show("toolCalls", answers.toolCalls?.(calls))
    const chunks = yield* Stream.runCollect(running.model.stream("Hi", { tools: [weather], ...options }))
    const { toolCalls } = toMessage(chunks)
    yield* check((is) => is.deepEqual(toolCalls.map(({ args, id, name }) => ({ id, name, args })), calls))
    return { ...running, chunks }
  })

  return [
    {
      name: "tokenStreaming",
      tick: () =>
        Effect.gen(function*() {
          // What has arrived is delivered while the rest is still to come.
          const { model } = yield* start((answers.stalls ?? answers.text)(tokens))
          const chunks = yield* model.stream("Hi").pipe(
            Stream.filter((chunk) => chunk.content !== ""),
            Stream.take(tokens.length),
            Stream.runCollect
          )
          yield* check((is) => is.deepEqual(chunks.map((chunk) => chunk.content), tokens))
        }),
      cross: () =>
        Effect.gen(function*() {
          const { model } = yield* text()
          const chunks = yield* Stream.runCollect(model.stream("Hi"))
          yield* check((is) => is.deepEqual(chunks.map((chunk) => chunk.content), [whole]))
        })
    },
    {
      name: "tools",
      tick: () =>
        Effect.gen(function*() {
          const { asked, chunks } = yield* calling([first])
          const { body } = yield* asked(0)
          yield* check((is) => {
            for (const words of ["fishweather", "The weather for fish", "pond"]) {
              is.ok(holds(body, words), `the request holds ${words}`)
            }
            is.equal(chunks.at(-1)?.finish?.reason, "tool_calls")
          })
        }),
      cross: refuses({ tools: [weather] })
    },
    {
      name: "parallelToolCalls",
      tick: () =>
        Effect.gen(function*() {
          const two = yield* calling([first, second])
          const one = yield* calling([first], { parallelToolCalls: false })
          const bodies = [yield* two.asked(0), yield* one.asked(0)].map(({ body }) => JSON.stringify(body))
          yield* check((is) => is.notEqual(bodies[0], bodies[1], "`parallelToolCalls: false` is in the request"))
        }),
      cross: noTools ?? refuses({ tools: [weather], parallelToolCalls: false })
    },
    {
      name: "streamedToolArguments",
      tick: () =>
        Effect.flatMap(
          calling([first]),
          ({ chunks }) => check((is) => is.ok(slices(chunks) > 1, "the arguments come in slices"))
        ),
      cross: noTools ??
        (() =>
          Effect.flatMap(
            calling([first]),
            ({ chunks }) => check((is) => is.equal(slices(chunks), 1, "the arguments come whole"))
          ))
    },
    { name: "structuredOutput", tick: sends("fins", format), cross: refuses(format) },
    { name: "imageInput", tick: sends(pixel, undefined, withImage), cross: refuses(undefined, withImage) },
    { name: "imageOutput", tick: brings("image", (part) => part.type === "file"), cross: untold },
    { name: "fileInput", tick: sends(page, undefined, withFile), cross: refuses(undefined, withFile) },
    {
      name: "reasoning",
      tick: () =>
        Effect.gen(function*() {
          const { model } = yield* show("reasoning", answers.reasoning?.("Six times seven", "It is 42"))
          const message = yield* model.invoke("Hi")
          const thoughts = message.parts.flatMap((part) => part.type === "reasoning" ? [part.text] : [])
          yield* check((is) => is.deepEqual([thoughts.join(""), message.content], ["Six times seven", "It is 42"]))
          yield* model.invoke([human("Hi"), message, human("Go on")])
        }),
      cross: untold
    },
    {
      name: "citations",
      tick: brings(
        "citation",
        (part) => part.type === "citation" || (part.type === "text" && (part.citations ?? []).length > 0)
      ),
      cross: untold
    },
    {
      name: "streamedUsage",
      tick: () =>
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
      cross: () =>
        Effect.gen(function*() {
          const { model } = yield* start(answers.text(tokens, { input: 12, output: 34 }))
          const { usage } = yield* model.invoke("Hi")
          yield* check((is) => is.equal(usage, undefined))
        })
    },
    {
      name: "promptCaching",
      tick: () =>
        Effect.gen(function*() {
          const { model } = yield* show("cached", answers.cached?.(7))
          const { usage } = yield* model.invoke("Hi")
          yield* check((is) => {
            is.equal(usage?.cacheReadTokens, 7)
            is.ok((usage?.inputTokens ?? 0) >= 7, "inputTokens are all of them, cached ones included")
          })
        }),
      cross: untold
    },
    {
      name: "serverTools",
      tick: () =>
        Effect.gen(function*() {
          const { asked, model } = yield* start(answers.serverTool ?? answers.text(tokens))
          const { parts } = yield* model.invoke("Hi", { tools: [providerTool(model.provider)] })
          const { body } = yield* asked(0)
          yield* check((is) => {
            is.ok(holds(body, "web_search"), "the request holds the tool")
            if (answers.serverTool === undefined) return
            is.ok(parts.some((part) => part.type === "server_tool_call"), "the answer tells of its call")
          })
        }),
      cross: () =>
        Effect.flatMap(
          text(),
          (running) => turnsDown(running, "UnsupportedError", "Hi", { tools: [providerTool(running.model.provider)] })
        )
    }
  ]
}
