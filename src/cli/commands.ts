/**
 * The commands and their flags. app.ts runs them; the work of each is in a file of its own. It must not write to stdout
 * except for the list of models.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { CallOptions, ReasoningOptions } from "../CallOptions.ts"
import type { ChatInput, ChatModel } from "../ChatModel.ts"
import * as Providers from "../Providers.ts"
import { compare } from "./compare.ts"
import { UsageError } from "./errors.ts"
import { showEvents } from "./events.ts"
import { available, defaultName, resolve } from "./models.ts"
import { note, prose, stdoutIsTerminal, write } from "./output.ts"
import { readPrompt } from "./prompt.ts"
import { show } from "./show.ts"
import { StatusShown } from "./status.ts"
import { plainTable, rowsOf } from "./table.ts"
import { tour } from "./tour.ts"

/** A flag that takes a number, of which an error says what it must be. */
const number = (name: string, must: string, valid: (value: number) => boolean) =>
  Flag.String(name).pipe(
    Flag.withMetavar("number"),
    Flag.filterMap(
      (text) => Option.filter(Option.some(text.trim() === "" ? Number.NaN : Number(text)), valid),
      () => `Expected ${must}`
    )
  )

const integer = (name: string) =>
  number(name, "a whole number of at least 1", (value) => Number.isSafeInteger(value) && value >= 1)

/** The flags that become options of a call. */
const callFlags = {
  maxTokens: integer("max-tokens").pipe(
    Flag.withDescription("The most tokens of the answer"),
    Flag.optional
  ),
  temperature: number("temperature", "a number of at least 0", (value) => Number.isFinite(value) && value >= 0).pipe(
    Flag.withDescription("The sampling temperature: the higher, the more varied the answer"),
    Flag.optional
  ),
  reasoning: Flag.Literals("reasoning", ["none", "minimal", "low", "medium", "high", "xhigh", "max"]).pipe(
    Flag.withDescription("How much the model reasons. By default the provider decides"),
    Flag.optional
  )
}

const question = {
  prompt: Argument.String("prompt").pipe(
    Argument.withDescription("The prompt. A text on stdin follows it, or is the prompt if this is absent or -"),
    Argument.optional
  ),
  model: Flag.String("model").pipe(
    Flag.withAlias("m"),
    Flag.withDescription("The model: demo or <provider>:<model>, such as anthropic:claude-haiku-4-5"),
    Flag.optional
  ),
  system: Flag.String("system").pipe(
    Flag.withDescription("The system prompt"),
    Flag.optional
  ),
  ...callFlags,
  failOnLength: Flag.Boolean("fail-on-length").pipe(
    Flag.withDescription("Exit with 7 if a token limit cuts the answer off"),
    Flag.withDefault(false)
  )
}

const wireFlag = Flag.Boolean("wire").pipe(
  Flag.withDescription(
    "Show on stderr what is sent and what comes back: headers and frames with their times, without keys"
  ),
  Flag.withDefault(false)
)

const takeFlag = (unit: string) =>
  integer("take").pipe(Flag.withDescription(`Stop after this many ${unit} and close the connection`), Flag.optional)

/** A question: the values of the flags of {@link question}, and the prompt. */
interface Question {
  readonly prompt: string
  readonly system: string | undefined
  readonly call: CallOptions
  readonly take: number | undefined
  readonly failOnLength: boolean
}

/** The values of the flags that become options of a call. */
interface CallFlags {
  readonly maxTokens: Option.Option<number>
  readonly temperature: Option.Option<number>
  readonly reasoning: Option.Option<NonNullable<ReasoningOptions["effort"]>>
}

