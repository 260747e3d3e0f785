/**
 * The command line as one effect that succeeds with an exit code, and the function that runs it as a process. main.ts
 * calls it. Every failure becomes one line on stderr here.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import { rivulet } from "./commands.ts"
import { reportOf } from "./errors.ts"
import type { Report } from "./errors.ts"
import { failureCode, signalCodes, usageCode } from "./exitCodes.ts"
import * as Help from "./help.ts"
import { flush, ignoreStreamErrors, note } from "./output.ts"
import * as Warnings from "./warnings.ts"

const version = Effect.sync(() => {
  const file = readFileSync(new URL("../../package.json", import.meta.url), "utf8")
  return Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Struct({ version: Schema.String })))(file).version
})

const end = ({ code, line }: Report) => Effect.as(line === undefined ? Effect.void : note(`rivulet: ${line}`), code)

/** Runs the command of the process's arguments and succeeds with the exit code. */
const app = Effect.gen(function*() {
  yield* ignoreStreamErrors
  yield* Command.run(rivulet, { version: yield* version })
  return 0
}).pipe(
  Effect.catch((error) => {
    switch (error._tag) {
      case "ShowHelp":
        return Effect.succeed(error.errors.length === 0 ? 0 : usageCode)
      case "ChatModelError":
      case "ConfigError":
      case "Declined":
      case "ModelRegistryError":
      case "OutputError":
      case "Reported":
      case "UsageError":
        return end(reportOf(error))
      default:
        return end({ line: error.message, code: usageCode })
    }
  }),
  Effect.catchDefect((defect) =>
    end({ line: `This is a bug in rivulet. Please report it: ${String(defect)}`, code: failureCode })
  ),
  Effect.tap(flush),
  Effect.provide(Layer.mergeAll(NodeServices.layer, Help.layer, Warnings.layer)),
  // Stdout is reserved for results.
  Effect.provideService(References.LogToStderr, true)
)

/**
 * Runs the command line and exits with its code. A first signal interrupts it, so that the connection is closed before
 * the process exits. A second signal ends the process at once.
 */
export const main = (): void => {
  const fiber = Effect.runFork(app)
  let code = failureCode
  const listeners = Object.entries(signalCodes).map(([signal, signalCode]) => {
    const onSignal = () => {
      code = signalCode
      for (const { onSignal, signal } of listeners) process.removeListener(signal, onSignal)
      fiber.interruptUnsafe()
    }
    process.on(signal, onSignal)
    return { signal, onSignal }
  })
  fiber.addObserver((exit) => {
    // A closed connection needs one more turn of the event loop to reach the server.
    setImmediate(() => process.exit(Exit.isSuccess(exit) ? exit.value : code))
  })
}
