// A model with fallback, limit and cache around it, beside the bare one: CPU of a delta over the wire, and of a call.
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as ChatModel from "rivulet/ChatModel"
import * as ModelCache from "rivulet/ModelCache"
import * as ModelLimits from "rivulet/ModelLimits"
import * as ModelRouting from "rivulet/ModelRouting"
import * as RunnableCache from "rivulet/RunnableCache"
import { makeModel } from "../clients.mjs"
import { cpuOf, median } from "../lab.mjs"
import { prompt } from "../wire.mjs"

/** The most that the wrappers may cost: a delta in multiples of the bare model's, and a call in µs. */
const goals = { ratio: 1.1, microsPerCall: 50 }

const wrapped = (/** @type {ChatModel.Service} */ model, /** @type {ChatModel.Service} */ other) =>
  model.pipe(
    ModelRouting.withFallbacks([other]),
    ModelLimits.withRateLimit({ requestsPerMinute: 10_000_000, tokensPerMinute: 1e12, concurrency: 100 }),
    ModelCache.withCache({ keep: () => false }),
    Effect.provide(RunnableCache.layerMemory({ capacity: 10 })),
    Effect.runPromise
  )

const read = (/** @type {ChatModel.Service} */ model) => async () => {
  let length = 0
  await Effect.runPromise(Stream.runForEachArray(model.stream(prompt), (chunks) =>
    Effect.sync(() => {
      for (const chunk of chunks) length += chunk.content.length
    })))
  return length
}

/** Answers in one measurement. */
const answers = 10

/** A model without a network, so that only the call's own cost is measured. */
const local = ChatModel.make({
  provider: "local",
  model: "hello",
  stream: () =>
    Stream.succeed({
      _tag: /** @type {const} */ ("AIMessageChunk"),
      id: "1",
      content: "Hello",
      parts: [{ type: /** @type {const} */ ("text"), index: 0, text: "Hello" }],
      usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 },
      finish: { reason: /** @type {const} */ ("stop"), raw: "stop" }
    })
})

/** CPU of both readers in turns. */
const inTurns = async (
  /** @type {ReadonlyArray<() => Promise<number>>} */ readers,
  /** @type {number} */ rounds,
  /** @type {number} */ calls
) => {
  const spent = readers.map(() => /** @type {Array<number>} */ ([]))
  for (let round = -3; round < rounds; round++) {
    for (const [i, reader] of readers.entries()) {
      const micros = await cpuOf(async () => {
        for (let call = 0; call < calls; call++) await reader()
      })
      if (round >= 0) spent[i]?.push(micros)
    }
  }
  return spent
}

/**
 * @param {import("../lab.mjs").Server} server
 * @param {{ deltas: number, rounds: number, calls: number }} how
 */
export const wrappedModel = async (server, { deltas, rounds, calls }) => {
  const bare = await makeModel(server.url("16k", deltas))
  const [plain = [], more = []] = await inTurns([bare, await wrapped(bare, bare)].map(read), rounds, answers)
  const [plainCalls = [], moreCalls = []] = await inTurns([local, await wrapped(local, local)].map(read), rounds, calls)
  return {
    deltas,
    rounds,
    calls,
    goals,
    micros: [median(plain) / deltas / answers, median(more) / deltas / answers],
    ratio: median(more.map((value, i) => value / (plain[i] ?? NaN))),
    microsPerCall: median(moreCalls.map((value, i) => (value - (plainCalls[i] ?? NaN)) / calls))
  }
}
