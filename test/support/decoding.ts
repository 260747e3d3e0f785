// The same bytes, however they are cut, however their lines end, and whichever way a frame is read.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { AIMessageChunk } from "rivulet"
import type { Message } from "rivulet"
import { OpenAiScript, Script } from "rivulet/Testing"
import { byteByByte, cutAt, encode, responseOf } from "./reads.ts"
import { chatCompletions, messages, responsesApi } from "./wires.ts"
import type { Wire } from "./wires.ts"

const { chat, responses } = OpenAiScript

const text = "Grüße 🐠 \"quoted\" \\ back\u2028slash\ttab … 月の金魚"
const tokens = text.match(/.{1,3}/gsu) ?? []
const call = { id: "t1", name: "look", args: { where: "月" } }

/** One answer of a wire, in the forms in which servers may send it. */
interface Subject {
  readonly wire: Wire
  readonly body: string
  readonly forms: (body: string) => ReadonlyArray<readonly [name: string, body: string]>
  /** Where in the body the noise begins that follows its start. */
  readonly noiseAt: number
}

const lineEndings = (body: string) =>
  [
    ["LF", body],
    ["CRLF", body.replaceAll("\n", "\r\n")]
  ] as const

/** The data of every frame, rewritten. */
const rewritten = (body: string, write: (event: Record<string, unknown>) => string) =>
  body.replaceAll(
    /^data: ([^\n]*)/gm,
    (_, data: string) => `data: ${write(JSON.parse(data) as Record<string, unknown>)}`
  )

/** Every name of a field at any depth, because `JSON.stringify` writes the fields that it is given alone. */
function flat(value: unknown): Record<string, true> {
  if (typeof value !== "object" || value === null) return {}
  return Object.assign(
    {},
    ...(Array.isArray(value) ? [] : Object.keys(value).map((key) => ({ [key]: true }))),
    ...Object.values(value).map(flat)
  )
}

const bodyOf = (script: Script.Script) => new TextDecoder().decode(Script.bytesOf(script))

