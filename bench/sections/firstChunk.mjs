// Time from the call to the first text, on a warm connection to a server that sends it at once.
import { arrays, fetched, iterable, sdk } from "../clients.mjs"
import { median, nanos, quantile, rotate } from "../lab.mjs"

/** The calls before the measurement. Code that a call runs only once is optimised late. */
const warmUps = 200

/**
 * @param {import("../lab.mjs").Server} server
 * @param {{ calls: number }} how
 */
export const firstChunk = async (server, { calls }) => {
  const url = server.url("first", 20)
  const readers = await Promise.all([fetched, sdk, arrays, iterable].map(async (client) => ({
    name: client.name,
    read: await client.make(url),
    /** @type {Array<number>} */
    times: []
  })))
  for (let call = -warmUps; call < calls; call++) {
    for (const { read, times } of rotate(readers, call + warmUps)) {
      const start = nanos()
      let first = 0
      await read((text) => {
        if (first === 0 && text !== "") first = nanos()
      })
      if (call >= 0) times.push((first - start) / 1e6)
    }
  }
  const base = readers[1]?.times ?? []
  return {
    calls,
    clients: readers.map(({ name, times }) => ({
      name,
      median: median(times),
      p95: quantile(times, 0.95),
      beyondSdk: median(times.map((time, i) => time - (base[i] ?? NaN)))
    }))
  }
}
