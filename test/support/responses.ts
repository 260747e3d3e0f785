import { Effect, Redacted } from "effect"
import * as OpenAi from "rivulet/OpenAi"
import { OpenAiServer } from "rivulet/Testing"
import type { Script } from "rivulet/Testing"
import { recordings } from "./recordings.ts"
import type { Recording } from "./recordings.ts"

/** A server that answers with these scripts, one a request, the last one again and again, and a model that asks it. */
export const serve = Effect.fnUntraced(function*(
  scripts: Script.Script | ReadonlyArray<Script.Script>,
  options?: Partial<OpenAi.Options>
) {
  const list = Array.isArray(scripts) ? scripts as ReadonlyArray<Script.Script> : [scripts as Script.Script]
  const server = yield* OpenAiServer.make({ scripts: list.slice(0, -1), script: list.at(-1) })
  const model = yield* OpenAi.make({
    model: "gpt-test",
    apiKey: Redacted.make("sk-test-5e3cr3t-k3y"),
    baseUrl: server.url,
    maxRetries: 0,
    ...options
  })
  return { server, model }
})

/** Of this API the recordings tell the reasoning item by item. */
interface ReasoningItem {
  readonly summary: ReadonlyArray<string>
  readonly content: ReadonlyArray<string>
}

/** The recordings of the API: those of a whole response, with their reasoning in one text, and those that fail. */
export const recorded = (() => {
  const all = recordings("responses")
  const fails = ({ canonical }: Recording) => "error" in canonical
  return {
    whole: all.filter((recording) => !fails(recording)).map((recording) => ({
      ...recording,
      reasoning: ((recording.canonical.reasoning ?? []) as ReadonlyArray<unknown> as ReadonlyArray<ReasoningItem>)
        .map(({ content, summary }) => [...summary, ...content].join("")).join("")
    })),
    failing: all.filter(fails)
  }
})()
