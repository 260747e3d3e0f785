// Reading JSON in small pieces: whether twice the text takes twice the time, and what those take who read all of it
// again for every piece.
import { Effect, Stream } from "effect"
import { PartialJson } from "rivulet"
import { cpuOf, median } from "../lab.mjs"
import { peerReaders } from "../peers.mjs"

const pieceLength = 10

/** An array of small objects, of about so many characters. */
const textOf = (/** @type {number} */ length) => {
  /** @type {Array<string>} */
  const items = []
  for (let i = 0, rest = length; rest > 0; i++) {
    const item = JSON.stringify({ id: i, name: `fish ${i}`, tags: ["koi", "carp"], tame: i % 2 === 0 })
    items.push(item)
    rest -= item.length + 1
  }
  return `[${items.join(",")}]`
}

const cut = (/** @type {string} */ text) => text.match(new RegExp(`.{1,${pieceLength}}`, "gs")) ?? []

/** @typedef {{ name: string, read: (text: string, pieces: ReadonlyArray<string>) => unknown }} Reader */

/** @type {ReadonlyArray<Reader>} */
const readers = [
  { name: "JSON.parse, the whole", read: (text) => JSON.parse(text) },
  {
    name: "rivulet, one piece",
    read: (text) => {
      const parser = PartialJson.parser()
      parser.push(text)
      return parser.end()
    }
  },
  {
    name: "rivulet, pieces, the value at the end",
    read: (_, pieces) => {
      const parser = PartialJson.parser()
      for (const piece of pieces) parser.push(piece)
      return parser.end()
    }
  },
  {
    name: "rivulet, a stream of pieces, values as they change",
    read: (_, pieces) => Effect.runPromise(Stream.runDrain(PartialJson.values(Stream.fromIterable(pieces))))
  }
]

/** CPU milliseconds of one reading. */
const measure = async (
  /** @type {ReadonlyArray<Reader>} */ all,
  /** @type {ReadonlyArray<number>} */ lengths,
  /** @type {number} */ rounds
) => {
  const texts = lengths.map(textOf)
  const rows = all.map(({ name, read }) => ({
    name,
    read,
    /** @type {Array<Array<number>>} */
    spent: texts.map(() => [])
  }))
  // Nobody is measured cold, and a shorter text is read so often that a round is as long as one of the longest.
  for (let round = -2; round < rounds; round++) {
    for (const { read, spent } of rows) {
      for (const [i, text] of texts.entries()) {
        const pieces = cut(text)
        const times = Math.max(1, Math.round((lengths.at(-1) ?? 0) / (lengths[i] ?? 1)))
        const micros = await cpuOf(async () => {
          for (let time = 0; time < times; time++) await read(text, pieces)
        })
        if (round >= 0) spent[i]?.push(micros / times / 1000)
      }
    }
  }
  return rows.map(({ name, spent }) => ({ name, millis: spent.map(median) }))
}

/** @param {{ rounds: number }} how */
export const partialJson = async ({ rounds }) => {
  const lengths = [500_000, 1_000_000, 2_000_000, 4_000_000]
  const ours = await measure(readers, lengths, rounds)
  const peers = await peerReaders()
  // They read a text from its start for each piece, so only short ones can be waited for.
  const shortLengths = [8000, 16_000, 32_000]
  const beside = peers.length === 0
    ? []
    : await measure([...readers.slice(-1), ...peers], shortLengths, Math.min(rounds, 2))
  return { pieceLength, rounds, tables: [{ lengths, rows: ours }, { lengths: shortLengths, rows: beside }] }
}