/** Runs a command with its question and the model that is named. An unknown model fails before the prompt is read. */
const ask = <E>(
  command: string,
  flags: CallFlags & {
    readonly prompt: Option.Option<string>
    readonly model: Option.Option<string>
    readonly system: Option.Option<string>
    readonly take: Option.Option<number>
    readonly failOnLength: boolean
    readonly wire: boolean
  },
  answer: (question: Question) => Effect.Effect<void, E, ChatModel>
) =>
  Effect.gen(function*() {
    const model = Option.isSome(flags.model)
      ? resolve(flags.model.value, "--model")
      : resolve(yield* defaultName, "RIVULET_MODEL")
    const asked = Effect.gen(function*() {
      const prompt = yield* readPrompt(command, flags.prompt)
      if (model.demo) yield* note(flags.wire ? `${demoNotice}. It sends nothing that --wire could show` : demoNotice)
      yield* answer({
        prompt,
        system: Option.getOrUndefined(flags.system),
        call: callOptions(flags),
        take: Option.getOrUndefined(flags.take),
        failOnLength: flags.failOnLength
      })
    })
    const run = Effect.provide(asked, model.layer)
    if (!flags.wire) return yield* run
    const { shown } = yield* Effect.promise(() => import("./wire.ts"))
    yield* run.pipe(Effect.provideService(StatusShown, false), Effect.provide(shown))
  })

const callOptions = ({ maxTokens, reasoning, temperature }: CallFlags): CallOptions => ({
  maxTokens: Option.getOrUndefined(maxTokens),
  temperature: Option.getOrUndefined(temperature),
  reasoning: Option.getOrUndefined(Option.map(reasoning, (effort) => ({ effort })))
})

const inputOf = (prompt: string, system: string | undefined): ChatInput =>
  system === undefined ? prompt : [["system", system], ["human", prompt]]

const stream = Command.make(
  "stream",
  {
    ...question,
    delimiter: Flag.String("delimiter").pipe(
      Flag.withDescription("The text to print between two chunks. Nothing by default"),
      Flag.withDefault("")
    ),
    take: takeFlag("chunks"),
    json: Flag.Boolean("json").pipe(
      Flag.withDescription("Print each chunk as a line of JSON"),
      Flag.withDefault(false)
    ),
    showReasoning: Flag.Boolean("show-reasoning").pipe(
      Flag.withDescription("Print the model's reasoning to stderr"),
      Flag.withDefault(false)
    ),
    wire: wireFlag
  },
  (flags) =>
    ask("stream", flags, ({ prompt, system, ...question }) =>
      show({
        ...question,
        input: inputOf(prompt, system),
        delimiter: flags.delimiter,
        json: flags.json,
        reasoning: flags.showReasoning
      }))
).pipe(
  Command.withDescription("Stream a model's answer to stdout"),
  Command.withExamples([
    { command: "rivulet stream \"Tell me a joke\" --model anthropic:claude-haiku-4-5" },
    { command: "git diff | rivulet stream \"Write a commit message\"" },
    { command: "rivulet stream \"Count to ten\" --json --take 5" }
  ])
)

const events = Command.make(
  "events",
  {
    ...question,
    take: takeFlag("events"),
    v1: Flag.Boolean("v1").pipe(
      Flag.withDescription("Print events of version 1 as JSON, without parents and custom events"),
      Flag.withDefault(false)
    ),
    json: Flag.Boolean("json").pipe(
      Flag.withDescription("Print each event as a line of JSON even on a terminal, instead of a tree"),
      Flag.withDefault(false)
    ),
    wire: wireFlag
  },
  ({ json, v1, ...flags }) => {
    const tree = stdoutIsTerminal() && !json && !v1
    return ask("events", flags, (question) => showEvents({ ...question, version: v1 ? "v1" : "v2", tree }))
  }
).pipe(
  Command.withDescription("Print the events of a chain of prompt, model and parser, as JSON or as a live tree"),
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
      Flag.withDescription("A model to compare. Repeat the flag for each model"),
      Flag.between(0, 8)
    ),
    json: Flag.Boolean("json").pipe(
      Flag.withDescription("Print each chunk, and the result of each model, as a line of JSON"),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function*(flags) {
    if (flags.model.length < 2) {
      return yield* new UsageError({
        message: "Name two or more models to compare, as in --model demo --model anthropic:claude-haiku-4-5"
      })
    }
    // A name that leads to no model is wrong usage: it is told before another model is asked.
    const models = yield* Effect.forEach(
      flags.model,
      (name) => Effect.map(Layer.build(resolve(name, "--model").layer), (context) => ({ name, context }))
    )
    const prompt = yield* readPrompt("compare", flags.prompt)
    const input = inputOf(prompt, Option.getOrUndefined(flags.system))
    yield* compare({
      models,
      input,
      call: callOptions(flags),
      json: flags.json,
      failOnLength: flags.failOnLength
    })
  }, Effect.scoped)
).pipe(
  Command.withDescription("Send a prompt to several models and show their answers side by side"),
  Command.withExamples([
    { command: "rivulet compare \"Tell me a joke\" --model demo --model anthropic:claude-haiku-4-5" },
    { command: "rivulet compare \"Count to ten\" -m demo -m demo --json" }
  ])
)

