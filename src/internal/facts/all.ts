/**
 * The facts about all models, in the order of the rules. Read by `ModelFacts` and by servers that ask models of all
 * makers; a provider with models of its own reads its own.
 */
import { alibaba } from "./data/alibaba.ts"
import { anthropic } from "./data/anthropic.ts"
import { deepseek } from "./data/deepseek.ts"
import { google } from "./data/google.ts"
import { mistral } from "./data/mistral.ts"
import { moonshotai } from "./data/moonshotai.ts"
import { openai } from "./data/openai.ts"
import { openModels } from "./data/openModels.ts"
import { xai } from "./data/xai.ts"
import type { Rule } from "./types.ts"

/** The rules for all models. */
export const allRules: ReadonlyArray<Rule> = [
  ...anthropic,
  ...openai,
  ...google,
  ...xai,
  ...mistral,
  ...deepseek,
  ...moonshotai,
  ...alibaba,
  ...openModels
]
