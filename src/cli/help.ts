/** What `--help` says beyond the flags, and how a wrong command line is told. */
import * as CliConfig from "effect/cli/CliConfig"
import * as CliOutput from "effect/cli/CliOutput"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { exitCodes } from "./exitCodes.ts"
import { note } from "./output.ts"

const environment: ReadonlyArray<readonly [name: string, meaning: string]> = [
  ["ANTHROPIC_API_KEY", "the key for anthropic:<model>; for others see rivulet models"],
  ["ANTHROPIC_BASE_URL", "another address than https://api.anthropic.com"],
  ["RIVULET_MODEL", "the model to ask when --model is not given"],
  ["RIVULET_DEMO_PACE", "how slow the demo model is: 1 as a real one, 0 at once"],
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
      return doc.commandPath?.length === 1 ? `${help}\n\n${rootHelp}` : help
    }
  }
})

/** A wrong command line is one line on stderr, not a page of help on stdout. */
const presenter: CliOutput.Presenter = {
  present: (event) =>
    event._tag === "InvalidInvocation"
      ? note(
        `rivulet: ${event.errors.map((error) => error.message).join("; ")}. See ${event.commandPath.join(" ")} --help`
      )
      : CliOutput.defaultPresenter.present(event)
}

/** How the commands are parsed and documented. */
export const layer = Layer.mergeAll(
  Layer.effect(CliOutput.Formatter, formatter),
  CliOutput.layerPresenter(presenter),
  CliConfig.layer({
    builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions, GlobalFlag.LogLevel]
  })
)
