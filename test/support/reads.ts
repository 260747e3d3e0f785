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
