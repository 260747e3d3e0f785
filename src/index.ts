/**
 * Rivulet: typed chat-model streams for Effect.
 *
 * @module
 * @since 0.1.0
 * @stability stable
 */
export * as Agent from "./Agent.ts"
export * as AIMessageChunk from "./AIMessageChunk.ts"
export * as CallOptions from "./CallOptions.ts"
export * as Capabilities from "./Capabilities.ts"
export * as ChatHistory from "./ChatHistory.ts"
export * as ChatModel from "./ChatModel.ts"
export * as ChatModelError from "./ChatModelError.ts"
export * as ChatPrompt from "./ChatPrompt.ts"
export * as Finish from "./Finish.ts"
export * as HttpTransport from "./HttpTransport.ts"
export * as Message from "./Message.ts"
export * as ModelBudget from "./ModelBudget.ts"
export * as ModelCache from "./ModelCache.ts"
export * as ModelFacts from "./ModelFacts.ts"
export * as ModelGuard from "./ModelGuard.ts"
export * as ModelLimits from "./ModelLimits.ts"
export * as ModelRecovery from "./ModelRecovery.ts"
export * as ModelRegistry from "./ModelRegistry.ts"
export * as ModelRouting from "./ModelRouting.ts"
export * as OutputParser from "./OutputParser.ts"
export * as PartialJson from "./PartialJson.ts"
export * as RunEvent from "./RunEvent.ts"
export * as Runnable from "./Runnable.ts"
export * as RunnableCache from "./RunnableCache.ts"
export * as TokenCount from "./TokenCount.ts"
export * as Tool from "./Tool.ts"
export * as Usage from "./Usage.ts"
