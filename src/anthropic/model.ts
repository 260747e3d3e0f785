import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as JsonSchema from "effect/JsonSchema"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type { Capabilities } from "../Capabilities.ts"
import { make } from "../ChatModel.ts"
import type { ChatRequest, Service } from "../ChatModel.ts"
import { ChatModelError, MalformedResponseError } from "../ChatModelError.ts"
import type { Reason } from "../ChatModelError.ts"
import { httpStream } from "../internal/httpStream.ts"
import { toDialect } from "../internal/schemaDialect.ts"
import { makePost } from "./client.ts"
import type { Post } from "./client.ts"
import { MessageDecoder } from "./decoder.ts"
import { dialect } from "./dialect.ts"
import { errorOf, scrubber } from "./errors.ts"
import type { Options } from "./options.ts"
import { encodeRequest, isReason } from "./request.ts"

const provider = "anthropic"

const capabilities: Partial<Capabilities> = {
  tools: true,
  parallelToolCalls: true,
  streamedToolArguments: true,
  structuredOutput: true,
  imageInput: true,
  fileInput: true,
  reasoning: true,
  citations: true,
  streamedUsage: true,
  promptCaching: true,
  serverTools: true
}

const supportsSchema = (schema: JsonSchema.JsonSchema): boolean => Result.isSuccess(toDialect(schema, dialect))

/** A chat model on the Messages API, from settings that are complete. */
export const makeModel = (options: Options): Service => {
  const { apiKey, authToken, baseUrl: _, betas = [], fetch: __, headers = {}, model, ...callOptions } = options
  const secrets = [apiKey, authToken, ...Object.values(headers)].filter((value) => Redacted.isRedacted(value))
  const scrub = scrubber(secrets.map((secret) => Redacted.value(secret)))
  const fail = (reason: Reason) => new ChatModelError({ provider, model, reason })

  let made: Post | undefined
  const getPost = Effect.suspend(() =>
    made === undefined
      ? Effect.tap(Effect.mapError(makePost(options), fail), (post) => {
        made = post
        return Effect.void
      })
      : Effect.succeed(made)
  )

  const stream = (request: ChatRequest) =>
    httpStream(Effect.gen(function*() {
      const post = yield* getPost
      const encoded = encodeRequest({ provider, model, betas }, request.messages, request.options)
      if (isReason(encoded)) return yield* fail(encoded)
      for (const warning of encoded.warnings) yield* Effect.logWarning(warning)
      const clock = yield* Clock.Clock
      return {
        send: (signal) => post(encoded.body, encoded.betas, signal),
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
      }
    }))

  return make({ provider, model, options: callOptions, capabilities, supportsSchema, stream })
}

const notAStream = "The server answered with no event stream but with"
