// CPU time for one text delta, as multiples of plain fetch in the same round.
import { checkAgreement, clients as own, fetched } from "../clients.mjs"
import { cpuOf, median, quantile, rotate } from "../lab.mjs"
import { peerClients } from "../peers.mjs"

/** The most the library may cost with one array a read, in multiples of plain fetch. */
const goals = { "16k": 1.5, whole: 1.5, event: 1.8, burst: 1.8 }

/** The most that chains may cost. */
const chainGoals = { "rivulet chain": 1.8, "rivulet chain's events": 2.2 }

/** How many reads an answer takes: fetch joins what has arrived, whatever was written at a time. */
const readsOf = async (/** @type {string} */ url) => {
  const { body } = await fetch(`${url}/v1/messages`, { method: "POST" })
  let reads = 0
  for await (const _ of body) reads++
  return reads
}

/**
 * @param {import("../lab.mjs").Server} server
 * @param {{ cut: keyof typeof goals, deltas: number, rounds: number, warmUps: number, only?: ReadonlyArray<string>, peers?: boolean }} how
 */
export const cpu = async (server, { cut, deltas, rounds, warmUps, only, peers = false }) => {
  const all = peers ? [fetched, ...await peerClients()] : own
  const clients = all.filter(({ name }, i) => i === 0 || only === undefined || only.some((part) => name.includes(part)))
  const url = server.url(cut, deltas)
  await checkAgreement(clients, url)
  const readers = await Promise.all(clients.map(async (client) => ({
    name: client.name,
    read: await client.make(url),
    /** @type {Array<number>} */
    spent: []
  })))
  for (let round = -warmUps; round < rounds; round++) {
    for (const reader of rotate(readers, round + warmUps)) {
      const spent = await cpuOf(() => reader.read())
      if (round >= 0) reader.spent.push(spent / deltas)
    }
  }
  const base = readers[0]?.spent ?? []
  return {
    cut,
    deltas,
    deltasPerRead: deltas / await readsOf(url),
    rounds,
    clients: readers.map(({ name, spent }) => {
      const ratios = spent.map((value, i) => value / (base[i] ?? NaN))
      return {
        name,
        micros: median(spent),
        ratio: median(ratios),
        p10: quantile(ratios, 0.1),
        p90: quantile(ratios, 0.9),
        ...(name.endsWith("runForEachArray") ? { goal: goals[cut] } : undefined),
        ...(cut === "16k" && name in chainGoals ? { goal: chainGoals[name] } : undefined)
      }
    })
  }
}
