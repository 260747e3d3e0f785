// The tables. Colours only where there is a terminal.
const colours = process.stdout.isTTY && process.env["NO_COLOR"] === undefined
const paint = (/** @type {number} */ code) => (/** @type {string} */ text) =>
  colours ? `\u001b[${code}m${text}\u001b[0m` : text
const bold = paint(1)
const dim = paint(2)
const green = paint(32)
const red = paint(31)

const fixed = (/** @type {number} */ value, /** @type {number} */ digits) => value.toFixed(digits)

/**
 * The first column to the left, the others to the right, a remark after them.
 *
 * @param {ReadonlyArray<string>} heads
 * @param {ReadonlyArray<{ cells: ReadonlyArray<string>, remark?: string }>} rows
 */
const table = (heads, rows) => {
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map(({ cells }) => cells[i]?.length ?? 0)))
  const line = (/** @type {ReadonlyArray<string>} */ cells) =>
    cells.map((cell, i) => i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)).join("  ")
  console.log(`  ${dim(line(heads))}`)
  for (const { cells, remark } of rows) console.log(`  ${line(cells)}${remark === undefined ? "" : `  ${remark}`}`)
}

const title = (/** @type {string} */ text, /** @type {string} */ detail) =>
  console.log(`\n${bold(text)}  ${dim(detail)}`)

const goal = (/** @type {number} */ value, /** @type {number} */ most, /** @type {string} */ unit) =>
  value <= most ? green(`within ${most}${unit}`) : red(`above ${most}${unit}`)

