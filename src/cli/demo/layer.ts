/**
 * The demo model: the provider for OpenAI-like servers, and a server that answers by itself on the loopback interface.
 * Its chunks, its usage and its cancellation therefore take the path of a real answer. Loaded by `cli/models.ts` when
 * the demo is first used, as the server takes time to load. It must import no provider that needs an SDK.
 *
 * `RIVULET_DEMO_PACE` scales the pauses: 1 by default, 0 for none.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { CallOptions } from "../../CallOptions.ts"
import * as OpenAiCompatible from "../../OpenAiCompatible.ts"
import * as OpenAiScript from "../../testing/openai/OpenAiScript.ts"
import * as OpenAiServer from "../../testing/openai/OpenAiServer.ts"
import * as Script from "../../testing/server/steps.ts"
import { answer } from "./answers.ts"
import { seeded } from "./random.ts"
import { tokenize } from "./tokens.ts"

const model = "rivulet-demo"

const preset: OpenAiCompatible.Preset = { name: "demo", quirks: { maxTokens: true } }

const pace = Config.Finite("RIVULET_DEMO_PACE").pipe(Config.withDefault(1))

/** The demo model; its server lives as long as the scope. */
export const make = Effect.fnUntraced(function*(options?: CallOptions) {
  const factor = Math.min(100, Math.max(0, yield* pace))
  const server = yield* OpenAiServer.make({ script: ({ body }) => reply(body, factor) })
  return yield* OpenAiCompatible.make({
    model,
    preset,
    apiKey: Redacted.make("demo"),
    baseUrl: server.url,
    ...options
  })
})

const Content = Schema.Union([
  Schema.String,
  Schema.Array(Schema.Struct({ type: Schema.String, text: Schema.optional(Schema.String) }))
])

const Body = Schema.Struct({
  max_tokens: Schema.optional(Schema.Int),
  reasoning_effort: Schema.optional(Schema.String),
  messages: Schema.Array(Schema.Struct({ role: Schema.String, content: Content }))
})

const decodeBody = Schema.decodeUnknownOption(Body)

const reply = (body: unknown, factor: number): Script.Script =>
  Option.match(decodeBody(body), {
    onNone: () => OpenAiScript.status(400, { message: "The demo model understands texts only" }),
    onSome: ({ max_tokens, messages, reasoning_effort }) => {
      const prompt = textOf(messages.findLast(({ role }) => role === "user")?.content)
      const system = messages.filter(({ role }) => role === "system").map(({ content }) => textOf(content)).join("\n")
      const whole = tokenize(answer(prompt, system))
      const thoughts = reasoning_effort === undefined || reasoning_effort === "none" ? [] : tokenize(thoughtsOf(prompt))
      const thinking = thoughts.slice(0, max_tokens)
      const tokens = whole.slice(0, max_tokens === undefined ? undefined : max_tokens - thinking.length)
      const input = messages.flatMap(({ content }) => tokenize(textOf(content)))
      const script = OpenAiScript.chat.message({
        blocks: [
          ...(thinking.length === 0 ? [] : [{ type: "reasoning", tokens: thinking } as const]),
          { type: "text", tokens }
        ],
        id: `chatcmpl-demo${Math.floor(seeded(prompt)() * 2 ** 32).toString(36)}`,
        model,
        // With real models, too, a few tokens separate the messages.
        usage: { prompt_tokens: input.length + 7, completion_tokens: thinking.length + tokens.length },
        finishReason: tokens.length < whole.length ? "length" : "stop",
        delay: "1 milli"
      })
      return { ...script, headersAfter: 180 * factor, steps: paced(script.steps, prompt, factor) }
    }
  })

/** The reasoning of the demo model, which it is asked for with `--reasoning`. */
const thoughtsOf = (prompt: string): string =>
  `The user says ${
    JSON.stringify(prompt.trim().slice(0, 60))
  }. I know no facts, so I look for something that I can do with it.`

/** Replaces every delay by one of 15 to 60 milliseconds, the same for the same prompt. */
const paced = (steps: ReadonlyArray<Script.Step>, prompt: string, factor: number): ReadonlyArray<Script.Step> => {
  const random = seeded(prompt)
  return steps.flatMap((step): ReadonlyArray<Script.Step> => {
    if (step._tag !== "Delay") return [step]
    return factor === 0 ? [] : [Script.delay((15 + random() * 45) * factor)]
  })
}

const textOf = (content: typeof Content.Type | undefined): string =>
  content === undefined || typeof content === "string"
    ? content ?? ""
    : content.map((part) => part.text ?? "").join("\n")
