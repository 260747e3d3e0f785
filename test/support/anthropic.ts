import { Effect, Redacted, Stream } from "effect"
import type { AIMessageChunk, ChatModel, ChatModelError } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"
import { AnthropicServer } from "rivulet/Testing"
import type { Script } from "rivulet/Testing"

export const testKey = "sk-ant-test-5e3cr3t-k3y"

/** A server that answers with these scripts, one a request, the last one again and again, and a model that asks it. */
export const serve = Effect.fnUntraced(function*(
  scripts: Script.Script | ReadonlyArray<Script.Script>,
  options?: Partial<Anthropic.Options>
) {
  const list = Array.isArray(scripts) ? scripts as ReadonlyArray<Script.Script> : [scripts as Script.Script]
  const server = yield* AnthropicServer.make({ scripts: list.slice(0, -1), script: list.at(-1) })
  const model = yield* Anthropic.make({
    model: "claude-test",
    apiKey: Redacted.make(testKey),
    baseUrl: server.url,
    maxRetries: 0,
    ...options
  })
  return { server, model }
})

/** Runs a stream to its failure: the chunks that came, and the error. */
export const failed = Effect.fnUntraced(function*(
  model: ChatModel.Service,
  input: ChatModel.ChatInput = "Hi"
) {
  const chunks: Array<AIMessageChunk.AIMessageChunk> = []
  const error = yield* Effect.flip(
    Stream.runForEach(model.stream(input), (chunk) => Effect.sync(() => chunks.push(chunk)))
  )
  return { chunks, error, text: chunks.map((chunk) => chunk.content).join("") }
})

/** The same failure both ways: by `stream` and by `invoke`. */
export const failedBothWays = Effect.fnUntraced(function*(model: ChatModel.Service) {
  const streamed = yield* failed(model)
  const invoked = yield* Effect.flip(model.invoke("Hi"))
  return { ...streamed, errors: [streamed.error, invoked] as ReadonlyArray<ChatModelError.ChatModelError> }
})
