/**
 * Streams as plain `for` loops, for scripts and the REPL of Node.js: no Effect, no `await`.
 *
 * **When to use**
 *
 * In a script that does one thing after the other. Never in a server or an app with a user interface: the thread waits
 * for each chunk, and nothing else in it runs meanwhile, not even a timer.
 *
 * **Details**
 *
 * - The stream runs in a worker thread, which the process has one of and which starts with the first call (the time of
 *   one import of Rivulet, once). Each array of chunks costs a copy from thread to thread.
 * - At most 16 arrays of chunks wait for the loop, so a slow loop slows the connection.
 * - `break`, `return` and an exception in the loop close the connection before the loop is left.
 * - A failure is thrown as the class that the Effect API fails with, `partial` included. A failure of a class that
 *   Rivulet does not know, and a defect, is thrown as {@link SyncError}.
 * - Input, options and chunks are copied: data only, no functions and no classes of your own.
 * - Output of a chain to stdout and stderr, as by `console.log`, appears at once.
 *
 * **Gotchas**
 *
 * Ctrl-C ends the process at once, as usual, and with it the connection. But a listener of your own for `SIGINT` does not
 * run before the loop ends. A program that is bundled keeps `rivulet` outside of the bundle, as the worker is a file.
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import type { AIMessageChunk } from "./AIMessageChunk.ts"
import type { CallOptions } from "./CallOptions.ts"
import type { ChatInput } from "./ChatModel.ts"
import type { AIMessage } from "./Message.ts"
import { builtin, runs } from "./sync/caller.ts"
import { decodeFailure } from "./sync/failure.ts"
import type { BatchResult, Work } from "./sync/protocol.ts"

export { SyncError } from "./sync/failure.ts"

// -----------------------------------------------------------------------------
// options
// -----------------------------------------------------------------------------

/** The options of a call that can be copied to another thread: all but those that are functions. */
export type PlainCallOptions = Omit<CallOptions, "onRetry" | "retrySchedule">

/** A model by its name. */
export interface ModelOptions {
  /** The name of the model, `provider:model`, as for `Providers.layerFrom`. Keys come from the environment. */
  readonly model: string
  /** The options of the call. Each has its own default. */
  readonly options?: PlainCallOptions | undefined
}

/** A chain that a module exports. */
export interface ChainOptions {
  /** The module: an address, or a path from the current folder. The worker imports it. */
  readonly module: string | URL
  /** The name under which the module exports the chain. Defaults to `default`. */
  readonly export?: string | undefined
  /** The name of the model that `ChatModel.runnable` in the chain uses. Absent: the chain has a model of its own. */
  readonly model?: string | undefined
  /** The default options of that model. Each has its own default. */
  readonly options?: PlainCallOptions | undefined
}

/** How many inputs of a batch run at the same time. */
export interface BatchOptions {
  /** The most inputs at the same time. Defaults to 8. */
  readonly concurrency?: number | undefined
}

// -----------------------------------------------------------------------------
// runs
// -----------------------------------------------------------------------------

/**
 * The chunks of an answer or of a chain, for a `for` loop. It throws what the stream fails with, after the chunks that
 * had arrived.
 *
 * **Example** (A song, as it is written)
 *
 * ```ts
 * import * as Sync from "rivulet/Sync"
 *
 * for (const chunk of Sync.stream("Write me a song about goldfish", { model: "anthropic:claude-haiku-4-5" })) {
 *   process.stdout.write(`${chunk.content}|`)
 * }
 * ```
 *
 * **Example** (The first five chunks of a chain of your own)
 *
 * ```ts
 * import * as Sync from "rivulet/Sync"
 *
 * const chain = { module: new URL("./jokes.mjs", import.meta.url), export: "jokes" }
 * let count = 0
 * for (const text of Sync.stream<string>({ topic: "parrots" }, chain)) {
 *   process.stdout.write(text)
 *   if (++count === 5) break
 * }
 * ```
 */
