/** The program as its users have it: a process, built from the sources at hand. */
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import type { ChildProcessWithoutNullStreams } from "node:child_process"
import { join } from "node:path"
import { build } from "../support/build.ts"

/** The folder of the built package. */
export const built = build()

/** The program. */
export const main = join(built, "dist/cli/main.js")

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>> | undefined
  /** What stdin holds; nothing by default. */
  readonly stdin?: string | Uint8Array | undefined
  /** Whether stdin is left open behind that. Defaults to `false`. */
  readonly open?: boolean | undefined
  readonly main?: string | undefined
}

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Only this and what a test gives: no key of the machine. */
const cleanEnv = { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent", RIVULET_DEMO_PACE: "0" }

/** A process under way. */
export interface Running {
  readonly child: ChildProcessWithoutNullStreams
  /** Resolves when stdout so far passes the test. */
  readonly until: (test: (stdout: string) => boolean) => Effect.Effect<void>
  /** Resolves when the process has ended and all it wrote has been read. */
  readonly ended: Effect.Effect<Ended>
}

/** Starts a command; the scope's end kills it. */
export const start = (
  command: string,
  args: ReadonlyArray<string>,
  options?: RunOptions
): Effect.Effect<Running, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(command, args, { env: { ...cleanEnv, ...options?.env } })
      let stdout = ""
      let stderr = ""
      let onStdout: () => void = constVoid
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        stdout += text
        onStdout()
      })
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        stderr += text
      })
      // A process that has ended does not read the rest of its stdin.
      child.stdin.on("error", constVoid)
      child.stdin.write(options?.stdin ?? "")
      if (options?.open !== true) child.stdin.end()
      const ended = new Promise<Ended>((resolve) => {
        child.on("close", (code) => resolve({ code, stdout, stderr }))
      })
      return {
        child,
        until: (test: (stdout: string) => boolean) =>
          Effect.callback<void>((resume) => {
            onStdout = () => test(stdout) ? resume(Effect.void) : undefined
            onStdout()
          }),
        ended: Effect.promise(() => ended)
      }
    }),
    ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
  )

/** Starts the program. */
export const startCli = (args: ReadonlyArray<string>, options?: RunOptions) =>
  start(process.execPath, [options?.main ?? main, ...args], options)

/** Runs the program to its end. */
export const cli = (args: ReadonlyArray<string>, options?: RunOptions): Effect.Effect<Ended> =>
  Effect.scoped(Effect.flatMap(startCli(args, options), (running) => running.ended))

/** Runs a shell command to its end; `$RIVULET` in it is the program. */
export const shell = (command: string, options?: RunOptions): Effect.Effect<Ended> =>
  Effect.scoped(Effect.flatMap(
    start("sh", ["-c", command], {
      ...options,
      env: { ...options?.env, RIVULET: `${process.execPath} ${options?.main ?? main}` }
    }),
    (running) => running.ended
  ))

/** The key the tests use. It must never be seen. */
export const key = "sk-ant-test-0123456789-secret"

/** The environment of a user with a key, whose API is at `url`. */
export const withKey = (url: string) => ({ ANTHROPIC_API_KEY: key, ANTHROPIC_BASE_URL: url })
