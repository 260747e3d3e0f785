/**
 * Counts the tokens of a request by the provider's own endpoint. Loaded by `provider/model.ts` when a count is asked
 * for; retries and time limits are those of a call. The request is the one that a call would send, without the fields
 * that the endpoint does not take. Must know no provider.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { ChatModelError, MalformedResponseError } from "../../ChatModelError.ts"
import type { Reason } from "../../ChatModelError.ts"
import { excerpt } from "../excerpt.ts"
import { transportsOf, viaOf } from "../http/transport.ts"
import type { Transports } from "../http/transport.ts"
import { parseJson } from "../json/limits.ts"
import type { ChatRequest } from "../model/request.ts"
import { Connector, textOf } from "./client.ts"
import type { Connectable } from "./client.ts"
import type { Encoded } from "./encoding.ts"
import { errorOf } from "./errors.ts"
import type { ErrorDialect } from "./errors.ts"
import { isObject, numberAt } from "./json.ts"
import type { Scrub } from "./settings.ts"

/** An endpoint that answers with `input_tokens`. */
export interface Counter<E extends Encoded> extends Connectable<E> {
  /** The fields of a call's body that the endpoint takes. */
  readonly fields: ReadonlyArray<string>
}

/** The model that is counted for. */
export interface CounterContext {
  readonly provider: string
  readonly model: string
  readonly scrub: Scrub
  readonly errorDialect: ErrorDialect
  /** The transports of the context in which the model was made. */
  readonly transports: Transports | undefined
}

/** Counts the tokens of the input of a request. */
export type Count = (request: ChatRequest) => Effect.Effect<number, ChatModelError>

/** Counts the tokens of requests. */
export const tokenCounter = <E extends Encoded>(
  counter: Counter<E>,
  encode: (request: ChatRequest) => E | Reason,
  context: CounterContext
): Count => {
  const { model, provider, scrub } = context
  const fail = (reason: Reason) => new ChatModelError({ provider, model, reason })
  const connector = new Connector(counter)
  return (request) =>
    Effect.gen(function*() {
      const services = yield* Effect.context<never>()
      const transports = transportsOf(services, context.transports)
      const via = viaOf(services, transports)
      const send = yield* Effect.mapError(connector.connect(transports), fail)
      const encoded = encode(request)
      if ("_tag" in encoded) return yield* fail(encoded)
      const body = Object.fromEntries(Object.entries(encoded.body).filter(([name]) => counter.fields.includes(name)))
      const now = (yield* Clock.Clock).currentTimeMillisUnsafe()
      let headers: Headers | undefined
      const text = yield* Effect.tryPromise({
        try: async (signal) => {
          const response = await send({ ...encoded, body }, signal, via)
          headers = response.headers
          request.connection.connected()
          return await textOf(response)
        },
        catch: (cause) => errorOf(cause, { ...context, now, headers })
      })
      const count = countIn(text)
      return count ?? (yield* fail(
        new MalformedResponseError({ message: "The answer has no count of tokens", excerpt: excerpt(scrub(text)) })
      ))
    })
}

const countIn = (text: string): number | undefined => {
  try {
    const value = parseJson(text)
    const count = isObject(value) ? numberAt(value, "input_tokens") : undefined
    return count !== undefined && count >= 0 ? count : undefined
  } catch {
    return undefined
  }
}
