import type { Anthropic } from "@anthropic-ai/sdk"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { make } from "../ChatModel.ts"
import type { ChatRequest, Service } from "../ChatModel.ts"
import { ChatModelError, MalformedResponseError } from "../ChatModelError.ts"
import type { Reason } from "../ChatModelError.ts"
import { httpStream } from "../internal/httpStream.ts"
import { makeClient } from "./client.ts"
import { MessageDecoder } from "./decoder.ts"
import { errorOf, scrubber } from "./errors.ts"
import type { Options } from "./options.ts"
import { encodeRequest, isReason } from "./request.ts"

const provider = "anthropic"

/** A chat model on the Messages API, from settings that are complete. */
export const makeModel = (options: Options): Service => {
  const { apiKey, authToken, baseUrl: _, betas = [], fetch: __, headers = {}, model, ...callOptions } = options
  const secrets = [apiKey, authToken, ...Object.values(headers)].filter((value) => Redacted.isRedacted(value))
  const scrub = scrubber(secrets.map((secret) => Redacted.value(secret)))
  const fail = (reason: Reason) => new ChatModelError({ provider, model, reason })

  let client: Anthropic | undefined
  const getClient = Effect.suspend(() =>
    client === undefined
      ? Effect.tap(Effect.mapError(makeClient(options), fail), (made) => {
        client = made
        return Effect.void
      })
      : Effect.succeed(client)
  )

  const stream = (request: ChatRequest) =>
    Stream.unwrap(Effect.gen(function*() {
      const client = yield* getClient
      const encoded = encodeRequest({ provider, model, betas }, request.messages, request.options)
      if (isReason(encoded)) return yield* fail(encoded)
      for (const warning of encoded.warnings) yield* Effect.logWarning(warning)
      const clock = yield* Clock.Clock
      const beta = encoded.betas.length > 0
      return httpStream({
        send: (signal) =>
          client.post("/v1/messages", {
            body: encoded.body,
            stream: true,
            signal,
            ...(beta ? { query: { beta: true }, headers: { "anthropic-beta": encoded.betas.join(",") } } : undefined)
          }).asResponse(),
        decoder: (response) => {
          const requestId = response.headers.get("request-id")
          const metadata = {
            ...(requestId === null ? undefined : { requestId }),
            ...(encoded.warnings.length === 0 ? undefined : { warnings: encoded.warnings })
          }
          const type = response.headers.get("content-type") ?? ""
          return /^(text\/html|application\/json)/i.test(type)
            ? Effect.fail(fail(new MalformedResponseError({ message: `${notAStream} ${type}` })))
            : Effect.succeed(new MessageDecoder({ provider, model, metadata, scrub }))
        },
        toError: (cause, response) =>
          errorOf(cause, { provider, model, scrub, now: clock.currentTimeMillisUnsafe(), headers: response?.headers }),
        lifeline: request.lifeline
      })
    }))

  return make({ provider, model, options: callOptions, stream })
}

const notAStream = "The server answered with no event stream but with"
