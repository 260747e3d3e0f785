// Answers that break, and servers that let them go on, for any wire.
import { Effect, Redacted, Schedule } from "effect"
import type { CallOptions } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"
import * as OpenAi from "rivulet/OpenAi"
import * as OpenAiCompatible from "rivulet/OpenAiCompatible"
import { AnthropicServer, OpenAiScript, OpenAiServer, Script } from "rivulet/Testing"
import type { TestServer } from "rivulet/Testing"

type Reply = TestServer.Reply

/** No waits, and no patience with silence. */
export const fast: CallOptions.CallOptions = {
  retrySchedule: Schedule.spaced("1 millis"),
  timeout: { idle: "300 millis", firstChunk: "300 millis" }
}

const apiKey = Redacted.make("sk-test-5e3cr3t-k3y")

/** A server of a wire with these replies, one a request and the last one repeatedly, and a model that asks it. */
const serving = <E, R, S extends { readonly url: string }, M>(
  make: (options: { readonly scripts: ReadonlyArray<Reply>; readonly script: Reply }) => Effect.Effect<S, E, R>,
  model: (server: S) => M
) =>
(...replies: readonly [Reply, ...Array<Reply>]) =>
  Effect.map(make({ scripts: replies.slice(0, -1), script: replies.at(-1)! }), (server) => ({
    server,
    making: model(server)
  }))

export const serveMessages = (model: string) => (...replies: readonly [Reply, ...Array<Reply>]) =>
  Effect.gen(function*() {
    const { making, server } = yield* serving(
      AnthropicServer.make,
      ({ url }) => Anthropic.make({ model, apiKey, baseUrl: url, ...fast })
    )(...replies)
    return { server, model: yield* making }
  })

export const serveOpenAi = (options: Partial<OpenAi.Options>) => (...replies: readonly [Reply, ...Array<Reply>]) =>
  Effect.gen(function*() {
    const { making, server } = yield* serving(
      OpenAiServer.make,
      ({ url }) => OpenAi.make({ model: "gpt-test", apiKey, baseUrl: url, ...fast, ...options })
    )(...replies)
    return { server, model: yield* making }
  })

export const serveCompatible =
  (preset: OpenAiCompatible.PresetName) => (...replies: readonly [Reply, ...Array<Reply>]) =>
    Effect.gen(function*() {
      const { making, server } = yield* serving(
        OpenAiServer.make,
        ({ url }) => OpenAiCompatible.make({ model: "test", preset, apiKey, baseUrl: url, ...fast })
      )(...replies)
      return { server, model: yield* making }
    })

/** The ways in which a response may break. Silence is rare, as it takes the longest. */
export const breaks: ReadonlyArray<Script.Step | ReadonlyArray<Script.Step>> = [
  Script.truncate,
  Script.end,
  [Script.delay("5 millis"), Script.reset],
  Script.truncate,
  Script.end,
  [Script.delay("5 millis"), Script.reset],
  Script.stall
]

/** A reply that breaks at a place of its bytes, taken modulo their number. */
export const brokenAt = (reply: Reply, place: number, how: number): Reply => {
  const broken = (script: Script.Script) =>
    Script.faultAt(script, place % Script.bytesOf(script).length, breaks[how % breaks.length]!)
  return typeof reply === "function"
    ? (request) => {
      const script = reply(request)
      return Effect.isEffect(script) ? Effect.map(script, broken) : broken(script)
    }
    : broken(reply)
}

interface Asked {
  readonly messages: ReadonlyArray<{
    readonly role: string
    readonly content: string | ReadonlyArray<{ readonly text: string }>
    readonly prefix?: boolean
    readonly partial?: boolean
  }>
  readonly continue_final_message?: boolean
}

/** The text with which a request asks to begin. */
export const begunIn = ({ body }: { readonly body: unknown }): string => {
  const { content, role } = (body as Asked).messages.at(-1)!
  if (role !== "assistant") return ""
  return typeof content === "string" ? content : content.map(({ text }) => text).join("")
}

/** A model that writes this text, and goes on with it from wherever a request ends. */
export const writerOf = (
  whole: string,
  scriptOf: (tokens: ReadonlyArray<string>) => Script.Script,
  options?: { readonly echoes?: boolean }
): Reply =>
(request) => {
  const begun = begunIn(request)
  if (!whole.startsWith(begun)) return Script.status(400, { message: `Not a beginning: ${JSON.stringify(begun)}` })
  const rest = whole.slice(begun.length).match(/\s*\S{1,4}|\s+$/gu) ?? []
  return scriptOf(options?.echoes === true && begun !== "" ? [begun, ...rest] : rest)
}

/** A server of OpenAI that keeps its responses: it sends the events after the one that a request names. */
export const keeperOf = (script: Script.Script, options?: { readonly again?: number }): Reply => ({ method, path }) => {
  if (method === "POST") return script
  const url = new URL(path, "http://localhost")
  const after = Number(url.searchParams.get("starting_after")) - (options?.again ?? 0)
  if (!url.pathname.endsWith("/responses/resp_RivuletTestServer") || url.searchParams.get("stream") !== "true") {
    return OpenAiScript.status(404)
  }
  const frames = new TextDecoder().decode(Script.bytesOf(script)).split(/(?<=\n\n)/)
  return Script.make(
    frames.filter((frame) => Number(/"sequence_number":(\d+)/.exec(frame)?.[1]) > after).map(Script.write)
  )
}
