// What telemetry costs: CPU of a delta over the wire, and of a call, of a chain without it, with spans and metrics, and
// with content, too. Spans go to Effect's own tracer, so that no exporter is measured.
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as ChatModel from "rivulet/ChatModel"
import * as ChatPrompt from "rivulet/ChatPrompt"
import * as OutputParser from "rivulet/OutputParser"
import * as Runnable from "rivulet/Runnable"
import * as Telemetry from "rivulet/Telemetry"
import { makeModel } from "../clients.mjs"
import { cpuOf, median, rotate } from "../lab.mjs"

/** The most that telemetry may cost: a delta in µs, if every read has one delta. */
const goals = { microsPerDelta: 3 }

const rows = /** @type {const} */ ([
  { name: "no telemetry", layer: undefined },
  { name: "spans, metrics, logs", layer: Telemetry.layer({ export: false }) },
  { name: "with content", layer: Telemetry.layer({ export: false, content: true }) }
])

const chainOf = (/** @type {ChatModel.Service} */ model) =>
  Runnable.sequence(ChatPrompt.make("{q}"), model, OutputParser.string)

/** A model without a network that gives one delta a read. */
const local = (/** @type {number} */ deltas) =>
  ChatModel.make({
    provider: "local",
    model: "hello",
    stream: () =>
      Stream.fromIterable(
        Array.from({ length: deltas }, (_, i) => ({
          _tag: /** @type {const} */ ("AIMessageChunk"),
          id: "1",
          content: "Hello",
          parts: [{ type: /** @type {const} */ ("text"), index: 0, text: "Hello" }],
          ...(i === deltas - 1
            ? {
              usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 },
              finish: { reason: /** @type {const} */ ("stop"), raw: "stop" }
            }
            : undefined)
        })),
        { chunkSize: 1 }
      )
  })

const reader = (
  /** @type {Runnable.Runnable<{ q: string }, string, any, never, string, any>} */ chain,
  /** @type {typeof rows[number]} */ { layer }
) =>
async (/** @type {number} */ answers) => {
  const read = Stream.runForEachArray(chain.stream({ q: "Hi" }), () => Effect.void)
  const all = Effect.replicateEffect(read, answers, { discard: true })
  await Effect.runPromise(layer === undefined ? all : Effect.provide(all, layer))
}

/** CPU of each row in turns: a list of rounds for each. */
const inTurns = async (
  /** @type {(row: typeof rows[number]) => (answers: number) => Promise<void>} */ readerOf,
  /** @type {number} */ rounds,
  /** @type {number} */ answers
) => {
  const spent = rows.map(() => /** @type {Array<number>} */ ([]))
  const readers = rows.map((row, i) => ({ i, read: readerOf(row) }))
  for (let round = -3; round < rounds; round++) {
    for (const { i, read } of rotate(readers, round + 3)) {
      const micros = await cpuOf(() => read(answers))
      if (round >= 0) spent[i]?.push(micros)
    }
  }
  return spent
}

/**
 * @param {import("../lab.mjs").Server} server
 * @param {{ rounds: number }} how
 */
export const telemetry = async (server, { rounds }) => {
  const deltas = 2000
  const wire = chainOf(await makeModel(server.url("16k", deltas)))
  const single = chainOf(local(deltas))
  const call = chainOf(local(1))
  const answers = { wire: 10, single: 5, call: 500 }
  const [batched, alone, calls] = [
    await inTurns((row) => reader(wire, row), rounds, answers.wire),
    await inTurns((row) => reader(single, row), rounds, answers.single),
    await inTurns((row) => reader(call, row), rounds, answers.call)
  ]
  return {
    deltas,
    rounds,
    goals,
    rows: rows.map(({ name }, i) => {
      const cost = (/** @type {ReadonlyArray<ReadonlyArray<number>>} */ spent, /** @type {number} */ by) => ({
        micros: median(spent[i] ?? []) / by,
        more: median((spent[i] ?? []).map((value, round) => value - (spent[0]?.[round] ?? NaN))) / by
      })
      return {
        name,
        batched: cost(batched, deltas * answers.wire),
        alone: cost(alone, deltas * answers.single),
        call: cost(calls, answers.call)
      }
    })
  }
}
