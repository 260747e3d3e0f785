/**
 * The additions to `--help` (environment variables and exit codes) and the report of wrong arguments. app.ts provides
 * its layer to the parser of commands.
 */
import * as CliConfig from "effect/cli/CliConfig"
import type * as CliError from "effect/cli/CliError"
import * as CliOutput from "effect/cli/CliOutput"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { exitCodes } from "./exitCodes.ts"
import { note, prose } from "./output.ts"

const environment: ReadonlyArray<readonly [name: string, meaning: string]> = [
  ["ANTHROPIC_API_KEY", "the key for anthropic:<model>; rivulet models lists the keys of the others"],
  ["ANTHROPIC_BASE_URL", "the address of the API, https://api.anthropic.com by default"],
  ["RIVULET_MODEL", "the default of --model"],
  ["RIVULET_DEMO_PACE", "the pace of the demo model: 1 is that of a real model, 0 has no delay"],
  ["NO_COLOR", "no colours"]
]

const section = (title: string, rows: ReadonlyArray<readonly [name: string, meaning: string]>): string => {
  const width = Math.max(...rows.map(([name]) => name.length)) + 4
  return `${title}\n${rows.map(([name, meaning]) => `  ${name.padEnd(width)}${meaning}`).join("\n")}\n`
}

const rootHelp = [
  section("ENVIRONMENT", environment),
  section("EXIT CODES", exitCodes.map(({ code, meaning }) => [String(code), meaning]))
].join("\n")

const formatter = Effect.map(TerminalCapabilities.TerminalCapabilities, ({ canColor }): CliOutput.Formatter => {
  const base = CliOutput.defaultFormatter({ colors: canColor })
  return {
    ...base,
    formatHelpDoc: (doc) => {
      const help = base.formatHelpDoc(doc).trimEnd()
      return prose(process.stdout, doc.commandPath?.length === 1 ? `${help}\n\n${rootHelp}` : help)
    }
  }
})

/** A sentence about a wrong argument. The parser puts its suggestions into lines of their own. */
const problemOf = (error: CliError.NonShowHelpErrors): string => {
  const [problem = "", suggestions] = error.message.split("Did you mean this?")
  const sentence = `${problem.trim().replace(/\.$/, "")}.`
  return suggestions === undefined
    ? sentence
    : `${sentence} Did you mean ${suggestions.trim().split(/\s+/).join(" or ")}?`
}

/** Reports wrong arguments in one line on stderr, instead of a page of help on stdout. */
const presenter: CliOutput.Presenter = {
  present: (event) =>
    event._tag === "InvalidInvocation"
      ? note(
        `rivulet: ${event.errors.map(problemOf).join(" ")} See ${event.commandPath.join(" ")} --help`
      )
      : CliOutput.defaultPresenter.present(event)
}

/** The configuration of the parser and of the help of commands. */
export const layer = Layer.mergeAll(
  Layer.effect(CliOutput.Formatter, formatter),
  CliOutput.layerPresenter(presenter),
  CliConfig.layer({
    builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions, GlobalFlag.LogLevel]
  })
)
