// However the requests of a model are sent, it keeps the promises of every model: leaving closes the connection, a slow
// reader slows the server, errors are the same.
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import { HttpTransport } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"
import * as HttpClientTransport from "rivulet/HttpClientTransport"
import { AnthropicServer, Conformance, conformance } from "rivulet/Testing"
import { tapped } from "../../src/internal/wire/tap.ts"
import { anthropicAnswers } from "../support/anthropicAnswers.ts"

const nothing = () => {}

const transports: { readonly [name: string]: Layer.Layer<never> } = {
  "effect's client on fetch": HttpClientTransport.layer.pipe(Layer.provide(FetchHttpClient.layer)),
  "effect's client on node:http": HttpClientTransport.layer.pipe(Layer.provide(NodeHttpClient.layerNodeHttp)),
  "the tap of cassettes": HttpTransport.layerWrap((next) =>
    tapped(next, () => ({ response: nothing, bytes: nothing, end: nothing }))
  )
}

for (const [name, transport] of Object.entries(transports)) {
  const subject = Conformance.http({
    capabilities: Effect.runSync(Anthropic.make({ model: "claude-test" })).capabilities,
    model: ({ apiKey, baseUrl, options }) =>
      Effect.flatMap(
        Layer.build(transport),
        (context) =>
          Effect.provideContext(Anthropic.make({ model: "claude-test", apiKey, baseUrl, ...options }), context)
      ),
    server: AnthropicServer.make,
    answers: anthropicAnswers
  })

  describe(name, () => {
    for (const { name, run, skip } of conformance(subject)) {
      it.effect.skipIf(skip !== undefined)(skip === undefined ? name : `${name} (${skip})`, () => run)
    }
  })
}
