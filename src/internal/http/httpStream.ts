/**
 * One streamed HTTP response as a `Stream` of chunks, and the closing of its connection. Called by `provider/model.ts`.
 * Each network read wakes the consumer's fiber at most once, and its chunks are one array. Must know no provider.
 */
import * as Array from "effect/Array"
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { ChatModelError } from "../../ChatModelError.ts"
import type { ConnectionMonitor } from "../model/request.ts"

/** Turns the bytes of one response into chunks. */
export interface Decoder {
  /** The chunks of one network read, in order. */
  readonly push: (bytes: Uint8Array) => ReadonlyArray<AIMessageChunk>
  /** Set once the stream has failed. Chunks that came before it are delivered first. */
  readonly failure: ChatModelError | undefined
  /** Whether the message is complete, so that only the end of the body is missing. */
  readonly complete: boolean
  /**
   * The last chunks, or a failure. Called at the end of the body, or if that does not come after `complete`.
   *
   * @param broken the error of a body that broke, which fails a message that is not complete
   */
  readonly end: (broken?: ChatModelError) => Effect.Effect<ReadonlyArray<AIMessageChunk>, ChatModelError>
  /** Where the response can be read on after its connection broke; undefined if it cannot. Absent: it never can. */
  readonly position?: (() => Position | undefined) | undefined
  /** Forgets the body that broke, but not what came in it. The next bytes are those of the rest. */
  readonly readOn?: (() => void) | undefined
}

/** A place in a response that the provider keeps. */
export interface Position {
  /** The id of the response. */
  readonly id: string
  /** The number of the last event that arrived. */
  readonly after: number
}

/** One streamed request. */
export interface HttpStream {
  /** Sends the request. Resolves with the headers; until then `signal` aborts it. */
  readonly send: (signal: AbortSignal) => Promise<Response>
  readonly decoder: (response: Response) => Decoder
  /** The error of a rejection of `send`, or, with `response`, of a body that broke. */
  readonly toError: (cause: unknown, response?: Response) => ChatModelError
}

/**
 * The longest wait for the end of the body after the last event of the message, however much comes meanwhile. As a rule
 * both are in one packet. The wait lets the connection be reused, and a second message on it is an error.
 */
const endOfBody = Duration.millis(250)

type Chunks = readonly [AIMessageChunk, ...Array<AIMessageChunk>]
type ChunkPull = Pull.Pull<Chunks, ChatModelError>

/**
 * The chunks of a streamed response, one array for each network read. Closing the scope closes the connection without
 * waiting for a pending read: before the headers by aborting the request, after them by cancelling the body. (An abort
 * would also work after the headers, but then each response would keep its abort listeners forever.)
 */
export const httpStream = (
  monitor: ConnectionMonitor,
  request: Effect.Effect<HttpStream, ChatModelError>
): Stream.Stream<AIMessageChunk, ChatModelError> => {
  const connection = new Connection()
  monitor.onAbort(() => connection.close())
  return Stream.fromChannel(Channel.fromTransform((_, scope) =>
    Effect.flatMap(request, (request) =>
      Effect.andThen(
        Scope.addFinalizer(scope, Effect.sync(() => connection.close())),
        Effect.withFiber((fiber) =>
          Effect.map(connection.open(request), (response) => {
            monitor.connected()
            return new Body(request, response, connection.reader, monitor, fiber.context).pull
          })
        )
      ))
  ))
}

/** The request and then the body of one response, and how to close either. */
class Connection {
  reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  #controller: AbortController | undefined = new AbortController()
  #closed = false
  #onClose: (() => void) | undefined

