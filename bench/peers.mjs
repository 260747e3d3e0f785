// LangChain's clients, where its packages are: `npm install --prefix bench/peers`. They are a folder of their own, so that
// nobody else gets them.
import { createRequire } from "node:module"
import { pathToFileURL } from "node:url"
import { maxTokens, model, prompt } from "./wire.mjs"

const require = createRequire(new URL("peers/package.json", import.meta.url))

const from = (/** @type {string} */ name) => import(pathToFileURL(require.resolve(name)).href)

/** Reads all that has come again after each piece. */
const again = (/** @type {string} */ name, /** @type {(text: string) => unknown} */ parse) => ({
  name,
  read: (/** @type {string} */ _, /** @type {ReadonlyArray<string>} */ pieces) => {
    let text = ""
    for (const piece of pieces) {
      text += piece
      parse(text)
    }
  }
})

/** Readers of JSON in pieces that give a value after each; none when they are not installed. */
export const peerReaders = async () => {
  const [langchain, partialJson] = await Promise.all([
    from("@langchain/core/output_parsers"),
    from("partial-json")
  ]).catch(() => [])
  if (langchain === undefined) return []
  return [
    again("partial-json", (text) => partialJson.parse(text)),
    again("langchain parsePartialJson", langchain.parsePartialJson),
    again("langchain parseJsonMarkdown", langchain.parseJsonMarkdown)
  ]
}

const load = async () => {
  const [{ ChatAnthropic }, { ChatPromptTemplate }, { StringOutputParser }] = await Promise.all([
    from("@langchain/anthropic"),
    from("@langchain/core/prompts"),
    from("@langchain/core/output_parsers")
  ])
  const makeModel = (/** @type {string} */ anthropicApiUrl) =>
    new ChatAnthropic({ model, maxTokens, apiKey: "key", anthropicApiUrl, maxRetries: 0 })
  const makeChain = (/** @type {string} */ url) =>
    ChatPromptTemplate.fromTemplate("{text}").pipe(makeModel(url)).pipe(new StringOutputParser())
  return { makeModel, makeChain }
}

/**
 * A client that counts the text of an async iterable.
 *
 * @param {string} name
 * @param {(url: string) => () => Promise<AsyncIterable<any>> | AsyncIterable<any>} open
 * @param {(item: any) => string} textOf
 * @returns {import("./clients.mjs").Client}
 */
const counting = (name, open, textOf) => ({
  name,
  make: async (url) => {
    const start = open(url)
    return async (onText) => {
      let length = 0
      for await (const item of await start()) {
        const text = textOf(item)
        length += text.length
        onText?.(text)
      }
      return length
    }
  }
})

/** LangChain's model, chain and events; none when its packages are not installed. */
export const peerClients = async () => {
  const loaded = await load().catch(() => undefined)
  if (loaded === undefined) return []
  const { makeChain, makeModel } = loaded
  return [
    counting("langchain model.stream", (url) => {
      const made = makeModel(url)
      return () => made.stream(prompt)
    }, (chunk) => typeof chunk.content === "string" ? chunk.content : ""),
    counting("langchain chain.stream", (url) => {
      const made = makeChain(url)
      return () => made.stream({ text: prompt })
    }, (text) => text),
    counting("langchain chain.streamEvents", (url) => {
      const made = makeChain(url)
      return () => made.streamEvents({ text: prompt }, { version: "v2" })
    }, (event) => event.event === "on_parser_stream" ? event.data.chunk : "")
  ]
}
