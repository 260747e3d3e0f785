// A server that speaks Anthropic's Messages API and both APIs of OpenAI, in a process of its own so that its work is not
// counted as a client's.
//
//   POST /<cut>/<deltas>/<text>/v1/messages    an answer; <text> is `ascii` or `unicode`
//   POST /<cut>/<deltas>/<text>/v1/chat/completions, /v1/responses    the same by OpenAI's APIs
//   POST /endless/<id>/<text>/v1/messages      never ends; the parent is told when the connection closes
//
// The cuts: `16k` writes pieces of 16 KiB, `whole` the whole body at once, `burst` one event a write, as fast as the
// client takes them, `event` the same in packets of their own, `slow` one event every 20 ms, `first` the first delta at
// once and the rest later.
import { once } from "node:events"
import { createServer } from "node:http"
import { chatFrames, responsesFrames } from "./openAiWire.mjs"
import { frames } from "./wire.mjs"

/** Nanoseconds from one event to the next of the cut `event`. The slowest client must keep up with it. */
const eventGap = 150_000n

/** @type {Map<string, ReadonlyArray<Buffer>>} */
const cache = new Map()

/** The pieces that are written, which are made once. */
const pieces = (
  /** @type {string} */ cut,
  /** @type {number} */ deltas,
  /** @type {boolean} */ wide,
  /** @type {string} */ api
) => {
  const key = `${cut}/${deltas}/${wide}/${api}`
  const known = cache.get(key)
  if (known !== undefined) return known
  const made = cutUp(cut, (apis.get(api) ?? frames)(deltas, wide))
  cache.set(key, made)
  return made
}

/** By the last part of the path. */
const apis = new Map([["completions", chatFrames], ["responses", responsesFrames]])

const cutUp = (/** @type {string} */ cut, /** @type {Array<string>} */ all) => {
  switch (cut) {
    case "event":
    case "burst":
    case "slow":
      return all.map((frame) => Buffer.from(frame))
    case "first":
      return [Buffer.from(all.slice(0, 2).join("")), Buffer.from(all.slice(2).join(""))]
    case "16k": {
      const body = Buffer.from(all.join(""))
      return Array.from({ length: Math.ceil(body.length / 16384) }, (_, i) => body.subarray(i * 16384, (i + 1) * 16384))
    }
    default:
      return [Buffer.from(all.join(""))]
  }
}

const immediate = () => new Promise((resolve) => setImmediate(resolve))

/**
 * Writes, and waits as long as the client does not read. False when the client has gone.
 *
 * @param {import("node:http").ServerResponse} response
 * @param {Buffer} piece
 * @returns {Promise<boolean> | boolean}
 */
const write = (response, piece) => {
  if (response.destroyed) return false
  if (response.write(piece)) return true
  return new Promise((resolve) => {
    const go = () => {
      response.off("drain", go).off("close", go)
      resolve(!response.destroyed)
    }
    response.on("drain", go).on("close", go)
  })
}

const answer = async (
  /** @type {import("node:http").ServerResponse} */ response,
  /** @type {string} */ cut,
  /** @type {ReadonlyArray<Buffer>} */ body
) => {
  let next = process.hrtime.bigint()
  for (const [i, piece] of body.entries()) {
    if (cut === "event") {
      // Timers are a millisecond apart; the loop's own turns are short enough.
      do await immediate()
      while (process.hrtime.bigint() < next)
      next = process.hrtime.bigint() + eventGap
    }
    if (cut === "slow") await new Promise((resolve) => setTimeout(resolve, 20))
    if (cut === "first" && i === 1) await new Promise((resolve) => setTimeout(resolve, 2))
    if (!await write(response, piece)) return
  }
  response.end()
}

const endless = async (/** @type {import("node:http").ServerResponse} */ response, /** @type {string} */ id) => {
  const all = frames(200, false)
  // The monotonic clock is one for all processes of a machine, and nobody sets it.
  response.on("close", () => process.send?.({ type: "closed", id, at: Number(process.hrtime.bigint()) }))
  if (!await write(response, Buffer.from(all.slice(0, 6).join("")))) return
  for (let i = 0;; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    if (!await write(response, Buffer.from(all[1 + i % 200] ?? ""))) return
  }
}

const server = createServer(async (request, response) => {
  request.resume()
  await once(request, "end")
  const [, cut = "", count = "", text = "", ...path] = (request.url ?? "").split("/")
  response.socket?.setNoDelay(true)
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "request-id": "req_bench" })
  if (cut === "endless") await endless(response, count)
  else await answer(response, cut, pieces(cut, Number(count), text === "unicode", path.at(-1) ?? ""))
})

server.keepAliveTimeout = 60_000
server.listen(0, "127.0.0.1", () => process.send?.({ type: "listening", port: server.address()?.port }))
process.on("disconnect", () => process.exit())
