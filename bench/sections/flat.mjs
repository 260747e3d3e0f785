// Compares the cost of a delta in a long answer and in a short one, and measures the cost of a call before its first
// delta.
import { arrays, fetched, sdk } from "../clients.mjs"
import { cpuOf, median } from "../lab.mjs"

/** The lengths of the answers, and how many of them are read at a time to have something to measure. */
const sizes = [[1, 150], [100, 150], [1000, 20], [10_000, 3], [100_000, 1], [200_000, 1]]

/**
 * @param {import("../lab.mjs").Server} server
 * @param {{ rounds: number }} how
 */
export const flat = async (server, { rounds }) => {
  const result = []
  for (const client of [fetched, sdk, arrays]) {
    const readers = await Promise.all(sizes.map(async ([deltas, times]) => ({
      deltas,
      times,
      read: await client.make(server.url("16k", deltas)),
      /** @type {Array<number>} */
      spent: []
    })))
    for (let round = -2; round < rounds; round++) {
      // The SDK is here for its fixed cost only.
      for (const reader of client === sdk ? readers.slice(0, 1) : readers) {
        const spent = await cpuOf(async () => {
          for (let i = 0; i < reader.times; i++) await reader.read()
        })
        if (round >= 0) reader.spent.push(spent / reader.times)
      }
    }
    const fixed = median(readers[0]?.spent ?? [])
    result.push({
      name: client.name,
      microsPerCall: fixed,
      sizes: readers.slice(1).filter(({ spent }) => spent.length > 0).map(({ deltas, spent }) => ({
        deltas,
        micros: median(spent) / deltas,
        microsBeyondCall: (median(spent) - fixed) / (deltas - 1)
      }))
    })
  }
  return { rounds, clients: result }
}
