/**
 * Makes a chat model from the parts of a provider: how to connect, encode, decode and name errors. Called by the
 * `model.ts` of each folder in `src/providers`. The SDK is loaded and the settings are checked by the first call, not
 * when the model is made.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { CallOptions } from "../../CallOptions.ts"
import type { Capabilities } from "../../Capabilities.ts"
import { ChatModelError } from "../../ChatModelError.ts"
import type { Reason } from "../../ChatModelError.ts"
import type { FactsRules } from "../facts/settings.ts"
import { httpStream } from "../http/httpStream.ts"
import type { Decoder, HttpStream } from "../http/httpStream.ts"
import { transportsOf, viaOf } from "../http/transport.ts"
import { toDialect } from "../jsonSchema/dialect.ts"
import type { SchemaDialect } from "../jsonSchema/dialect.ts"
import { source } from "../model/knowledge.ts"
import { make } from "../model/make.ts"
import type { ChatRequest } from "../model/request.ts"
import type { Service } from "../model/service.ts"
import { optional } from "../optional.ts"
import { Connector } from "./client.ts"
import type { Connectable, Send } from "./client.ts"
import type { Count, Counter, CounterContext } from "./countTokens.ts"
import type { DecoderOptions } from "./decoder.ts"
import type { Encoded } from "./encoding.ts"
import { errorOf, requestIdOf, UnexpectedResponse } from "./errors.ts"
import type { ErrorDialect } from "./errors.ts"
import { isObject } from "./json.ts"
import { scrubber } from "./settings.ts"
import type { AppSettings } from "./settings.ts"

/** The parts of a chat model over HTTP. */
export interface ProviderModel<E extends Encoded> extends Connectable<E> {
  readonly provider: string
  readonly model: string
  /** The address of the server. */
  readonly baseUrl: string
  /** The options for every call. */
  readonly options: CallOptions
  readonly capabilities: Partial<Capabilities>
  /** The facts about the provider's models. */
  readonly facts: FactsRules
  /** The app's settings, as they were when the model was made. */
  readonly settings: AppSettings
  /** Texts to redact from errors. */
  readonly secrets: ReadonlyArray<string>
  readonly errorDialect: ErrorDialect
  /** The part of JSON Schema that the provider enforces. Absent: any schema, or none. */
  readonly schemaDialect?: SchemaDialect | undefined
  /** Encodes a call as a request, or gives the reason why the provider cannot take it. */
  readonly encode: (request: ChatRequest) => E | Reason
  /** How the provider counts the tokens of a request. Absent: it does not. */
  readonly counter?: Counter<E> | undefined
  /** Makes the decoder of one response. */
  readonly decoder: (options: DecoderOptions, encoded: E) => Decoder
}

/** A chat model over HTTP. */
export const providerModel = <E extends Encoded>(spec: ProviderModel<E>): Service => {
  const { errorDialect, model, provider } = spec
  const scrub = scrubber(spec.secrets)
  const fail = (reason: Reason) => new ChatModelError({ provider, model, reason })

  const sent = (request: ChatRequest, send: Send<E>) =>
    httpStream(
      request.connection,
      Effect.withFiber((fiber) => {
        const clock = fiber.getRef(Clock.Clock)
        const encoded = spec.encode(request)
        if (isReason(encoded)) return Effect.fail(fail(encoded))
        const warnings = [...request.warnings, ...encoded.warnings]
        const now = () => clock.currentTimeMillisUnsafe()
        const toError = (cause: unknown, response?: Response) =>
          errorOf(cause, {
            provider,
            model,
            scrub,
            errorDialect,
            now: now(),
            headers: response?.headers
          })
        const via = viaOf(fiber.context, transportsOf(fiber.context, spec.settings.transports))
        const prepared = Effect.succeed<HttpStream>({
          send: (signal) => send(encoded, signal, via),
          decoder: (response) => {
            const unexpected = (body: string) => toError(new UnexpectedResponse(response, body), response)
            const metadata = {
              ...optional("requestId", requestIdOf(response.headers, { errorDialect, scrub })),
              ...(warnings.length === 0 ? undefined : { warnings: warnings.map((warning) => ({ ...warning })) })
            }
            const decoder = spec.decoder({ provider, model, metadata, scrub, now, unexpected }, encoded)
            request.resumable?.(() => rest(decoder))
            return decoder
          },
          toError
        })
        const rest = (decoder: Decoder) => {
          const position = decoder.position?.()
          if (position === undefined) return undefined
          return Stream.suspend(() => {
            decoder.readOn?.()
            return httpStream(
              request.connection,
              Effect.succeed({
                send: (signal) => send({ ...encoded, rest: position }, signal, via),
                decoder: () => decoder,
                toError
              })
            )
          })
        }
        if (encoded.warnings.length === 0) return prepared
        return Effect.andThen(
          Effect.forEach(encoded.warnings, ({ field, reason }) => Effect.logWarning(`${field}: ${reason}`)),
          prepared
        )
      })
    )

  const connector = new Connector(spec)
  const connect = Effect.withFiber((fiber) =>
    Effect.mapError(connector.connect(transportsOf(fiber.context, spec.settings.transports)), fail)
  )
  const stream = (request: ChatRequest) =>
    connector.made === undefined
      ? Stream.unwrap(Effect.map(connect, (send) => sent(request, send)))
      : sent(request, connector.made)

  const { capabilities, counter, facts, options, schemaDialect, settings } = spec
  return make(
    {
      provider,
      model,
      baseUrl: spec.baseUrl,
      options,
      capabilities,
      facts: source(facts),
      countTokens: counter &&
        counting(counter, spec.encode, { provider, model, scrub, errorDialect, transports: settings.transports }),
      supportsSchema: schemaDialect && ((schema) => Result.isSuccess(toDialect(schema, schemaDialect))),
      stream
    },
    settings
  )
}

/** Counts tokens. The code for that is loaded by the first count, as most programs never count. */
const counting = <E extends Encoded>(
  counter: Counter<E>,
  encode: ProviderModel<E>["encode"],
  context: CounterContext
): Count => {
  let made: Promise<Count> | undefined
  const load = () =>
    made ??= import("./countTokens.ts").then(({ tokenCounter }) => tokenCounter(counter, encode, context))
  return (request) => Effect.flatMap(Effect.promise(load), (count) => count(request))
}

const isReason = (encoded: Encoded | Reason): encoded is Reason => isObject(encoded) && "_tag" in encoded
