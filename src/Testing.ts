/**
 * What an app is tested with: a chat model that follows a script, and servers that speak a provider's wire. And what a
 * provider is tested with: the suite of what every chat model promises.
 *
 * `ScriptedChatModel` replaces the model and needs no network. `AnthropicServer` and `OpenAiServer` (layers, on loopback)
 * leave the whole path in place, provider and HTTP included, and can break it at any byte; `Script` and `OpenAiScript`
 * say what they send. `TestServer` is the same for a wire of one's own. `conformance` is the suite; `Conformance` says
 * how a model is put under it.
 */
export * as AnthropicServer from "./testing/anthropic/AnthropicServer.ts"
export * as Script from "./testing/anthropic/Script.ts"
export * as Conformance from "./testing/conformance/Conformance.ts"
export { conformance } from "./testing/conformance/Conformance.ts"
export * as OpenAiScript from "./testing/openai/OpenAiScript.ts"
export * as OpenAiServer from "./testing/openai/OpenAiServer.ts"
export * as ScriptedChatModel from "./testing/ScriptedChatModel.ts"
export * as TestServer from "./testing/server/TestServer.ts"
