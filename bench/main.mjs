// `npm run bench`: see the help below. It prints measurements and the goals beside them; it fails only if the clients
// read different texts, for a time limit on a busy machine says nothing.
import { cpus } from "node:os"
import { parseArgs } from "node:util"
import { startServer } from "./lab.mjs"
import { report } from "./report.mjs"
import { cancel } from "./sections/cancel.mjs"
import { cpu } from "./sections/cpu.mjs"
import { firstChunk } from "./sections/firstChunk.mjs"
import { flat } from "./sections/flat.mjs"
import { imports } from "./sections/imports.mjs"
import { many } from "./sections/many.mjs"
import { partialJson } from "./sections/partialJson.mjs"
import { telemetry } from "./sections/telemetry.mjs"
import { wrappedModel } from "./sections/wrapped.mjs"

const help = `npm run bench -- [options]

  Measures rivulet beside plain fetch with a minimal SSE parser and the raw iterators of
  the official SDKs, on streams of a local server in its own process.

  --section <name>   cpu, peers, flat, first, many, wrapped, telemetry, imports, cancel,
                     partial-json (several allowed; default: all; peers: LangChain, and beside
                     partial-json those who read again, after npm install --prefix
                     bench/peers)
  --cut <name>       for cpu: 16k, whole, event, burst (several allowed; default: all)
  --api <name>       for cpu: messages, chat, responses (several allowed; default: all)
  --client <name>    for cpu: only clients whose name holds this, and fetch (several allowed)
  --rounds <n>       for cpu, flat, wrapped, telemetry and partial-json
  --deltas <n>       for cpu
  --unicode          texts with characters outside Latin-1
  --quick            fewer rounds
  --json             prints one JSON object instead of tables
  --help`

const { values } = parseArgs({
  options: {
    section: { type: "string", multiple: true },
    cut: { type: "string", multiple: true },
    api: { type: "string", multiple: true },
    client: { type: "string", multiple: true },
    rounds: { type: "string" },
    deltas: { type: "string" },
    unicode: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false }
  }
})

const { quick } = values
const wants = (/** @type {string} */ section) => values.section === undefined || values.section.includes(section)
/** @type {Array<[name: string, result: unknown]>} */
const results = []
const done = (/** @type {string} */ name, /** @type {unknown} */ result) => {
  results.push([name, result])
  if (!values.json) report[name]?.(result)
}

const main = async () => {
  const server = await startServer(values.unicode ? "unicode" : "ascii")
  const machine = `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model.trim()}`
  if (!values.json) console.log(machine)

  if (wants("cpu")) {
    for (const cut of /** @type {const} */ (["16k", "whole", "event", "burst"])) {
      if (values.cut !== undefined && !values.cut.includes(cut)) continue
      for (const api of /** @type {const} */ (["messages", "chat", "responses"])) {
        if (values.api !== undefined && !values.api.includes(api)) continue
        done(
          "cpu",
          await cpu(server, {
            api,
            cut,
            deltas: Number(values.deltas ?? (cut === "event" ? 2000 : 20_000)),
            rounds: Number(values.rounds ?? (quick ? 5 : cut === "16k" ? 15 : 11)),
            warmUps: quick ? 2 : 4,
            only: values.client
          })
        )
      }
    }
  }
  if (wants("peers")) {
    done("cpu", await cpu(server, { cut: "16k", deltas: 5000, rounds: quick ? 2 : 5, warmUps: 2, peers: true }))
  }
  if (wants("flat")) done("flat", await flat(server, { rounds: Number(values.rounds ?? (quick ? 3 : 5)) }))
  if (wants("first")) done("firstChunk", await firstChunk(server, { calls: quick ? 100 : 300 }))
  if (wants("many")) {
    done("many", await many(server, { streams: 500, deltas: 50, rounds: quick ? 1 : 7, warmUps: quick ? 1 : 4 }))
  }
  if (wants("wrapped")) {
    const rounds = Number(values.rounds ?? (quick ? 5 : 25))
    done("wrapped", await wrappedModel(server, { deltas: 2000, rounds, calls: 1000 }))
  }
  if (wants("telemetry")) {
    done("telemetry", await telemetry(server, { rounds: Number(values.rounds ?? (quick ? 5 : 15)) }))
  }
  if (wants("cancel")) {
    done("cancel", await cancel(server, { breaks: quick ? 50 : 200, heapBreaks: quick ? 500 : 2000 }))
  }
  if (wants("partial-json")) {
    done("partialJson", await partialJson({ rounds: Number(values.rounds ?? (quick ? 3 : 7)) }))
  }
  if (wants("imports")) done("imports", await imports({ runs: quick ? 4 : 10 }))

  server.stop()
  if (values.json) {
    console.log(JSON.stringify({ machine, results: results.map(([name, result]) => ({ name, result })) }))
  }
}

if (values.help) console.log(help)
else await main()
