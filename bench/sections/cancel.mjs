// Leaving an endless answer after three texts: how soon the server sees it, and what stays in the heap.
import { fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { iterable, sdk } from "../clients.mjs"
import { median, nanos, quantile } from "../lab.mjs"

/** Thrown out of the loop by the callback: a `break` that works for every client. */
const leave = Symbol("leave")

/** Reads three texts and leaves; gives the time of leaving. */
export const leaveAfterThree = async (
  /** @type {(onText: import("../clients.mjs").OnText) => Promise<unknown>} */ read
) => {
  let texts = 0
  let left = 0
  try {
    await read((text) => {
      if (text === "" || ++texts < 3) return
      left = nanos()
      throw leave
    })
  } catch (error) {
    if (error !== leave) throw error
  }
  return left
}

/**
 * @param {import("../lab.mjs").Server} server
 * @param {{ breaks: number, heapBreaks: number }} how
 */
export const cancel = async (server, { breaks, heapBreaks }) => {
  const clients = [sdk, iterable].map((client) => ({ client, times: /** @type {Array<number>} */ ([]) }))
  for (let i = -20; i < breaks; i++) {
    for (const { client, times } of clients) {
      const id = `${client.name.replaceAll(" ", "-")}-${i}`
      const left = await leaveAfterThree(await client.make(server.url("endless", id)))
      const closed = await server.closed(id)
      if (i >= 0) times.push((closed - left) / 1e6)
    }
  }
  return {
    breaks,
    clients: clients.map(({ client, times }) => ({
      name: client.name,
      median: median(times),
      p99: quantile(times, 0.99)
    })),
    heap: heapBreaks === 0 ? undefined : await heapPerBreak(server.url("endless", "heap"), heapBreaks)
  }
}

/** In a process of its own: what else runs here would be counted. */
const heapPerBreak = async (/** @type {string} */ url, /** @type {number} */ breaks) => {
  const child = fork(fileURLToPath(new URL("heap.mjs", import.meta.url)), [url, String(breaks)])
  const [bytes] = await once(child, "message")
  return { breaks, bytes }
}
