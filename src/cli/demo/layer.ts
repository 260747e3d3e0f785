/**
 * The demo model: Anthropic's provider, asked over HTTP as ever, and on the other side of a loopback socket a server
 * that answers by itself. So what is seen of it (chunks, usage, breaking off) took the way that a real answer takes.
 *
 * `RIVULET_DEMO_PACE` is the factor of its pauses: 1 by default, 0 for none.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Anthropic from "../../Anthropic.ts"
import type { CallOptions } from "../../CallOptions.ts"
import * as AnthropicServer from "../../testing/anthropic/AnthropicServer.ts"
import * as Script from "../../testing/anthropic/Script.ts"
import { answer } from "./answers.ts"
import { seeded } from "./random.ts"
import { tokenize } from "./tokens.ts"

const model = "rivulet-demo"

const pace = Config.Finite("RIVULET_DEMO_PACE").pipe(Config.withDefault(1))

/** The demo model; its server lives as long as the scope. */
export const make = Effect.fnUntraced(function*(options?: CallOptions) {
  const factor = Math.min(100, Math.max(0, yield* pace))
  const server = yield* AnthropicServer.make({ script: ({ body }) => reply(body, factor) })
  return yield* Anthropic.make({ model, apiKey: Redacted.make("demo"), baseUrl: server.url, ...options })
})

const Content = Schema.Union([
  Schema.String,
  Schema.Array(Schema.Struct({ type: Schema.String, text: Schema.optional(Schema.String) }))
])

const Body = Schema.Struct({
  max_tokens: Schema.Int,
  system: Schema.optional(Content),
  messages: Schema.Array(Schema.Struct({ role: Schema.String, content: Content }))
})

const decodeBody = Schema.decodeUnknownOption(Body)

const reply = (body: unknown, factor: number): Script.Script =>
  Option.match(decodeBody(body), {
    onNone: () => Script.status(400, { message: "The demo model understands texts only" }),
    onSome: (request) => {
      const prompt = textOf(request.messages.findLast((message) => message.role === "user")?.content)
      const system = textOf(request.system)
      const whole = tokenize(answer(prompt, system))
      const tokens = whole.slice(0, request.max_tokens)
      const input = [system, ...request.messages.map((message) => textOf(message.content))].map(tokenize).flat()
      const script = Script.tokens(tokens, {
        id: `msg_demo${Math.floor(seeded(prompt)() * 2 ** 32).toString(36)}`,
        model,
        // A few tokens go, as with real models, into what separates the messages.
        usage: { input_tokens: input.length + 7, output_tokens: tokens.length },
        stopReason: tokens.length < whole.length ? "max_tokens" : "end_turn",
        delay: "1 milli"
      })
      return { ...script, headersAfter: 180 * factor, steps: paced(script.steps, prompt, factor) }
    }
  })

/** Every delay of the steps made one of 15 to 60 milliseconds, the same for the same prompt. */
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
