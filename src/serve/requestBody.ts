/**
 * Reads the body of a request as JSON within limits: its bytes are counted while they arrive, whatever the headers say,
 * and its depth before it is parsed. Called by the server.
 */
import * as Effect from "effect/Effect"
import { invalid, PublicError } from "./publicError.ts"

/** The limits of a body. */
export interface BodyLimits {
  readonly bytes: number
  readonly depth: number
}

const tooLarge = (bytes: number) =>
  new PublicError({ kind: "too_large", status: 413, message: `The body has more than ${bytes} bytes.` })

const encoded = new PublicError({ kind: "invalid", status: 415, message: "A compressed body is not read here." })

const unreadable = invalid("body", "could not be read.")

/** The JSON of a request. */
export const readJson = Effect.fnUntraced(function*(
  request: Request,
  limits: BodyLimits
): Effect.fn.Return<unknown, PublicError> {
  // Nothing behind this inflates it, and a small body could become a large one.
  if (!/^(identity)?$/i.test(request.headers.get("content-encoding") ?? "")) return yield* Effect.fail(encoded)
  const length = Number(request.headers.get("content-length") ?? "0")
  if (length > limits.bytes) return yield* Effect.fail(tooLarge(limits.bytes))
  const text = yield* readText(request, limits.bytes)
  if (isDeeper(text, limits.depth)) {
    return yield* Effect.fail(invalid("body", `is nested more than ${limits.depth} levels deep.`))
  }
  return yield* Effect.try({ try: (): unknown => JSON.parse(text), catch: () => invalid("body", "is not JSON.") })
})

const readText = (request: Request, limit: number): Effect.Effect<string, PublicError> => {
  const { body } = request
  if (body === null) return Effect.succeed("")
  return Effect.acquireUseRelease(
    Effect.try({ try: () => body.getReader(), catch: () => unreadable }),
    Effect.fnUntraced(function*(reader): Effect.fn.Return<string, PublicError> {
      const decoder = new TextDecoder("utf-8", { fatal: true })
      let bytes = 0
      let text = ""
      while (true) {
        const { done, value } = yield* Effect.tryPromise({ try: () => reader.read(), catch: () => unreadable })
        bytes += value?.byteLength ?? 0
        if (bytes > limit) return yield* Effect.fail(tooLarge(limit))
        text += yield* Effect.try({
          try: () => decoder.decode(value, { stream: !done }),
          catch: () => invalid("body", "is not UTF-8.")
        })
        if (done) return text
      }
    }),
    // A client that still sends is not waited for.
    (reader) => Effect.sync(() => void reader.cancel().catch(() => {}))
  )
}

const quote = 0x22
const backslash = 0x5c

/** Whether arrays and objects of a JSON text lie deeper in each other. */
const isDeeper = (text: string, limit: number): boolean => {
  let depth = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (inString) {
      if (code === backslash) i++
      else if (code === quote) inString = false
    } else if (code === quote) inString = true
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > limit) return true
    } else if (code === 0x5d || code === 0x7d) depth--
  }
  return false
}
