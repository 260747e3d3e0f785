/**
 * Two questions about reasoning, for the fitting of calls and for what asks a model for an object.
 */
import type { CallOptions } from "../../CallOptions.ts"
import type { ThinkingFacts } from "./types.ts"

/** Whether the call, or the model's options, ask for reasoning. */
export const asks = ({ reasoning }: CallOptions): boolean =>
  reasoning?.budgetTokens !== undefined || (reasoning?.effort !== undefined && reasoning.effort !== "none")

/** Whether reasoning can be switched off. */
export const canBeOff = (thinking: ThinkingFacts | undefined): boolean =>
  thinking?.off === "always" || thinking?.off === "high"
