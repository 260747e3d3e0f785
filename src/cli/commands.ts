/** The commands, and what their flags mean. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ChatInput } from "../ChatModel.ts"
import { UsageError } from "./errors.ts"
import { showEvents } from "./events.ts"
import { available, defaultName, resolve } from "./models.ts"
import { note, stdoutIsTerminal, write } from "./output.ts"
import { readPrompt } from "./prompt.ts"
import { show } from "./show.ts"
import { tour } from "./tour.ts"

const question = {
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
  maxTokens: Flag.Int("max-tokens").pipe(
    Flag.withDescription("The most tokens the answer may have"),
    Flag.optional
  ),
  temperature: Flag.Finite("temperature").pipe(
    Flag.withDescription("How much the answer may vary"),
    Flag.optional
  )
}

const takeFlag = (what: string) =>
  Flag.Int("take").pipe(Flag.withDescription(`Break off after so many ${what}`), Flag.optional)

/** What the flags of {@link question} ask, and of whom. */
const readQuestion = Effect.fnUntraced(function*(command: string, flags: {
  readonly prompt: Option.Option<string>
  readonly model: Option.Option<string>
  readonly system: Option.Option<string>
  readonly maxTokens: Option.Option<number>
  readonly temperature: Option.Option<number>
  readonly take: Option.Option<number>
}) {
  const take = Option.getOrUndefined(flags.take)
  if (take !== undefined && take < 1) {
    return yield* new UsageError({ message: `--take must be at least 1, not ${take}` })
  }
  const name = yield* Option.match(flags.model, { onNone: () => defaultName, onSome: Effect.succeed })
  const model = yield* resolve(name)
  const prompt = yield* readPrompt(command, flags.prompt)
  if (model.demo) yield* note(demoNotice)
  const call = {
    maxTokens: Option.getOrUndefined(flags.maxTokens),
    temperature: Option.getOrUndefined(flags.temperature)
  }
  return { prompt, system: Option.getOrUndefined(flags.system), call, take, layer: model.layer }
})

const stream = Command.make(
  "stream",
  {
    ...question,
    delimiter: Flag.String("delimiter").pipe(
      Flag.withDescription("What to print between two chunks of text"),
      Flag.withDefault("")
    ),
    take: takeFlag("chunks"),
    json: Flag.Boolean("json").pipe(
      Flag.withDescription("Print each chunk as a line of JSON"),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function*(flags) {
    const { call, layer, prompt, system, take } = yield* readQuestion("stream", flags)
    const input: ChatInput = system === undefined ? prompt : [["system", system], ["human", prompt]]
    yield* Effect.provide(show({ input, call, delimiter: flags.delimiter, take, json: flags.json }), layer)
  })
).pipe(
  Command.withDescription("Stream a model's answer to stdout"),
  Command.withExamples([
    { command: "rivulet stream \"Tell me a joke\" --model anthropic:claude-haiku-4-5" },
    { command: "git diff | rivulet stream --system \"Write a commit message\"" },
    { command: "rivulet stream \"Count to ten\" --json --take 5" }
  ])
)

const events = Command.make(
  "events",
  {
    ...question,
    take: takeFlag("events"),
    v1: Flag.Boolean("v1").pipe(
      Flag.withDescription("Print version 1 of the events, as JSON: no parents, no custom events"),
      Flag.withDefault(false)
    ),
    json: Flag.Boolean("json").pipe(
      Flag.withDescription("Print each event as a line of JSON on a terminal too, instead of a tree"),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function*({ json, v1, ...flags }) {
    const { layer, ...asked } = yield* readQuestion("events", flags)
    const tree = stdoutIsTerminal() && !json && !v1
    yield* Effect.provide(showEvents({ ...asked, version: v1 ? "v1" : "v2", tree }), layer)
  })
).pipe(
  Command.withDescription("Show what happens while a prompt, a model and a parser answer: as JSON, or as a live tree"),
  Command.withExamples([
    { command: "rivulet events \"Tell me a joke\"" },
    { command: "rivulet events \"Count to ten\" --v1 --take 4 | cat" }
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
  Command.withSubcommands([stream, events, models])
)