const subjects: ReadonlyArray<Subject> = [
  {
    wire: messages,
    body: bodyOf(Script.message({
      blocks: [
        { type: "thinking", tokens: ["hm ", "só"], signature: "c2ln" },
        { type: "text", tokens },
        { type: "tool_use", ...call }
      ]
    })),
    forms: (body) => [
      ...lineEndings(body),
      ["CR", body.replaceAll("\n", "\r")],
      ["all three", body.replaceAll("\n\n", "\r\n\r").replaceAll(/\n(?=data)/g, "\r\n")],
      ["a byte order mark", `\uFEFF${body}`],
      ["comments, ids and retries", `: hello\nretry: 10\n${body.replaceAll("event:", ": ping\nid: 1\nevent:")}`],
      ["no space after the colon", body.replaceAll("event: ", "event:").replaceAll("data: ", "data:")],
      ["data over several lines", body.replaceAll(",\"index\"", ",\ndata: \"index\"")],
      ["no event names", body.replaceAll(/event: .*\n/g, "")]
    ],
    noiseAt: 400
  },
  {
    wire: chatCompletions,
    body: bodyOf(chat.message({
      blocks: [
        { type: "reasoning", tokens: ["hm ", "so", " yes"] },
        { type: "text", tokens },
        { type: "tool_call", ...call }
      ]
    })),
    forms: (body) => [
      ...lineEndings(body),
      ["CR", body.replaceAll("\n", "\r")],
      ["a byte order mark", `\uFEFF${body}`],
      ["comments, ids and retries", `: hello\nretry: 10\n${body.replaceAll("data:", ": ping\nid: 1\ndata:")}`],
      ["no space after the colon", body.replaceAll("data: ", "data:")],
      ["spaces in the JSON", body.replaceAll(/^data: \{(.*)$/gm, "data: { $1").replaceAll("\":", "\": ")],
      ["event names", body.replaceAll("data: ", "event: message\ndata: ")],
      ["no padding", body.replaceAll(/,"obfuscation":"[^"]*"/g, "")]
    ],
    noiseAt: 900
  },
  {
    wire: responsesApi,
    body: bodyOf(responses.message({
      blocks: [
        { type: "reasoning", tokens: ["hm ", "só"], encrypted: "c2ln" },
        { type: "text", tokens },
        { type: "tool_call", ...call }
      ]
    })),
    forms: (body) => [
      ...lineEndings(body),
      ["no event names", body.replaceAll(/event: [^\n]*\n/g, "")],
      ["the event's name last", body.replaceAll(/(event: [^\n]*)\n(data: [^\n]*)\n/g, "$2\n$1\n")],
      [
        "fields in the order of the alphabet",
        rewritten(body, (event) => JSON.stringify(event, Object.keys(flat(event)).toSorted()))
      ],
      [
        "fields the other way round",
        rewritten(body, (event) => JSON.stringify(Object.fromEntries(Object.entries(event).toReversed())))
      ],
      ["spaces in the JSON", rewritten(body, (event) => JSON.stringify(event, undefined, 1).replaceAll("\n", " "))],
      ["no padding", rewritten(body, (event) => JSON.stringify({ ...event, obfuscation: undefined }))],
      [
        "a field of the future in each",
        rewritten(body, (event) => JSON.stringify({ ...event, future: { delta: "x" } }))
      ]
    ],
    noiseAt: 1200
  }
]

/** The tests of all wires; each property is tried with this many inputs. */
export const decoding = (runs: number): void => {
  for (const { body, forms, noiseAt, wire } of subjects) {
    const reading = (reads: ReadonlyArray<Uint8Array>) => wire.withFetch(responseOf(reads))
    const fold = Effect.fnUntraced(function*(reads: ReadonlyArray<Uint8Array>) {
      const model = yield* reading(reads)
      return AIMessageChunk.toMessage(yield* Stream.runCollect(model.stream("Hi")))
    })

    describe(`${wire.name}: the same message`, () => {
      for (const [name, form] of forms(body)) {
        const bytes = encode(form)

        it.effect(`with ${name}, whole and byte by byte`, () =>
          Effect.gen(function*() {
            const whole = yield* fold([bytes])
            assert.strictEqual(whole._tag, "AIMessage")
            assert.strictEqual(whole.content, text)
            assert.deepStrictEqual(whole.toolCalls.map((call) => call.args), [{ where: "月" }])
            assert.deepStrictEqual(yield* fold(byteByByte(bytes)), whole)
          }))

        let whole: Message.AIMessage | Message.PartialAIMessage
        it.effect.prop(`with ${name}, cut anywhere`, [Schema.Array(Schema.Int)], ([cuts]) =>
          Effect.gen(function*() {
            whole ??= yield* fold([bytes])
            assert.deepStrictEqual(yield* fold(cutAt(bytes, cuts)), whole)
          }), { arbitrary: { runs } })
      }
    })

    describe(`${wire.name}: noise`, () => {
      it.effect.prop("random bytes never throw", [Schema.Array(Schema.String)], ([lines]) =>
        Effect.gen(function*() {
          const noise = lines.map((line) => `data: ${line}\n\n`).join("")
          for (const bytes of [noise, body.slice(0, noiseAt) + noise, noise + body]) {
            const model = yield* reading([encode(bytes)])
            const exit = yield* Effect.exit(model.invoke("Hi"))
            if (exit._tag === "Failure") {
              for (const reason of exit.cause.reasons) assert.strictEqual(reason._tag, "Fail")
            }
          }
        }), { arbitrary: { runs } })

      it.effect("a frame without end is bounded", () =>
        Effect.gen(function*() {
          const piece = new Uint8Array(1024 * 1024).fill(97)
          const model = yield* reading([encode("data: "), ...Array.from({ length: 65 }, () => piece)])
          const error = yield* Effect.flip(model.invoke("Hi"))
          assert.strictEqual(error.reason._tag, "MalformedResponseError")
          assert.include(error.message, "64 MiB")
        }))
    })
  }
}
