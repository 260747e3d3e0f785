/**
 * What an app is tested with: a chat model that follows a script, and a server that speaks a provider's wire.
 *
 * `ScriptedChatModel` replaces the model and needs no network. `AnthropicServer` (a layer, on loopback) leaves the whole
 * path in place, provider and HTTP included, and can break it at any byte; `Script` says what it sends.
 */
export * as AnthropicServer from "./testing/AnthropicServer.ts"
export * as Script from "./testing/Script.ts"
export * as ScriptedChatModel from "./testing/ScriptedChatModel.ts"
