/**
 * The thread that runs what `Sync` waits for. It is started by `caller.ts` as a worker and imported by nobody. A run ends
 * with one message, which is sent when its connections are closed.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import { writeSync } from "node:fs"
import process from "node:process"
import type { Writable } from "node:stream"
import { workerData } from "node:worker_threads"
import type { CallOptions } from "../CallOptions.ts"
import { ChatModelError, InvalidRequestError } from "../ChatModelError.ts"
import { make } from "../internal/model/make.ts"
import { ChatModel } from "../internal/model/service.ts"
import { isRunnable } from "../internal/runnable/make.ts"
import type { Runnable } from "../internal/step/types.ts"
import * as Providers from "../Providers.ts"
import { encodeFailure } from "./failure.ts"
import type { BatchResult, Command, Connection, Ready, Reply, Target, Work } from "./protocol.ts"

type AnyChain = Runnable<unknown, unknown, unknown, ChatModel>

/** The arrays that may wait for the other thread: a loop that is slow stops the reading of the socket. */
const window = 16

const { port, sent } = workerData as Connection // it was started by caller.ts

/** The commands that the other thread may send to a run that has not ended. */
interface Running {
  readonly more: () => void
  readonly leave: () => void
}

const running = new Map<number, Running>()

/** The `_write` of a stream that goes to the file descriptor at once. */
const writerTo = (descriptor: number): Writable["_write"] => (chunk: string | Uint8Array, encoding, callback) => {
  const bytes = typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk
  let written = 0
  while (written < bytes.length) {
    try {
      written += writeSync(descriptor, bytes, written)
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error))
      if (!("code" in failure) || failure.code !== "EAGAIN") return callback(failure)
      // The reader of the pipe is slow. Nobody notifies this number.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    }
  }
  callback()
}

const reply = (message: Reply | Ready): void => {
  if ((message._tag === "Done" || message._tag === "Failed") && !running.delete(message.run)) return // its end was told
  port.postMessage(message)
  Atomics.add(sent, 0, 1)
  Atomics.notify(sent, 0)
}

// Otherwise an exception outside of a run, such as in a timer of a chain, would leave the other thread waiting for good.
process.on("uncaughtException", (error) => {
  for (const run of running.keys()) reply({ _tag: "Failed", run, failure: encodeFailure(Cause.die(error)) })
})
process.on("exit", () => reply({ _tag: "Ended" }))

// The streams of a worker are written by the other thread, which writes nothing while it waits.
for (const [descriptor, stream] of [[1, process.stdout], [2, process.stderr]] as const) {
  Object.assign(stream, { _writev: null, _write: writerTo(descriptor) })
}

reply({ _tag: "Ready" })

port.on("message", (command: Command) => {
  if (command._tag === "Start") start(command.run, command.work)
  else if (command._tag === "More") running.get(command.run)?.more()
  else running.get(command.run)?.leave()
})

const start = (run: number, work: Work): void => {
  let room = window
  let roomy: (() => void) | undefined
  const send = (values: ReadonlyArray<unknown>) =>
    Effect.suspend(() => {
      room--
      reply({ _tag: "Values", run, values })
      return room > 0 ? Effect.void : Effect.callback<void>((resume) => {
        roomy = () => resume(Effect.void)
      })
    })
  const controller = new AbortController()
  running.set(run, {
    more: () => {
      room++
      // The run may go on at once, and wait again.
      const resume = roomy
      roomy = undefined
      resume?.()
    },
    leave: () => controller.abort()
  })
  const fiber = Effect.runFork(done(work, send), { signal: controller.signal })
  fiber.addObserver((exit) =>
    reply(
      // A caller that left needs no failure. Any other interruption comes from the chain itself, so its output is
      // missing.
      Exit.isSuccess(exit) || controller.signal.aborted && Cause.hasInterruptsOnly(exit.cause)
        ? { _tag: "Done", run }
        : { _tag: "Failed", run, failure: encodeFailure(exit.cause) }
    )
  )
}

const done = (
  { concurrency, input, kind, target }: Work,
  send: (values: ReadonlyArray<unknown>) => Effect.Effect<void>
): Effect.Effect<void, unknown> =>
  Effect.scoped(Effect.gen(function*() {
    const model = target.model === undefined
      ? undefined
      // It was made of plain data by the other thread, whose types are those of options.
      : yield* Providers.make(target.model, target.options as CallOptions | undefined)
    const chain = target.module === undefined ? model as AnyChain : yield* imported(target.module, target)
    const work = kind === "stream"
      ? Stream.runForEachArray(chain.stream(input), send)
      : kind === "invoke"
      ? Effect.flatMap(chain.invoke(input), (value) => send([value]))
      : Effect.flatMap(
        chain.batch(input as ReadonlyArray<unknown>, { concurrency }), // a batch has a list of inputs
        (results) =>
          send(results.map((result): BatchResult =>
            result._tag === "Success"
              ? { _tag: "Success", value: result.success }
              : { _tag: "Failure", failure: encodeFailure(Cause.fail(result.failure)) }
          ))
      )
    // A chain that brings its own model does not see this one.
    yield* Effect.provideService(work, ChatModel, model ?? missingModel)
  }))

const noModel = new InvalidRequestError({
  field: "model",
  message: "model: the chain needs one; name it in the call, as in { module, model: \"anthropic:claude-haiku-4-5\" }"
})

/** The model of a chain that needs one, where the call names none. */
const missingModel = make({
  provider: "rivulet/Sync",
  model: "none",
  stream: () => Stream.fail(new ChatModelError({ provider: "rivulet/Sync", model: "none", reason: noModel }))
})

const imported = (address: string, target: Target): Effect.Effect<AnyChain, Error> =>
  Effect.flatMap(
    Effect.tryPromise({
      try: (): Promise<Readonly<Record<string, unknown>>> => import(address),
      catch: (error) =>
        new Error(
          `${address} cannot be imported: ${
            error instanceof Error ? `${error.name}: ${error.message}` : String(error)
          }`,
          { cause: error }
        )
    }),
    (module) => {
      const found = module[target.export]
      return isRunnable(found)
        ? Effect.succeed(found as AnyChain) // the caller says what it takes and gives
        : Effect.fail(
          new Error(
            `${address} has no runnable with the name ${target.export}. It exports: ${Object.keys(module).join(", ")}`
          )
        )
    }
  )
