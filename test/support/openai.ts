import { Effect, Redacted } from "effect"
import * as OpenAi from "rivulet/OpenAi"
import * as OpenAiCompatible from "rivulet/OpenAiCompatible"
import { OpenAiServer } from "rivulet/Testing"
import type { Script } from "rivulet/Testing"

export const testKey = "sk-proj-test-5e3cr3t-k3y"

const serving = (scripts: Script.Script | ReadonlyArray<Script.Script>) => {
  const list = Array.isArray(scripts) ? scripts as ReadonlyArray<Script.Script> : [scripts as Script.Script]
  return OpenAiServer.make({ scripts: list.slice(0, -1), script: list.at(-1) })
}

/** The same with OpenAI's model for Chat Completions. */
export const serveChat = Effect.fnUntraced(function*(
  scripts: Script.Script | ReadonlyArray<Script.Script>,
  options?: Partial<OpenAi.Options>
) {
  const server = yield* serving(scripts)
  const model = yield* OpenAi.make({
    model: "gpt-test",
    api: "chat",
    apiKey: Redacted.make(testKey),
    baseUrl: server.url,
    maxRetries: 0,
    ...options
  })
  return { server, model }
})

/** The same with the model for servers that are compatible with OpenAI's. */
export const serveCompatible = Effect.fnUntraced(function*(
  scripts: Script.Script | ReadonlyArray<Script.Script>,
  options?: Partial<OpenAiCompatible.Options>
) {
  const server = yield* serving(scripts)
  const model = yield* OpenAiCompatible.make({
    model: "test",
    apiKey: Redacted.make(testKey),
    baseUrl: server.url,
    maxRetries: 0,
    ...options
  })
  return { server, model }
})
