// The ways to read an answer of OpenAI's two APIs that are compared; see clients.mjs.
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import OpenAI from "openai"
import * as OpenAi from "rivulet/OpenAi"
import { prompt } from "./wire.mjs"

/** @typedef {import("./clients.mjs").Client} Client */
/** @typedef {import("./clients.mjs").OnText} OnText */

const model = "gpt-6-luna"
const chatBody = {
  model,
  messages: [{ role: /** @type {const} */ ("user"), content: prompt }],
  stream_options: { include_usage: true }
}
const responsesBody = { model, input: prompt, store: false }

/**
 * The platform without a library: fetch, TextDecoder, frames found by their blank line, JSON.parse.
 *
 * @param {string} path
 * @param {object} body
 * @param {(event: any) => string | undefined} textOf
 * @returns {Client}
 */
const fetched = (path, body, textOf) => ({
  name: "fetch",
  make: async (baseUrl) => async (onText) => {
    const response = await fetch(`${baseUrl}/v1${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer key" },
      body: JSON.stringify({ ...body, stream: true })
    })
    const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader()
    const decoder = new TextDecoder()
    let length = 0
    let text = ""
    while (true) {
      const { done, value } = await reader.read()
      if (done) return length
      text += decoder.decode(value, { stream: true })
      let at = 0
      for (let end = text.indexOf("\n\n"); end !== -1; end = text.indexOf("\n\n", at)) {
        const data = text.slice(text.indexOf("data: ", at) + 6, end)
        at = end + 2
        if (data === "[DONE]") continue
        const delta = textOf(JSON.parse(data))
        if (delta === undefined) continue
        length += delta.length
        onText?.(delta)
      }
      text = text.slice(at)
    }
  }
})

/**
 * @param {"chat" | "responses"} api
 * @returns {Client}
 */
const arrays = (api) => ({
  name: `rivulet OpenAi ${api}`,
  make: async (baseUrl) => {
    const made = await Effect.runPromise(
      OpenAi.make({ model, api, apiKey: Redacted.make("key"), baseUrl: `${baseUrl}/v1` })
    )
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
})

/**
 * @param {(client: OpenAI) => Promise<AsyncIterable<any>>} open
 * @param {(event: any) => string | undefined} textOf
 * @returns {Client}
 */
const sdk = (open, textOf) => ({
  name: "sdk iterator",
  make: async (baseUrl) => {
    const client = new OpenAI({ apiKey: "key", baseURL: `${baseUrl}/v1`, maxRetries: 0 })
    return async (onText) => {
      let length = 0
      for await (const event of await open(client)) {
        const delta = textOf(event)
        if (delta === undefined) continue
        length += delta.length
        onText?.(delta)
      }
      return length
    }
  }
})

const chatText = (/** @type {any} */ chunk) => chunk.choices[0]?.delta.content
const responsesText = (/** @type {any} */ event) =>
  event.type === "response.output_text.delta" ? event.delta : undefined

/** By API; what everything else is measured against comes first. */
export const openAiClients = {
  chat: [
    fetched("/chat/completions", chatBody, chatText),
    sdk((client) => client.chat.completions.create({ ...chatBody, stream: true }), chatText),
    arrays("chat")
  ],
  responses: [
    fetched("/responses", responsesBody, responsesText),
    sdk((client) => client.responses.create({ ...responsesBody, stream: true }), responsesText),
    arrays("responses")
  ]
}
