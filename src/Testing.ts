/**
 * Scripted chat models and servers for an app's tests, and a conformance suite for a provider's tests.
 *
 * **When to use**
 *
 * - `ScriptedChatModel` replaces the model and needs no network.
 * - `AutoChatModel` answers by itself, so that a property test can run an app through thousands of conversations.
 * - `expectAsked` asserts what either of them was asked.
 * - `AnthropicServer` and `OpenAiServer` are layers that serve a provider's wire on loopback. The whole path stays in
 *   place, provider and HTTP included, and the server can break it at any byte. `Script` and `OpenAiScript` hold the
 *   answers.
 * - `TestServer` is the same for a wire of your own.
 * - `Cassette` records the answers of real providers and plays them.
 * - `forbidLiveCalls` makes calls to real providers fail.
 * - `conformance` is the suite of promises that every chat model keeps; `Conformance` describes the model under test.
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
export { forbidLiveCalls } from "./internal/http/transport.ts"
export * as AnthropicServer from "./testing/anthropic/AnthropicServer.ts"
export * as Script from "./testing/anthropic/Script.ts"
export { expectAsked } from "./testing/asked.ts"
export type { Asked } from "./testing/asked.ts"
export * as AutoChatModel from "./testing/AutoChatModel.ts"
export * as Cassette from "./testing/cassette/Cassette.ts"
export * as Conformance from "./testing/conformance/Conformance.ts"
export { conformance } from "./testing/conformance/Conformance.ts"
export * as OpenAiScript from "./testing/openai/OpenAiScript.ts"
export * as OpenAiServer from "./testing/openai/OpenAiServer.ts"
export * as ScriptedChatModel from "./testing/ScriptedChatModel.ts"
export * as TestServer from "./testing/server/TestServer.ts"