export const stream: {
  (input: ChatInput, options: ModelOptions): Generator<AIMessageChunk, void, void>
  <Chunk = unknown>(input: unknown, options: ChainOptions): Generator<Chunk, void, void>
} = (input: unknown, options: ModelOptions | ChainOptions): Generator<never, void, void> =>
  // The overloads say what the model or the chain gives.
  run("stream", input, options) as Generator<never, void, void>

/**
 * The whole answer, or the whole output of a chain.
 *
 * **Example** (An answer)
 *
 * ```ts
 * import * as Sync from "rivulet/Sync"
 *
 * const { content } = Sync.invoke("Why is the sky blue?", { model: "anthropic:claude-haiku-4-5" })
 * ```
 */
export const invoke: {
  (input: ChatInput, options: ModelOptions): AIMessage
  <Out = unknown>(input: unknown, options: ChainOptions): Out
} = (input: unknown, options: ModelOptions | ChainOptions): never => {
  const [output] = run("invoke", input, options)
  // An invocation gives one value, or throws.
  return output as never
}

/**
 * One `Result` for each input, in the order of the inputs. A failure stops no other input.
 *
 * **Example** (Three answers at a time)
 *
 * ```ts
 * import { Result } from "effect"
 * import * as Sync from "rivulet/Sync"
 *
 * const results = Sync.batch(["Why?", "How?", "When?", "Who?"], { model: "anthropic:claude-haiku-4-5", concurrency: 3 })
 * for (const result of results) {
 *   console.log(Result.isSuccess(result) ? result.success.content : result.failure.message)
 * }
 * ```
 */
export const batch: {
  (
    inputs: ReadonlyArray<ChatInput>,
    options: ModelOptions & BatchOptions
  ): ReadonlyArray<Result.Result<AIMessage, Error>>
  <Out = unknown>(
    inputs: ReadonlyArray<unknown>,
    options: ChainOptions & BatchOptions
  ): ReadonlyArray<Result.Result<Out, Error>>
} = (
  inputs: ReadonlyArray<unknown>,
  options: (ModelOptions | ChainOptions) & BatchOptions
): ReadonlyArray<Result.Result<never, Error>> => {
  if (!Array.isArray(inputs)) throw new TypeError("rivulet/Sync: a batch takes an array of inputs")
  return Array.from(run("batch", inputs, options), (each) => {
    const result = each as BatchResult // that is all that a batch sends
    return result._tag === "Success"
      ? Result.succeed(result.value as never) // the overloads say what the model or the chain gives
      : Result.fail(decodeFailure(result.failure))
  })
}

// -----------------------------------------------------------------------------
// internal
// -----------------------------------------------------------------------------

const run = (
  kind: Work["kind"],
  input: unknown,
  options: (ModelOptions | ChainOptions) & BatchOptions
): Generator<unknown, void, void> => {
  const module = addressOf(options)
  return runs(new URL("./sync/worker.js", import.meta.url), {
    kind,
    input,
    concurrency: options.concurrency,
    target: {
      model: options.model,
      options: plainOptions(options.options),
      module,
      export: ("export" in options ? options.export : undefined) ?? "default"
    }
  })
}

/** The address of the module, if there is one. Fails if the options name neither a module nor a model. */
const addressOf = (options: ModelOptions | ChainOptions): string | undefined => {
  // A caller without types may give no options at all.
  const { model, module }: Partial<Record<"model" | "module", unknown>> = { ...options }
  if (module instanceof URL) return module.href
  if (typeof module === "string" && module !== "") {
    return /^[a-z]{2,}:/.test(module) ? module : builtin("node:url").pathToFileURL(module).href
  }
  if (module === undefined && typeof model === "string") return undefined
  throw new TypeError(
    "rivulet/Sync: the options name a model or a module, as { model: \"anthropic:claude-haiku-4-5\" } or { module: \"./chain.mjs\" }"
  )
}

/** A `Duration` is an instance of a class, so it goes as its milliseconds. */
const plainOptions = (options: PlainCallOptions | undefined): PlainCallOptions | undefined =>
  options?.timeout === undefined ? options : {
    ...options,
    timeout: Object.fromEntries(
      Object.entries(options.timeout).map(([name, limit]) => [
        name,
        Duration.isDuration(limit) ? Duration.toMillis(limit) : limit
      ])
    )
  }
