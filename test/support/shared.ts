// Prints once, before any test runs, which tests are skipped because a folder beside the repository is absent.
import { available as cases } from "./langChainCases.ts"
import { available as events } from "./langChainEvents.ts"
import { available as recordings } from "./recordings.ts"

export const setup = (): void => {
  const absent = [
    ...(recordings ? [] : ["provider recordings (../shared/wire)"]),
    ...(cases ? [] : ["LangChain cases (../shared/langchain/cases)"]),
    ...(events ? [] : ["LangChain runs (../shared/langchain/events)"])
  ]
  if (absent.length > 0) console.log(`Skipped, because they are absent: ${absent.join(", ")}`)
}
