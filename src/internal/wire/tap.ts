/**
 * The tap on what goes to a provider and what comes back: the request, the head of the response, the bytes of its body as
 * they come, and its end. Used by cassettes and by `--wire` of the command line. It stands around a `fetch`, so a call
 * without it pays nothing. It reads no faster than its reader.
 */
import type { Fetch } from "../http/transport.ts"

/** A request as it is handed to `fetch`. It still holds its secrets. */
export interface SentRequest {
  /** The method, in upper case. */
  readonly method: string
  readonly url: string
  readonly headers: Headers
  /** The body, if it is a text. */
  readonly body: string | undefined
}

/** The head of a response. */
export interface ResponseHead {
  /** The time since the request, in milliseconds, as all times here. */
  readonly at: number
  readonly status: number
  readonly headers: Headers
}

/**
 * The end of an exchange: the body was complete, the reader left (while it was waiting for more, or not), or the request or
 * the body failed.
 */
export type WireEnd =
  | { readonly at: number; readonly how: "complete" }
  | { readonly at: number; readonly how: "left"; readonly waiting: boolean }
  | { readonly at: number; readonly how: "failed"; readonly error: unknown }

/** Sees one exchange. Each method is called at once when it happens; `end` is called once, and last. */
export interface ExchangeTap {
  readonly response: (head: ResponseHead) => void
  readonly bytes: (bytes: Uint8Array, at: number) => void
  readonly end: (end: WireEnd) => void
}

/** A `fetch` whose exchanges are seen. `tap` is called when a request is sent. */
export const tapped = (next: Fetch, tap: (request: SentRequest) => ExchangeTap): Fetch => async (input, init) => {
  const startedAt = performance.now()
  const exchange = tap(sentRequest(input, init))
  const at = () => performance.now() - startedAt
  let ended = false
  let waiting = true
  const end = (end: WireEnd) => {
    if (!ended) exchange.end(end)
    ended = true
  }
  const failed = (error: unknown): never => {
    const left = init?.signal?.aborted === true
    end(left ? { at: at(), how: "left", waiting } : { at: at(), how: "failed", error })
    throw error
  }
  let response: Response
  try {
    response = await next(input, init)
  } catch (error) {
    return failed(error)
  }
  const { body, headers, status, statusText } = response
  exchange.response({ at: at(), status, headers })
  // A redirect that a browser hides has the status 0, of which no other response can be made.
  if (body === null || status < 200) {
    end({ at: at(), how: "complete" })
    return response
  }
  waiting = false
  const reader = body.getReader()
  const seen = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      waiting = true
      const { done, value } = await reader.read().catch(failed)
      waiting = false
      if (value !== undefined) {
        if (!ended) exchange.bytes(value, at())
        controller.enqueue(value)
      }
      if (!done) return
      end({ at: at(), how: "complete" })
      controller.close()
    },
    cancel: (reason) => {
      end({ at: at(), how: "left", waiting })
      return reader.cancel(reason)
    }
  }, { highWaterMark: 0 })
  return new Response(seen, { status, statusText, headers })
}

/** The request that the arguments of `fetch` mean. */
export const sentRequest = (input: Parameters<Fetch>[0], init: RequestInit | undefined): SentRequest => {
  const request = input instanceof Request ? input : undefined
  return {
    method: (init?.method ?? request?.method ?? "GET").toUpperCase(),
    url: request === undefined ? String(input) : request.url,
    headers: new Headers(init?.headers ?? request?.headers),
    body: typeof init?.body === "string" ? init.body : undefined
  }
}
