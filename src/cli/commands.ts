/** The commands, and what their flags mean. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ChatInput } from "../ChatModel.ts"
import { UsageError } from "./errors.ts"
import { available, defaultName, resolve } from "./models.ts"
import { note, write } from "./output.ts"
import { readPrompt } from "./prompt.ts"
import { show } from "./show.ts"
import { tour } from "./tour.ts"

const stream = Command.make(
  "stream",
  {
    prompt: Argument.String("prompt").pipe(
      Argument.withDescription("What to ask; read from stdin when absent or -"),
      Argument.optional
    ),
    model: Flag.String("model").pipe(
      Flag.withAlias("m"),
      Flag.withDescription("Whom to ask: demo or anthropic:<model>, such as anthropic:claude-haiku-4-5"),
      Flag.optional
    ),
    system: Flag.String("system").pipe(
      Flag.withDescription("The system prompt"),
      Flag.optional
    ),
    delimiter: Flag.String("delimiter").pipe(
      Flag.withDescription("What to print between two chunks of text"),
      Flag.withDefault("")
    ),
    maxTokens: Flag.Int("max-tokens").pipe(
      Flag.withDescription("The most tokens the answer may have"),
      Flag.optional
    ),
    temperature: Flag.Finite("temperature").pipe(
      Flag.withDescription("How much the answer may vary"),
      Flag.optional
    ),
    take: Flag.Int("take").pipe(
      Flag.withDescription("Break off after so many chunks"),
      Flag.optional
    ),
    json: Flag.Boolean("json").pipe(
      Flag.withDescription("Print each chunk as a line of JSON"),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function*(flags) {
    const take = Option.getOrUndefined(flags.take)
    if (take !== undefined && take < 1) {
      return yield* new UsageError({ message: `--take must be at least 1, not ${take}` })
    }
    const name = yield* Option.match(flags.model, { onNone: () => defaultName, onSome: Effect.succeed })
    const model = yield* resolve(name)
    const prompt = yield* readPrompt(flags.prompt)
    if (model.demo) yield* note(demoNotice)
    const input: ChatInput = Option.match(flags.system, {
      onNone: () => prompt,
      onSome: (system) => [["system", system], ["human", prompt]] as const
    })
    const call = {
      maxTokens: Option.getOrUndefined(flags.maxTokens),
      temperature: Option.getOrUndefined(flags.temperature)
    }
    yield* Effect.provide(show({ input, call, delimiter: flags.delimiter, take, json: flags.json }), model.layer)
  })
).pipe(
  Command.withDescription("Stream a model's answer to stdout"),
  Command.withExamples([
    { command: "rivulet stream \"Tell me a joke\" --model anthropic:claude-haiku-4-5" },
    { command: "git diff | rivulet stream --system \"Write a commit message\"" },
    { command: "rivulet stream \"Count to ten\" --json --take 5" }
  ])
)

const demoNotice =
  "The offline demo model answers. For a real one set ANTHROPIC_API_KEY and use --model anthropic:claude-haiku-4-5"

const models = Command.make(
  "models",
  {
    json: Flag.Boolean("json").pipe(
      Flag.withDescription("Print the list as JSON"),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function*({ json }) {
    const list = yield* available
    const byDefault = yield* defaultName
    if (json) return yield* write(`${JSON.stringify({ default: byDefault, models: list }, null, 2)}\n`)
    const width = Math.max(...list.map(({ model }) => model.length)) + 4
    const rows = list.map(({ model, needs, ready }) =>
      `${model.padEnd(width)}${ready ? "ready" : `needs: ${needs.join(", ")}`}${model === "demo" ? " (offline)" : ""}\n`
    )
    yield* write(
      `${rows.join("")}\nAny other name is passed through: --model anthropic:<model>. Asked by default: ${byDefault}\n`
    )
  })
).pipe(Command.withDescription("List the models, and what each still needs to be asked"))

/** The whole command line. */
export const rivulet = Command.make("rivulet", {}, () => tour).pipe(
  Command.withDescription("Streams the answers of chat models. Without a command: a short tour"),
  Command.withSubcommands([stream, models])
)
