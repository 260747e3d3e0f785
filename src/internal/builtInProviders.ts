/**
 * The providers that are part of the package, as data, and how each is loaded: by the package's own name, as an app would
 * load it, when a model of it is asked for. So nothing of a provider is loaded with the core.
 */
import * as Effect from "effect/Effect"
import type { Providers } from "../ModelRegistry.ts"

export const builtIn: Providers = {
  anthropic: {
    make: (model, options) =>
      Effect.flatMap(Effect.promise(() => import("rivulet/Anthropic")), ({ make }) => make({ model, ...options })),
    models: [
      "claude-haiku-4-5",
      "claude-sonnet-4-6",
      "claude-opus-4-8",
      "claude-haiku-5-5",
      "claude-sonnet-5-5",
      "claude-opus-5-5"
    ],
    keys: ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"],
    package: "@anthropic-ai/sdk"
  }
}
