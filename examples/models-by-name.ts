// Chooses models by name, from the code or the environment. A provider is loaded when one of its models is made.
import { ConfigProvider, Console, Effect, Layer } from "effect"
import { ChatModel, ModelRegistry } from "rivulet"
import * as Providers from "rivulet/Providers"

const ask = Effect.gen(function*() {
  const { model, provider } = yield* ChatModel.ChatModel
  const answer = yield* ChatModel.invoke("Who are you?")
  yield* Console.log(`${provider}/${model}: ${answer.content}`)
})

// A provider of your own, in addition to the built-in ones.
const Parrots = ModelRegistry.layer({
  parrot: {
    make: (model, options) =>
      Effect.succeed(
        ChatModel.make({ provider: "parrot", model, options, generate: () => Effect.succeed({ content: "Hello!" }) })
      )
  }
})

// Sets RIVULET_MODEL, which an app usually finds in its environment.
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