const demoNotice =
  "The offline demo model answers. For a real model set ANTHROPIC_API_KEY and use --model anthropic:claude-haiku-4-5"

const models = Command.make(
  "models",
  {
    model: Argument.String("model").pipe(
      Argument.withDescription(
        "A model, as <provider>:<model>: print what is known of it, and the request that a call with the flags would send"
      ),
      Argument.optional
    ),
    ...callFlags,
    json: Flag.Boolean("json").pipe(
      Flag.withDescription("Print JSON"),
      Flag.withDefault(false)
    ),
    table: Flag.Boolean("table").pipe(
      Flag.withDescription("Print a table of the capabilities of each provider"),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function*({ json, model, table, ...flags }) {
    const call = callOptions(flags)
    if (Option.isSome(model)) {
      if (table) {
        return yield* new UsageError({ message: "--table is about all providers: leave it out, or the model" })
      }
      const { showModel } = yield* Effect.promise(() => import("./showModel.ts"))
      return yield* showModel({ name: model.value, call, json })
    }
    if (Object.values(call).some((value) => value !== undefined)) {
      const example = "rivulet models anthropic:claude-haiku-4-5"
      return yield* new UsageError({ message: `Name the model that would get these options, as in: ${example}` })
    }
    if (table) {
      const rows = yield* Effect.flatMap(Providers.all, rowsOf)
      if (json) return yield* write(`${JSON.stringify(rows, null, 2)}\n`)
      const columns = stdoutIsTerminal() ? process.stdout.columns || undefined : undefined
      return yield* write(prose(process.stdout, plainTable(rows, columns)))
    }
    const list = yield* available
    const byDefault = yield* defaultName
    if (json) return yield* write(`${JSON.stringify({ default: byDefault, models: list }, null, 2)}\n`)
    const width = Math.max(...list.map(({ model }) => model.length)) + 4
    const rows = list.map(({ local, model, needs, ready }) => {
      const where = model === "demo" ? " (offline)" : local ? " (if its server runs on this machine)" : ""
      return `${model.padEnd(width)}${ready ? "ready" : `needs: ${needs.join(", ")}`}${where}\n`
    })
    const others =
      `Other models of these providers work as well: --model <provider>:<model>. The default is ${byDefault}`
    const about = "What is known of a model: rivulet models <provider>:<model>"
    yield* write(prose(process.stdout, `${rows.join("")}\n${others}\n${about}\n`))
  })
).pipe(
  Command.withDescription("List the models and what each still needs, or print what is known of one model"),
  Command.withExamples([
    { command: "rivulet models" },
    { command: "rivulet models anthropic:claude-haiku-4-5" },
    { command: "rivulet models openai:gpt-6-luna --temperature 0 --reasoning high" }
  ])
)

/** The whole command line. */
export const rivulet = Command.make("rivulet", {}, () => tour).pipe(
  Command.withDescription("Stream the answers of chat models. Without a command, a short tour runs"),
  Command.withSubcommands([stream, events, compareCommand, models])
)
