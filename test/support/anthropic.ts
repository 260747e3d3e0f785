import { Effect, Redacted } from "effect"
import * as Anthropic from "rivulet/Anthropic"
import { AnthropicServer } from "rivulet/Testing"
import type { Script } from "rivulet/Testing"

export const testKey = "sk-ant-test-5e3cr3t-k3y"

/** A server that answers with these scripts, one for each request and the last one repeatedly, and a model for it. */
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
