// The ways to read a stream that are compared. Each makes, for a base URL, a function that reads one answer and gives
// the number of characters in its deltas, so that no work can be left out. `onText`, if given, gets each text.
import { Anthropic as Sdk } from "@anthropic-ai/sdk"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Anthropic from "rivulet/Anthropic"
import * as ChatPrompt from "rivulet/ChatPrompt"
import * as OutputParser from "rivulet/OutputParser"
import * as Runnable from "rivulet/Runnable"
import { maxTokens, model, prompt } from "./wire.mjs"

/**
 * @typedef {(text: string) => void} OnText
 * @typedef {object} Client
 * @property {string} name
 * @property {(baseUrl: string) => Promise<(onText?: OnText) => Promise<number>>} make
 */

const body = { model, max_tokens: maxTokens, messages: [{ role: /** @type {const} */ ("user"), content: prompt }] }

/** The platform without a library: fetch, TextDecoder, frames found by their blank line, JSON.parse. @type {Client} */
const fetched = {
  name: "fetch",
  make: async (baseUrl) => async (onText) => {
    const response = await fetch(`${baseUrl}/v1/messages`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": "key", "anthropic-version": "2023-06-01" },
      body: JSON.stringify({ ...body, stream: true })
    })
    const reader = response.body.getReader()
    const decoder = new TextDecoder()
    let length = 0
    let text = ""
    while (true) {
      const { done, value } = await reader.read()
      if (done) return length
      text += decoder.decode(value, { stream: true })
      let at = 0
      for (let end = text.indexOf("\n\n"); end !== -1; end = text.indexOf("\n\n", at)) {
        const event = JSON.parse(text.slice(text.indexOf("data: ", at) + 6, end))
        at = end + 2
        if (event.type !== "content_block_delta" || event.delta.type !== "text_delta") continue
        length += event.delta.text.length
        onText?.(event.delta.text)
      }
      text = text.slice(at)
    }
  }
}

/** @type {Client} */
const sdk = {
  name: "sdk iterator",
  make: async (baseURL) => {
    const client = new Sdk({ apiKey: "key", baseURL, maxRetries: 0 })
    return async (onText) => {
      let length = 0
      for await (const event of await client.messages.create({ ...body, stream: true })) {
        if (event.type !== "content_block_delta" || event.delta.type !== "text_delta") continue
        length += event.delta.text.length
        onText?.(event.delta.text)
      }
      return length
    }
  }
}

export const makeModel = (/** @type {string} */ baseUrl) =>
  Effect.runPromise(Anthropic.make({ model, maxTokens, apiKey: Redacted.make("key"), baseUrl }))

/** @type {Client} */
const arrays = {
  name: "rivulet runForEachArray",
  make: async (baseUrl) => {
    const made = await makeModel(baseUrl)
    return async (onText) => {
      let length = 0
      await Effect.runPromise(Stream.runForEachArray(made.stream(prompt), (chunks) =>
        Effect.sync(() => {
          for (const chunk of chunks) {
            length += chunk.content.length
            onText?.(chunk.content)
          }
        })))
      return length
    }
  }
}

/** @type {Client} */
const each = {
  name: "rivulet runForEach",
  make: async (baseUrl) => {
    const made = await makeModel(baseUrl)
    return async (onText) => {
      let length = 0
      await Effect.runPromise(Stream.runForEach(made.stream(prompt), (chunk) =>
        Effect.sync(() => {
          length += chunk.content.length
          onText?.(chunk.content)
        })))
      return length
    }
  }
}

/** @type {Client} */
const iterable = {
  name: "rivulet for await",
  make: async (baseUrl) => {
    const made = await makeModel(baseUrl)
    return async (onText) => {
      let length = 0
      for await (const chunk of Stream.toAsyncIterable(made.stream(prompt))) {
        length += chunk.content.length
        onText?.(chunk.content)
      }
      return length
    }
  }
}

/** @type {Client} */
const invoke = {
  name: "rivulet invoke",
  make: async (baseUrl) => {
    const made = await makeModel(baseUrl)
    return async (onText) => {
      const message = await Effect.runPromise(made.invoke(prompt))
      onText?.(message.content)
      return message.content.length
    }
  }
}

const makeChain = async (/** @type {string} */ baseUrl) =>
  Runnable.sequence(ChatPrompt.make("{text}"), await makeModel(baseUrl), OutputParser.string)

/** @type {Client} */
const chain = {
  name: "rivulet chain",
  make: async (baseUrl) => {
    const made = await makeChain(baseUrl)
    return async (onText) => {
      let length = 0
      await Effect.runPromise(Stream.runForEachArray(made.stream({ text: prompt }), (texts) =>
        Effect.sync(() => {
          for (const text of texts) {
            length += text.length
            onText?.(text)
          }
        })))
      return length
    }
  }
}

/** All events of the chain: three for a delta. @type {Client} */
const events = {
  name: "rivulet chain's events",
  make: async (baseUrl) => {
    const made = await makeChain(baseUrl)
    return async (onText) => {
      let length = 0
      await Effect.runPromise(
        Stream.runForEachArray(Runnable.streamEvents(made, { text: prompt }), (events) =>
          Effect.sync(() => {
            for (const event of events) {
              if (event.event !== "on_parser_stream") continue
              length += event.data.chunk.length
              onText?.(event.data.chunk)
            }
          }))
      )
      return length
    }
  }
}

/** The first client is the baseline of all others. */
export const clients = [fetched, sdk, arrays, each, iterable, invoke, chain, events]
export { arrays, chain, fetched, iterable, sdk }

/**
 * Reads the same answer with each client once, and throws when two of them read different texts.
 *
 * @param {ReadonlyArray<Client>} list
 * @param {string} baseUrl
 */
export const checkAgreement = async (list, baseUrl) => {
  const texts = await Promise.all(list.map(async (client) => {
    let text = ""
    const read = await client.make(baseUrl)
    const length = await read((delta) => {
      text += delta
    })
    if (length !== text.length) throw new Error(`${client.name} miscounts: ${length} for ${text.length}`)
    return text
  }))
  for (const [i, text] of texts.entries()) {
    if (text === "" || text !== texts[0]) throw new Error(`${list[i]?.name} reads another text than ${list[0]?.name}`)
  }
}
