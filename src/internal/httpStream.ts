import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { AIMessageChunk } from "../AIMessageChunk.ts"
import type { ChatModelError } from "../ChatModelError.ts"
import type { Lifeline } from "./request.ts"

/** Turns the bytes of a response into chunks. Made anew for each response. */
export interface Decoder {
  /** The chunks of one network read, in order. */
  readonly push: (bytes: Uint8Array) => ReadonlyArray<AIMessageChunk>
  /** Set once the stream has failed. Chunks that came before it are delivered first. */
  readonly failure: ChatModelError | undefined
  /** The message is complete, and only the end of the body is still to come. */
  readonly complete: boolean
  /** The body is over, or was given up after `complete`: the last chunks, or a failure. */
  readonly end: () => Effect.Effect<ReadonlyArray<AIMessageChunk>, ChatModelError>
}

/** One streamed request. */
export interface HttpStream {
  /** Sends the request; resolves with the headers. `signal` aborts it until then. */
  readonly send: (signal: AbortSignal) => Promise<Response>
  readonly decoder: (response: Response) => Decoder
  /** What `send` rejected with, or what the body of the response broke with. */
  readonly toError: (cause: unknown, response?: Response) => ChatModelError
  readonly lifeline: Lifeline
}

/**
 * How long the end of the body may take after the message's last event. It is in the same packet as a rule. It is
 * waited for so that a connection can be used again, and because a second message on it is an error.
 */
const endOfBody = "250 millis"

type Chunks = readonly [AIMessageChunk, ...Array<AIMessageChunk>]

/**
 * A streamed HTTP response as chunks, one array a network read. Closing the scope closes the connection: before the
 * headers by aborting the request, after them by cancelling the body. (Aborting after the headers would do as well, but
 * then each response keeps its abort listeners for good.) A pending read is not waited for.
 */
export const httpStream = (
  request: Effect.Effect<HttpStream, ChatModelError>
): Stream.Stream<AIMessageChunk, ChatModelError> =>
  Stream.fromChannel(Channel.fromTransform((_, scope) => open(request, scope)))

const open = Effect.fnUntraced(function*(make: Effect.Effect<HttpStream, ChatModelError>, scope: Scope.Scope) {
  const request = yield* make
  const connection = new Connection()
  yield* Scope.addFinalizer(scope, Effect.sync(() => connection.close()))
  const response = yield* Effect.callback<Response, ChatModelError>((resume) => {
    connection.connect(request.send).then(
      (response) => resume(Effect.succeed(response)),
      (cause) => resume(Effect.fail(request.toError(cause)))
    )
    return Effect.sync(() => connection.close())
  })
  request.lifeline.connected()
  request.lifeline.endWaitBy(() => connection.close())
  const decoder = request.decoder(response)
  const read = Effect.callback<Uint8Array | undefined, ChatModelError>((resume) => {
    connection.read().then(
      (result) => resume(Effect.succeed(result?.value)),
      (cause) => resume(Effect.fail(request.toError(cause, response)))
    )
  })
  // When the message is complete, neither a lost connection nor one that stays open can harm it.
  const readEnd = Effect.timeoutOption(read, endOfBody).pipe(
    Effect.map(Option.getOrUndefined),
    Effect.catch(() => Effect.undefined)
  )

  let ended = false
  const deliver = (chunks: ReadonlyArray<AIMessageChunk>): Pull.Pull<Chunks, ChatModelError> =>
    isNonEmpty(chunks) ? Effect.succeed(chunks) : next
  const received = (bytes: Uint8Array | undefined): Pull.Pull<Chunks, ChatModelError> => {
    if (bytes === undefined) {
      ended = true
      return Effect.flatMap(decoder.end(), deliver)
    }
    request.lifeline.alive()
    return deliver(decoder.push(bytes))
  }
  const reading = Effect.flatMap(read, received)
  const readingEnd = Effect.flatMap(readEnd, received)
  const next: Pull.Pull<Chunks, ChatModelError> = Effect.suspend(() => {
    if (decoder.failure !== undefined) return Effect.fail(decoder.failure)
    if (ended) return Cause.done()
    return decoder.complete ? readingEnd : reading
  })
  return next
})

const isNonEmpty = (chunks: ReadonlyArray<AIMessageChunk>): chunks is Chunks => chunks.length > 0

/** The request and then the body of one response, and the way to be rid of both. */
class Connection {
  #controller: AbortController | undefined = new AbortController()
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  #closed = false

  async connect(send: HttpStream["send"]): Promise<Response> {
    if (this.#controller === undefined) throw new Error("closed")
    const response = await send(this.#controller.signal)
    // From here on the body is what holds the connection, and the signal must be forgotten.
    this.#controller = undefined
    this.#reader = response.body?.getReader()
    if (this.#closed) this.#cancel()
    return response
  }

  read(): Promise<{ readonly value?: Uint8Array | undefined } | undefined> {
    return this.#reader?.read() ?? Promise.resolve(undefined)
  }

  close(): void {
    this.#closed = true
    this.#controller?.abort()
    this.#controller = undefined
    this.#cancel()
  }

  #cancel(): void {
    // A body that is broken already rejects its cancellation with the same error, which has been reported by then.
    this.#reader?.cancel().catch(() => {})
    this.#reader = undefined
  }
}
