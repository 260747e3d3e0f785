// Models by one name, which may come from the environment. The provider is loaded when its model is asked for.
import { ConfigProvider, Console, Effect, Layer } from "effect"
import { ChatModel, ModelRegistry } from "rivulet"
import * as Providers from "rivulet/Providers"

const ask = Effect.gen(function*() {
  const { model, provider } = yield* ChatModel.ChatModel
  const answer = yield* ChatModel.invoke("Who are you?")
  yield* Console.log(`${provider}/${model}: ${answer.content}`)
})

// A provider of the app's own, beside those that are known.
const Parrots = ModelRegistry.layer({
  parrot: {
    make: (model, options) =>
      Effect.succeed(
        ChatModel.make({ provider: "parrot", model, options, generate: () => Effect.succeed({ content: "Hello!" }) })
      )
  }
})

// RIVULET_MODEL, as an app finds it in its environment.
const environment = (name: string) => ConfigProvider.layer(ConfigProvider.fromUnknown({ RIVULET_MODEL: name }))

const program = Effect.gen(function*() {
  yield* Effect.provide(ask, Providers.layerFrom("anthropic:claude-haiku-4-5"))
  yield* Effect.provide(ask, Providers.layerFrom("parrot:grey").pipe(Layer.provide(Parrots)))
  yield* Effect.provide(ask, Providers.layerFrom().pipe(Layer.provide([Parrots, environment("parrot:green")])))
  yield* Effect.provide(ask, Providers.layerFrom("parot:grey")).pipe(
    Effect.catchTag("ModelRegistryError", (error) => Console.log(error.message))
  )
})

await Effect.runPromise(program)
