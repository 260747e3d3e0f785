import { Effect, Redacted } from "effect"
import * as OpenAi from "rivulet/OpenAi"
import { OpenAiServer } from "rivulet/Testing"
import type { Script } from "rivulet/Testing"
import { recordings } from "./recordings.ts"
import type { Recording } from "./recordings.ts"

/** A server that answers with these scripts, one for each request and the last one repeatedly, and a model for it. */
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

/** The reasoning of a recording of this API: its items. */
interface ReasoningItem {
  readonly summary: ReadonlyArray<string>
  readonly content: ReadonlyArray<string>
}

const withReasoningText = (recording: Recording): Recording => {
  // The files of this API hold items where those of the others hold texts.
  const items = (recording.canonical.reasoning ?? []) as ReadonlyArray<unknown> as ReadonlyArray<ReasoningItem>
  const text = items.map(({ content, summary }) => [...summary, ...content].join("")).join("")
  return { ...recording, canonical: { ...recording.canonical, reasoning: [text] } }
}

/** The recordings of the API: complete responses, and responses that fail. */
export const recorded = (() => {
  const all = recordings("responses")
  const fails = ({ canonical }: Recording) => "error" in canonical
  return {
    whole: all.filter((recording) => !fails(recording)).map(withReasoningText),
    failing: all.filter(fails)
  }
})()
