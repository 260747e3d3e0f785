// CPU time for one text delta, as multiples of plain fetch in the same round.
import { checkAgreement, clients as own, fetched } from "../clients.mjs"
import { cpuOf, median, quantile, rotate } from "../lab.mjs"
import { openAiClients } from "../openAiClients.mjs"
import { peerClients } from "../peers.mjs"

/** The most the library may cost with one array a read, in multiples of plain fetch. */
const goals = { "16k": 1.5, whole: 1.5, event: 1.8, burst: 1.8 }

/** The most that chains may cost. */
const chainGoals = { "rivulet chain": 1.8, "rivulet chain's events": 2.2 }

/** The most that the APIs of OpenAI may cost. */
const openAiGoals = { "rivulet OpenAi chat": 1.35, "rivulet OpenAi responses": 1.5 }

const paths = { messages: "/v1/messages", chat: "/v1/chat/completions", responses: "/v1/responses" }

/** How many reads and bytes an answer takes: fetch joins the bytes that have arrived, however they were written. */
const sizeOf = async (/** @type {string} */ url) => {
  const { body } = await fetch(url, { method: "POST" })
  let reads = 0
  let bytes = 0
  for await (const read of body) {
    reads++
    bytes += read.length
  }
  return { reads, bytes }
}

/**
 * @param {import("../lab.mjs").Server} server
 * @param {{ cut: keyof typeof goals, deltas: number, rounds: number, warmUps: number, only?: ReadonlyArray<string>, peers?: boolean, api?: keyof typeof paths }} how
 */
export const cpu = async (server, { api = "messages", cut, deltas, rounds, warmUps, only, peers = false }) => {
  const all = peers ? [fetched, ...await peerClients()] : api === "messages" ? own : openAiClients[api]
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
  const { bytes, reads } = await sizeOf(`${url}${paths[api]}`)
  return {
    api,
    cut,
    deltas,
    deltasPerRead: deltas / reads,
    bytesPerDelta: bytes / deltas,
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
        ...(cut === "16k" && name in chainGoals ? { goal: chainGoals[name] } : undefined),
        ...((cut === "16k" || cut === "whole") && name in openAiGoals ? { goal: openAiGoals[name] } : undefined)
      }
    })
  }
}
