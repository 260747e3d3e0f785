import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Context, Effect, Layer } from "effect"
import { ChatModel, ModelRegistry } from "rivulet"
import * as OpenAiCompatible from "rivulet/OpenAiCompatible"
import * as Providers from "rivulet/Providers"
import { AnthropicServer, OpenAiServer, Script, ScriptedChatModel } from "rivulet/Testing"

const environment = (variables: Record<string, string>) => ConfigProvider.layer(ConfigProvider.fromUnknown(variables))

/** A provider whose models say who they are. */
const parrot: ModelRegistry.Provider = {
  make: (model, options) =>
    Effect.succeed(
      ScriptedChatModel.make(
        ({ options: { maxTokens } }) => ScriptedChatModel.text(`${model} ${maxTokens ?? "without limit"}`),
        { provider: "parrot", model, options }
      ).model
    ),
  models: ["grey-1", "green-2"]
}

const says = (layer: ReturnType<typeof Providers.layerFrom>) =>
  ChatModel.invoke("Who are you?").pipe(Effect.map((message) => message.content), Effect.provide(layer))

const withParrots = (...args: Parameters<typeof Providers.layerFrom>) =>
  Providers.layerFrom(...args).pipe(Layer.provide(ModelRegistry.layer({ parrot })))

const problem = (name: string) =>
  says(withParrots(name)).pipe(
    Effect.flip,
    Effect.map((error) => {
      assert.strictEqual(error._tag, "ModelRegistryError")
      return error.message
    })
  )

describe("Providers.layerFrom", () => {
  it.effect("finds the provider before the first colon, and gives it the rest and the options", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* says(withParrots("parrot:grey")), "grey without limit")
      assert.strictEqual(yield* says(withParrots("parrot:grey:7b", { maxTokens: 9 })), "grey:7b 9")
    }))

  it.effect("takes the name from Config, RIVULET_MODEL if no other is given", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* says(withParrots()), "grey without limit")
      assert.strictEqual(yield* says(withParrots(Config.String("APP_MODEL"))), "green without limit")
      const missing = yield* Effect.flip(says(withParrots(Config.String("OTHER_MODEL"))))
      assert.strictEqual(missing._tag, "ConfigError")
    }).pipe(Effect.provide(environment({ RIVULET_MODEL: "parrot:grey", APP_MODEL: "parrot:green" }))))

  it.effect("says what is wrong with a name, and what there is", () =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* problem("parot:grey"),
        `There is no model "parot:grey": say <provider>:<model>. Known are ${
          [...Object.keys(yield* Providers.all), "parrot"].join(", ")
        }`
      )
      for (const name of ["parrot", "parrot:", "parrot: "]) {
        assert.include(yield* problem(name), "say parrot:<model>, such as parrot:grey-1")
      }
      assert.include(yield* problem("green-9"), "say parrot:green-9")
      assert.include(yield* problem("claude-haiku-4-5"), "say anthropic:claude-haiku-4-5")
      // Names that every object has are no providers.
      for (const name of ["toString:x", "__proto__:x", "", ":"]) {
        assert.include(yield* problem(name), "There is no model")
      }
      const error = yield* Effect.flip(says(withParrots("nobody:x")))
      assert.deepInclude(error, { _tag: "ModelRegistryError", model: "nobody:x" })
    }))

  it.live("loads a provider of the library and asks it", () =>
    Effect.gen(function*() {
      const server = yield* AnthropicServer.make({ apiKey: "sk-ant-1", script: Script.text("Hello from afar") })
      const content = yield* says(Providers.layerFrom("anthropic:claude-haiku-4-5", { maxTokens: 77 })).pipe(
        Effect.provide(environment({ ANTHROPIC_API_KEY: "sk-ant-1", ANTHROPIC_BASE_URL: server.url }))
      )
      assert.strictEqual(content, "Hello from afar")
      assert.deepInclude((yield* server.awaitRequest(0)).body, { model: "claude-haiku-4-5", max_tokens: 77 })
    }))
})

describe("the providers of the library", () => {
  it.effect("are found under their own names, each preset of OpenAiCompatible among them", () =>
    Effect.gen(function*() {
      const providers = yield* Providers.all
      for (const [name, { make, models }] of Object.entries(providers)) {
        const model = yield* make(models?.[0] ?? "any", { maxTokens: 1 })
        assert.deepStrictEqual([model.provider, model.model], [name.replace("-chat", ""), models?.[0] ?? "any"])
      }
      const presets: Record<string, OpenAiCompatible.Preset> = OpenAiCompatible.presets
      const others = ["anthropic", "openai", "openai-chat"]
      assert.deepStrictEqual(Object.keys(providers).filter((name) => !others.includes(name)), Object.keys(presets))
      for (const [name, { keyVariable }] of Object.entries(presets)) {
        assert.deepStrictEqual(providers[name]?.keys, keyVariable === undefined ? undefined : [keyVariable], name)
      }
    }))

  it.live("can be asked by either API", () =>
    Effect.gen(function*() {
      const server = yield* OpenAiServer.make({ apiKey: "sk-1" })
      const variables = environment({ OPENAI_API_KEY: "sk-1", OPENAI_BASE_URL: server.url })
      for (const name of ["openai:gpt-x", "openai-chat:gpt-x"]) {
        assert.strictEqual(yield* says(Providers.layerFrom(name)).pipe(Effect.provide(variables)), "Hello")
      }
      const paths = (yield* server.requests).map((request) => request.path)
      assert.deepStrictEqual(paths, ["/v1/responses", "/v1/chat/completions"])
    }))
})

describe("ModelRegistry", () => {
  it.effect("replaces a provider, keeps the others, and adds up", () =>
    Effect.gen(function*() {
      const names = Effect.map(Providers.all, Object.keys)
      const before = yield* names
      const twice = ModelRegistry.layer({ cockatoo: parrot }).pipe(
        Layer.provideMerge(ModelRegistry.layer({ parrot, anthropic: parrot }))
      )
      assert.deepStrictEqual(yield* Effect.provide(names, twice), [...before, "parrot", "cockatoo"])
      const layer = Providers.layerFrom("anthropic:claude").pipe(Layer.provide(twice))
      assert.strictEqual(yield* says(layer), "claude without limit")
    }))

  it.effect("fills a tag of the app's own, and a model's resources live as long as it", () =>
    Effect.gen(function*() {
      class Smart extends Context.Service<Smart, ChatModel.Service>()("test/Smart") {}
      const log: Array<string> = []
      const made = Layer.effect(Smart, Providers.make("local:x")).pipe(
        Layer.provide(ModelRegistry.layer({
          local: {
            make: (model, options) =>
              Effect.acquireRelease(
                Effect.andThen(Effect.sync(() => log.push("open")), parrot.make(model, options)),
                () => Effect.sync(() => log.push("closed"))
              )
          }
        }))
      )
      const model = yield* Effect.provide(
        Effect.gen(function*() {
          const smart = yield* Smart
          yield* smart.invoke("Hi")
          log.push("asked")
          return smart.model
        }),
        made
      )
      assert.deepStrictEqual([model, ...log], ["x", "open", "asked", "closed"])
    }))

  it.effect("uses a provider's default model for its name alone", () =>
    Effect.gen(function*() {
      const layer = Providers.layerFrom("parrot").pipe(
        Layer.provide(ModelRegistry.layer({ parrot: { ...parrot, defaultModel: "grey-1" } }))
      )
      assert.strictEqual(yield* says(layer), "grey-1 without limit")
    }))
})
