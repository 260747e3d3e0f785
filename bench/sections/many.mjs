// Many slow streams at once: CPU of all of them, and memory of each while they are open.
import { chain, fetched, iterable } from "../clients.mjs"
import { cpuOf, gc, median, rotate } from "../lab.mjs"

const memory = () => {
  gc()
  const { arrayBuffers, external, heapUsed } = process.memoryUsage()
  return heapUsed + external + arrayBuffers
}

/**
 * @param {import("../lab.mjs").Server} server
 * @param {{ streams: number, deltas: number, rounds: number, warmUps: number }} how
 */
export const many = async (server, { streams, deltas, rounds, warmUps }) => {
  const url = server.url("slow", deltas)
  const clients = await Promise.all([fetched, iterable, chain].map(async ({ make, name }) => ({
    name,
    read: await make(url),
    /** @type {Array<number>} */
    spent: [],
    bytes: NaN
  })))
  for (let round = -warmUps; round < rounds; round++) {
    for (const client of rotate(clients, round + warmUps)) {
      const all = () => Promise.all(Array.from({ length: streams }, () => client.read()))
      const spent = await cpuOf(all)
      if (round >= 0) client.spent.push(spent)
    }
  }
  for (const client of clients) {
    const before = memory()
    let texts = 0
    let open = NaN
    await Promise.all(Array.from({ length: streams }, () =>
      client.read(() => {
        // Half way, when all of them are open.
        if (++texts === streams * deltas / 2) open = memory()
      })))
    client.bytes = (open - before) / streams
  }
  const base = clients[0]
  return {
    streams,
    deltas,
    clients: clients.map(({ bytes, name, spent }) => ({
      name,
      millis: median(spent) / 1000,
      ratio: median(spent.map((value, i) => value / (base?.spent[i] ?? NaN))),
      kilobytes: bytes / 1024,
      goals: name === "rivulet chain" ? { ratio: 1.3, kilobytes: 200 } : undefined
    }))
  }
}