  /** Sends the request. Succeeds with the headers. */
  open(request: HttpStream): Effect.Effect<Response, ChatModelError> {
    return Effect.callback((resume) => {
      // Made in the fiber, so that whatever is thrown meanwhile fails the call.
      const failed = (cause: unknown) => resume(Effect.failSync(() => request.toError(cause)))
      // A `fetch` of the app may ignore the signal.
      this.#onClose = () => failed(new Error("The connection was closed"))
      if (this.#controller === undefined) return this.#onClose()
      this.#send(request, this.#controller.signal).then((response) => resume(Effect.succeed(response)), failed)
      return Effect.sync(() => this.close())
    })
  }

  async #send(request: HttpStream, signal: AbortSignal): Promise<Response> {
    const response = await request.send(signal)
    // From here on the body holds the connection, and the signal must be dropped.
    this.#controller = undefined
    this.#onClose = undefined
    this.reader = response.body?.getReader()
    if (this.#closed) this.#cancel()
    return response
  }

  close(): void {
    this.#closed = true
    this.#controller?.abort()
    this.#controller = undefined
    this.#onClose?.()
    this.#cancel()
  }

  #cancel(): void {
    // A broken body rejects its cancellation with an error that has already been reported.
    this.reader?.cancel().catch(() => {})
    this.reader = undefined
  }
}

/** The body of a response as chunks. */
class Body {
  readonly #request: HttpStream
  readonly #response: Response
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  readonly #monitor: ConnectionMonitor
  readonly #services: Context.Context<never>
  readonly #decoder: Decoder
  #ended = false
  /** Resumes the waiting pull. Does nothing if none waits. */
  #wake: (next: ChunkPull) => void = () => {}
  /** Runs from the end of the message to the end of the body. */
  #timer: Fiber.Fiber<void> | undefined
  #late = false

  constructor(
    request: HttpStream,
    response: Response,
    reader: ReadableStreamDefaultReader<Uint8Array> | undefined,
    monitor: ConnectionMonitor,
    services: Context.Context<never>
  ) {
    this.#request = request
    this.#response = response
    this.#reader = reader
    this.#monitor = monitor
    this.#services = services
    this.#decoder = request.decoder(response)
  }

  readonly pull: ChunkPull = Effect.callback((resume) => {
    const { complete, failure } = this.#decoder
    if (failure !== undefined) return resume(Effect.fail(failure))
    if (this.#ended) return resume(Cause.done())
    this.#wake = resume
    if (complete) return this.#late ? this.#over() : this.#readEnd()
    this.#readMore()
  })

  /** Reads until there are chunks, and only then wakes the fiber. */
  #readMore(): void {
    this.#read((cause) => {
      // An interrupted fiber has closed the connection itself.
      if (!this.#ended) this.#over(() => this.#request.toError(cause, this.#response))
    })
  }

  #read(broken: (cause: unknown) => void): void {
    if (this.#reader === undefined) this.#received(undefined)
    else this.#reader.read().then(({ value }) => this.#received(value), broken)
  }

  /** Reads the end of the body. The message is complete, so a lost connection or one that stays open is no failure. */
  #readEnd(): Effect.Effect<void> {
    if (this.#timer === undefined) {
      this.#timer = Effect.runForkWith(this.#services)(Effect.sleep(endOfBody))
      this.#timer.addObserver((exit) => {
        this.#late = Exit.isSuccess(exit)
        if (this.#late) this.#wake(this.pull)
      })
    }
    this.#read(() => this.#received(undefined))
    return Effect.sync(() => this.#timer?.interruptUnsafe())
  }

  #received(bytes: Uint8Array | undefined): void {
    if (this.#ended) return
    try {
      if (bytes === undefined) return this.#over()
      const chunks = this.#decoder.push(bytes)
      if (Array.isReadonlyArrayNonEmpty(chunks)) return this.#wake(Effect.succeed(chunks))
      this.#monitor.activity()
      if (this.#decoder.complete || this.#decoder.failure !== undefined) this.#wake(this.pull)
      else this.#readMore()
    } catch (defect) {
      this.#wake(Effect.die(defect))
    }
  }

  #over(broken?: () => ChatModelError): void {
    this.#ended = true
    this.#timer?.interruptUnsafe()
    this.#wake(
      Effect.flatMap(
        Effect.suspend(() => this.#decoder.end(broken?.())),
        (chunks) => Array.isReadonlyArrayNonEmpty(chunks) ? Effect.succeed(chunks) : this.pull
      )
    )
  }
}
