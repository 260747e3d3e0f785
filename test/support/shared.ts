// Prints once, before any test runs, which tests are skipped because Redis or a folder beside the repository is absent.
import { available as models } from "./factsTable.ts"
import { available as cases } from "./langChainCases.ts"
import { available as events } from "./langChainEvents.ts"
import { available as recordings } from "./recordings.ts"
import { redisListens, redisUrl, startRedis } from "./redis.ts"

export const setup = async (): Promise<void> => {
  if (!(await redisListens())) {
    console.log(`Skipped, because there is no Redis at ${redisUrl}: limits among processes. To run them, ${startRedis}`)
  }
  const absent = [
    ...(models ? [] : ["table of models (../shared/models)"]),
    ...(recordings ? [] : ["provider recordings (../shared/wire)"]),
    ...(cases ? [] : ["LangChain cases (../shared/langchain/cases)"]),
    ...(events ? [] : ["LangChain runs (../shared/langchain/events)"])
  ]
  if (absent.length > 0) console.log(`Skipped, because they are absent: ${absent.join(", ")}`)
}
