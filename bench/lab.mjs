// Measuring tools of the sections: the server's process, CPU time, garbage collection, statistics.
import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

/**
 * @typedef {object} Server
 * @property {(cut: string, deltas: number | string) => string} url    the base URL of an answer
 * @property {(id: string) => Promise<number>} closed    when the server saw an endless answer's connection close
 * @property {() => void} stop
 */

/** @returns {Promise<Server>} */
export const startServer = (/** @type {string} */ text = "ascii") =>
  new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL("server.mjs", import.meta.url)), { execArgv: [] })
    /** @type {Map<string, number>} */
    const seen = new Map()
    /** @type {Map<string, (at: number) => void>} */
    const waiting = new Map()
    child.on("error", reject)
    child.on("message", (/** @type {any} */ message) => {
      if (message.type === "closed") {
        const waiter = waiting.get(message.id)
        if (waiter === undefined) seen.set(message.id, message.at)
        else waiter(message.at)
        waiting.delete(message.id)
        return
      }
      resolve({
        url: (cut, deltas) => `http://127.0.0.1:${message.port}/${cut}/${deltas}/${text}`,
        closed: (id) =>
          new Promise((done) => {
            const at = seen.get(id)
            if (at === undefined) waiting.set(id, done)
            else done(at)
            seen.delete(id)
          }),
        stop: () => child.disconnect()
      })
    })
  })

setFlagsFromString("--expose-gc")
/** @type {(options?: { type: "minor" }) => void} */
const collect = runInNewContext("gc")

/** Collects all garbage. */
export const gc = () => collect()

/**
 * Collects the garbage of the client before, so that no other pays for it. Collecting all of it would also shrink the
 * space for new objects to its least size, and make each delta of what follows up to twice as dear.
 */
export const sweep = () => collect({ type: "minor" })

/** CPU microseconds, user and system, that this process spends on `work`. */
export const cpuOf = async (/** @type {() => Promise<unknown>} */ work) => {
  sweep()
  const before = process.cpuUsage()
  await work()
  const spent = process.cpuUsage(before)
  return spent.user + spent.system
}

/** The clock that the server's times are read from, in nanoseconds. */
export const nanos = () => Number(process.hrtime.bigint())

/** The value below which the share `q` of the values lies. */
export const quantile = (/** @type {ReadonlyArray<number>} */ values, /** @type {number} */ q) => {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) * q
  const low = sorted[Math.floor(at)] ?? NaN
  return low + ((sorted[Math.ceil(at)] ?? low) - low) * (at % 1)
}

export const median = (/** @type {ReadonlyArray<number>} */ values) => quantile(values, 0.5)

/**
 * The list from its n-th item on, then from its start: no client is always the first of its round.
 *
 * @template A
 * @param {ReadonlyArray<A>} list
 * @param {number} n
 */
export const rotate = (list, n) => [...list.slice(n % list.length), ...list.slice(0, n % list.length)]
