/**
 * Joins pieces of bytes. Called by the SSE parser for a line that several reads share, and by encoders of streams.
 * Imports nothing.
 */

/** The pieces as one array. */
export const joinBytes = (pieces: ReadonlyArray<Uint8Array>): Uint8Array => {
  const all = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}
