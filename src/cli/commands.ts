/** The commands, and what their flags mean. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { CallOptions } from "../CallOptions.ts"
import type { ChatInput, ChatModel } from "../ChatModel.ts"
import * as Providers from "../Providers.ts"
import { compare } from "./compare.ts"
import { UsageError } from "./errors.ts"
import { showEvents } from "./events.ts"
import { available, defaultName, resolve } from "./models.ts"
import { note, stdoutIsTerminal, write } from "./output.ts"
import { readPrompt } from "./prompt.ts"
import { show } from "./show.ts"
import { plainTable, rowsOf } from "./table.ts"
import { tour } from "./tour.ts"

const question = {
  prompt: Argument.String("prompt").pipe(
    Argument.withDescription("What to ask; read from stdin when absent or -"),
    Argument.optional
  ),
  model: Flag.String("model").pipe(
    Flag.withAlias("m"),
    Flag.withDescription("Whom to ask: demo or <provider>:<model>, such as anthropic:claude-haiku-4-5"),
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

/** What is asked, as the flags of {@link question} and the prompt say it. */
interface Question {
  readonly prompt: string
  readonly system: string | undefined
  readonly call: CallOptions
  readonly take: number | undefined
}

/** Has a question asked of the model that is named; whether there is such a model is the first thing to be told. */
const ask = <E>(
  command: string,
  flags: {
    readonly prompt: Option.Option<string>
    readonly model: Option.Option<string>
    readonly system: Option.Option<string>
    readonly maxTokens: Option.Option<number>
    readonly temperature: Option.Option<number>
    readonly take: Option.Option<number>
  },
  answer: (question: Question) => Effect.Effect<void, E, ChatModel>
) =>
  Effect.gen(function*() {
    const take = Option.getOrUndefined(flags.take)
    if (take !== undefined && take < 1) {
      return yield* new UsageError({ message: `--take must be at least 1, not ${take}` })
    }
    const model = resolve(yield* Option.match(flags.model, { onNone: () => defaultName, onSome: Effect.succeed }))
    const asked = Effect.gen(function*() {
      const prompt = yield* readPrompt(command, flags.prompt)
      if (model.demo) yield* note(demoNotice)
      yield* answer({ prompt, system: Option.getOrUndefined(flags.system), call: callOptions(flags), take })
    })
    yield* Effect.provide(asked, model.layer)
  })

const callOptions = (flags: {
  readonly maxTokens: Option.Option<number>
  readonly temperature: Option.Option<number>
}): CallOptions => ({
  maxTokens: Option.getOrUndefined(flags.maxTokens),
  temperature: Option.getOrUndefined(flags.temperature)
})

const inputOf = (prompt: string, system: string | undefined): ChatInput =>
  system === undefined ? prompt : [["system", system], ["human", prompt]]

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
  (flags) =>
    ask(
      "stream",
      flags,
      ({ call, prompt, system, take }) =>
        show({ input: inputOf(prompt, system), call, delimiter: flags.delimiter, take, json: flags.json })
    )
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
  ({ json, v1, ...flags }) => {
    const tree = stdoutIsTerminal() && !json && !v1
    return ask("events", flags, (question) => showEvents({ ...question, version: v1 ? "v1" : "v2", tree }))
  }
).pipe(
  Command.withDescription("Show what happens while a prompt, a model and a parser answer: as JSON, or as a live tree"),
  Command.withExamples([
    { command: "rivulet events \"Tell me a joke\"" },
    { command: "rivulet events \"Count to ten\" --v1 --take 4 | cat" }
  ])
)

const compareCommand = Command.make(
  "compare",
  {
    ...question,
    model: Flag.String("model").pipe(
      Flag.withAlias("m"),
      Flag.withDescription("Whom to ask; give it once for each model"),
      Flag.between(0, 8)
    ),
    json: Flag.Boolean("json").pipe(
      Flag.withDescription("Print each chunk as a line of JSON, and one for what became of each model"),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function*(flags) {
    if (flags.model.length < 2) {
      return yield* new UsageError({
        message: "Say which models to compare, two or more: --model demo --model anthropic:claude-haiku-4-5"
      })
    }
    const prompt = yield* readPrompt("compare", flags.prompt)
    const input = inputOf(prompt, Option.getOrUndefined(flags.system))
    yield* compare({ models: flags.model.map(resolve), input, call: callOptions(flags), json: flags.json })
  })
).pipe(
  Command.withDescription("Ask several models the same and show their answers side by side"),
  Command.withExamples([
    { command: "rivulet compare \"Tell me a joke\" --model demo --model anthropic:claude-haiku-4-5" },
    { command: "rivulet compare \"Count to ten\" -m demo -m demo --json" }
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
    ),
    table: Flag.Boolean("table").pipe(
      Flag.withDescription("Print what each provider can do"),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function*({ json, table }) {
    if (table) {
      const rows = yield* Effect.flatMap(Providers.all, rowsOf)
      return yield* write(json ? `${JSON.stringify(rows, null, 2)}\n` : plainTable(rows))
    }
    const list = yield* available
    const byDefault = yield* defaultName
    if (json) return yield* write(`${JSON.stringify({ default: byDefault, models: list }, null, 2)}\n`)
    const width = Math.max(...list.map(({ model }) => model.length)) + 4
    const rows = list.map(({ local, model, needs, ready }) => {
      const where = model === "demo" ? " (offline)" : local ? " (if its server runs here)" : ""
      return `${model.padEnd(width)}${ready ? "ready" : `needs: ${needs.join(", ")}`}${where}\n`
    })
    yield* write(
      `${rows.join("")}\nAny other name is passed through: --model <provider>:<model>. Asked by default: ${byDefault}\n`
    )
  })
).pipe(Command.withDescription("List the models, and what each still needs to be asked"))

/** The whole command line. */
export const rivulet = Command.make("rivulet", {}, () => tour).pipe(
  Command.withDescription("Streams the answers of chat models. Without a command: a short tour"),
  Command.withSubcommands([stream, events, compareCommand, models])
)
