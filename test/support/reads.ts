// A response without a network, so that a test decides the bytes of each network read.

/** A `fetch` whose response has these reads, one at a time. */
export const responseOf = (reads: ReadonlyArray<Uint8Array>) => (): Promise<Response> => {
  let next = 0
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      const read = reads[next++]
      if (read === undefined) controller.close()
      else controller.enqueue(read)
    }
  })
  return Promise.resolve(new Response(body, { headers: { "content-type": "text/event-stream" } }))
}

export const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Bytes in reads of one size. */
export const inReads = (bytes: Uint8Array, size: number): ReadonlyArray<Uint8Array> =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))

export const byteByByte = (bytes: Uint8Array): ReadonlyArray<Uint8Array> => inReads(bytes, 1)

/** Bytes cut at places of any numbers, taken modulo their length. */
export const cutAt = (bytes: Uint8Array, cuts: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const places = [...new Set([0, ...cuts.map((cut) => Math.abs(cut) % bytes.length), bytes.length])]
    .toSorted((a, b) => a - b)
  return places.slice(1).map((place, i) => bytes.subarray(places[i], place))
}