/** @type {Record<string, (result: any) => void>} */
export const report = {
  cpu: ({ api, bytesPerDelta, cut, deltas, deltasPerRead, rounds, clients }) => {
    title(
      `CPU of one text delta, ${apis[api]}, ${cuts[cut]}`,
      `${deltas} deltas of ${fixed(bytesPerDelta, 0)} bytes, ${
        fixed(deltasPerRead, 1)
      } of them a read, ${rounds} rounds`
    )
    table(
      ["client", "µs", "x fetch", "p10-p90"],
      clients.map((/** @type {any} */ client) => ({
        cells: [
          client.name,
          fixed(client.micros, 2),
          fixed(client.ratio, 2),
          `${fixed(client.p10, 2)}-${fixed(client.p90, 2)}`
        ],
        ...(client.goal === undefined ? undefined : { remark: goal(client.ratio, client.goal, "x") })
      }))
    )
  },
  many: ({ streams, deltas, clients }) => {
    title(`${streams} slow streams at once`, `${deltas} deltas each, one every 20 ms`)
    table(
      ["client", "CPU of all, ms", "x fetch", "KB a stream"],
      clients.map((/** @type {any} */ { name, millis, ratio, kilobytes, goals }) => ({
        cells: [name, fixed(millis, 0), fixed(ratio, 2), fixed(kilobytes, 0)],
        ...(goals === undefined ? undefined : {
          remark: `${goal(ratio, goals.ratio, "x")}, ${goal(kilobytes, goals.kilobytes, " KB")}`
        })
      }))
    )
  },
  wrapped: ({ deltas, rounds, calls, goals, micros, ratio, microsPerCall }) => {
    title("A model with fallback, limit and cache miss", `${deltas} deltas, ${calls} calls, ${rounds} rounds`)
    table(["", "bare", "wrapped", "more"], [
      {
        cells: ["CPU of a delta, µs", fixed(micros[0], 2), fixed(micros[1], 2), `${fixed(ratio, 2)} x`],
        remark: goal(ratio, goals.ratio, "x")
      },
      {
        cells: ["CPU of a call, µs", "", "", fixed(microsPerCall, 0)],
        remark: goal(microsPerCall, goals.microsPerCall, " µs")
      }
    ])
  },
  telemetry: ({ deltas, rounds, goals, rows }) => {
    title("Telemetry around a chain of prompt, model and parser", `${deltas} deltas, ${rounds} rounds, CPU in µs`)
    table(
      ["", "a delta of a 16 KiB read", "more", "a delta by itself", "more", "a call", "more"],
      rows.map((/** @type {any} */ { name, batched, alone, call }) => ({
        cells: [
          name,
          ...[batched, alone].flatMap(({ micros, more }) => [fixed(micros, 2), fixed(more, 2)]),
          fixed(call.micros, 0),
          fixed(call.more, 0)
        ],
        ...(alone.more > 0 ? { remark: goal(alone.more, goals.microsPerDelta, " µs") } : undefined)
      }))
    )
  },
  flat: ({ rounds, clients }) => {
    title(
      "CPU by the length of the answer",
      `µs a delta, in brackets without the call's own cost; ${rounds} rounds`
    )
    const heads = clients[0].sizes.map((/** @type {any} */ { deltas }) => `${deltas.toLocaleString("en")} deltas`)
    table(
      ["client", "a call of 1, µs", ...heads],
      clients.map((/** @type {any} */ { name, microsPerCall, sizes }) => ({
        cells: [
          name,
          fixed(microsPerCall, 0),
          ...sizes.map((/** @type {any} */ size) => `${fixed(size.micros, 2)} (${fixed(size.microsBeyondCall, 2)})`)
        ]
      }))
    )
  },
  firstChunk: ({ calls, clients }) => {
    title("Time to the first text", `${calls} calls one after the other, warm connections`)
    table(
      ["client", "median, ms", "p95, ms", "beyond the SDK, ms"],
      clients.map((/** @type {any} */ client) => ({
        cells: [client.name, fixed(client.median, 3), fixed(client.p95, 3), fixed(client.beyondSdk, 3)],
        ...(client.name.startsWith("rivulet")
          ? { remark: client.beyondSdk <= 0 ? green("not above the SDK") : red("above the SDK") }
          : undefined)
      }))
    )
  },
  imports: ({ runs, clients, extra }) => {
    title("Importing", `${runs} processes each`)
    table(["modules", "ms"], [
      ...clients.map((/** @type {any} */ { name, millis }) => ({ cells: [name, fixed(millis, 0)] })),
      {
        cells: ["rivulet and rivulet/Anthropic beyond effect", fixed(extra.millis, 0)],
        remark: `p10-p90 ${fixed(extra.p10, 0)}-${fixed(extra.p90, 0)}  ${goal(extra.millis, extra.goal, " ms")}`
      }
    ])
  },
  partialJson: ({ pieceLength, rounds, tables }) => {
    title("Reading JSON", `ms of CPU, in pieces of ${pieceLength} characters, ${rounds} rounds`)
    for (const { lengths, rows } of tables) {
      if (rows.length === 0) continue
      const heads = lengths.map((/** @type {number} */ length) => `${length / 1e6} MB`)
      table(
        ["reader", ...heads],
        rows.map((/** @type {any} */ { name, millis }) => {
          // How much dearer a character of the longest text is than one of the shortest.
          const growth = (millis.at(-1) / lengths.at(-1)) / (millis[0] / lengths[0])
          return {
            cells: [name, ...millis.map((/** @type {number} */ ms) => fixed(ms, 1))],
            remark: goal(growth, 2, "x a character")
          }
        })
      )
    }
  },
  cancel: ({ breaks, clients, heap }) => {
    title("Leaving an endless answer", `${breaks} breaks after three texts, until the server sees it`)
    table(
      ["client", "median, ms", "p99, ms"],
      clients.map((/** @type {any} */ client) => ({
        cells: [client.name, fixed(client.median, 2), fixed(client.p99, 2)]
      }))
    )
    if (heap !== undefined) {
      console.log(`  rivulet keeps ${fixed(heap.bytes, 0)} bytes of heap a break, over ${heap.breaks}`)
    }
  }
}

/** @type {Record<string, string>} */
const apis = { messages: "Anthropic's Messages", chat: "OpenAI's Chat Completions", responses: "OpenAI's Responses" }

/** @type {Record<string, string>} */
const cuts = {
  "16k": "16 KiB a write",
  whole: "the body in one write",
  event: "one event a write, each alone",
  burst: "one event a write, as fast as they are taken"
}
