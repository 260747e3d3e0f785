/**
 * The thread that waits: it starts the worker, and takes its messages. It waits by `Atomics.wait`, so nothing else of
 * the thread runs meanwhile. The worker and its port are one for the whole process: while the thread waits, what Node.js
 * closes is not freed. They do not keep the process alive.
 */
import type * as Fs from "node:fs"
import type * as Url from "node:url"
import type * as WorkerThreads from "node:worker_threads"
import { decodeFailure, workerEnded } from "./failure.ts"
import type { Command, Connection, Reply, Work } from "./protocol.ts"

/** The most milliseconds that leaving a loop waits for the connection to be closed. */
const longestLeave = 5000

/** The most milliseconds that the worker may take to start. It imports Rivulet, which takes less than one second. */
const longestStart = 30_000

/** The worker as this thread sees it. */
interface Other extends Connection {
  /** The messages that have come, for each run that has not ended. */
  readonly runs: Map<number, Array<Reply>>
  readonly receive: () => Reply | undefined
}

let other: Other | undefined
let count = 0

/** The values of a run, in the order in which it gives them. Leaving it closes its connections before it returns. */
export function* runs(worker: URL, work: Work): Generator<unknown, void, void> {
  const to = other ??= connect(worker)
  const run = count++
  post(to, { _tag: "Start", run, work })
  to.runs.set(run, [])
  let ended = false
  try {
    for (;;) {
      const reply = next(to, run)
      if (reply?._tag !== "Values") {
        ended = true
        if (reply?._tag === "Failed") throw decodeFailure(reply.failure)
        if (reply?._tag === "Ended") throw workerEnded()
        return
      }
      yield* reply.values
      post(to, { _tag: "More", run })
    }
  } finally {
    if (!ended) {
      post(to, { _tag: "Leave", run })
      while (next(to, run, longestLeave)?._tag === "Values");
    }
    to.runs.delete(run)
  }
}

/** The next message of a run; undefined if none comes in this time. */
const next = ({ receive, runs, sent }: Other, run: number, milliseconds?: number): Reply | undefined => {
  for (;;) {
    const waiting = runs.get(run)?.shift()
    if (waiting !== undefined) return waiting
    const before = Atomics.load(sent, 0)
    const reply = receive()
    if (reply?._tag === "Ended") {
      other = undefined
      for (const replies of runs.values()) replies.push(reply)
    } // A run that was left has no list any more.
    else if (reply !== undefined) runs.get(reply.run)?.push(reply)
    else if (Atomics.wait(sent, 0, before, milliseconds) === "timed-out") return undefined
  }
}

const connect = (url: URL): Other => {
  const { MessageChannel, receiveMessageOnPort, Worker } = builtin("node:worker_threads")
  if (!builtin("node:fs").existsSync(url)) {
    throw new Error(`rivulet/Sync: ${url.href} is missing. A program that is bundled keeps rivulet out of the bundle`)
  }
  const { port1, port2 } = new MessageChannel()
  const sent = new Int32Array(new SharedArrayBuffer(4))
  const workerData: Connection = { port: port2, sent }
  const worker = new Worker(url, { name: "rivulet", workerData, transferList: [port2] })
  worker.unref()
  // It says so by one message, and then sends nothing but replies.
  if (Atomics.wait(sent, 0, 0, longestStart) === "timed-out") {
    void worker.terminate()
    throw new Error(`rivulet/Sync: the worker thread did not start (${url.href})`)
  }
  receiveMessageOnPort(port1)
  return {
    port: port1,
    sent,
    runs: new Map(),
    receive: () => (receiveMessageOnPort(port1) as { readonly message: Reply } | undefined)?.message
  }
}

const post = ({ port }: Other, command: Command): void => {
  try {
    port.postMessage(command)
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "DataCloneError") throw error
    throw new TypeError(
      `rivulet/Sync: input and options are copied to another thread, so they hold data only, and no functions (${error.message})`,
      { cause: error }
    )
  }
}

interface Builtins {
  readonly "node:fs": typeof Fs
  readonly "node:url": typeof Url
  readonly "node:worker_threads": typeof WorkerThreads
}

/** A module of Node.js, found without an import, so that a bundle for another platform builds. */
export const builtin = <Name extends keyof Builtins>(name: Name): Builtins[Name] => {
  const found = globalThis.process?.getBuiltinModule?.(name)
  // The platform has no type for a module by any name.
  if (found !== undefined) return found as unknown as Builtins[Name]
  throw new Error(
    "rivulet/Sync waits for a worker thread, which only Node.js 20.16 or later can do. In a browser and on the edge, use the stream itself, with for await or Stream.runForEach."
  )
}
