// Bodies of answers, mutated: whatever a server sends, a call succeeds or fails typed, and soon. A failure prints the seed.
import { assert, it } from "@effect/vitest"
import { Cause, Effect, Exit, Option, Schema } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { inspect } from "node:util"
import { ChatModelError, Message } from "rivulet"
import { makeRandom } from "./jsonTexts.ts"
import type { Random } from "./jsonTexts.ts"
import { cutAt, encode, responseOf } from "./reads.ts"
import { chatCompletions, messages, responsesApi, wires } from "./wires.ts"
import type { Wire } from "./wires.ts"

const seed = Number(process.env["FUZZ_SEED"] ?? 1)

const folders = new Map([[messages, "messages"], [chatCompletions, "chat"], [responsesApi, "responses"]])

/** The recorded bodies of a wire. */
export const recordingsIn = (wire: Wire): ReadonlyArray<string> => {
  const path = fileURLToPath(new URL(`../fixtures/${folders.get(wire)}/`, import.meta.url))
  return readdirSync(path).filter((file) => file.endsWith(".sse")).map((file) => readFileSync(path + file, "utf8"))
}

// -----------------------------------------------------------------------------
// mutations
// -----------------------------------------------------------------------------

const nested = (depth: number): string => `${"[".repeat(depth)}1${"]".repeat(depth)}`

/** JSON values of every type, and texts that only look like JSON. */
const plainValues = [
  "null",
  "true",
  "false",
  "0",
  "-1",
  "1.5",
  "1e400",
  "-1e400",
  "1.7e308",
  "9007199254740993",
  "-0",
  "\"\"",
  "\"x\"",
  "\"\\ud800\"",
  "\"__proto__\"",
  "\"error\"",
  "\"429\"",
  "[]",
  "{}",
  "[null]",
  "[[]]",
  "{\"a\":1}",
  "{\"__proto__\":{\"x\":1}}",
  "{\"constructor\":{\"prototype\":{}}}",
  "{\"error\":{\"message\":\"m\",\"code\":503}}",
  "NaN",
  "undefined",
  "01",
  "\"",
  "{",
  "]"
]

const largeValues: ReadonlyArray<(random: Random) => string> = [
  (random) => nested(random.pick([10, 600, 20_000])),
  (random) => `${"{\"error\":".repeat(random.pick([3, 600, 5000]))}1${"}".repeat(3)}`,
  (random) => JSON.stringify("word ".repeat(random.below(4000))),
  (random) => "1".repeat(1 + random.below(500)),
  (random) => `{${Array.from({ length: random.below(300) }, (_, i) => `"k${i}":${i}`).join(",")}}`
]

const anyValue = (random: Random): string =>
  random.below(8) === 0 ? random.pick(largeValues)(random) : random.pick(plainValues)

/** A piece of JSON text that stands for a value: a text, a number or a word, or the start of an object or an array. */
const valuePattern = /"(?:[^"\\]|\\.)*"(?!\s*:)|-?\d+(?:\.\d+)?|true|false|null|[[{]/g

/** Replaces one value in the data of a frame. An opening bracket is replaced alone, which breaks the JSON. */
const withOtherValue = (random: Random, frame: string): string => {
  const found = [...frame.matchAll(valuePattern)]
  if (found.length === 0) return frame
  const match = random.pick(found)
  return frame.slice(0, match.index) + anyValue(random) + frame.slice(match.index + match[0].length)
}

/** Replaces one object or array as a whole, with the JSON left valid. */
const withOtherTree = (random: Random, frame: string): string =>
  frame.replace(/^data: (\{.*)$/m, (line, data: string) => {
    try {
      const root: unknown = JSON.parse(data)
      const places: Array<readonly [holder: Record<string, unknown>, name: string]> = []
      const visit = (value: unknown): void => {
        if (typeof value !== "object" || value === null) return
        const holder = value as Record<string, unknown> // arrays have names too
        for (const name of Object.keys(holder)) {
          places.push([holder, name])
          visit(holder[name])
        }
      }
      visit(root)
      const [holder, name] = random.pick(places)
      const mark = "\u0000value"
      if (random.below(4) === 0) delete holder[name]
      else holder[random.below(8) === 0 ? `${name}x` : name] = mark
      return `data: ${JSON.stringify(root).replace(JSON.stringify(mark), () => anyValue(random))}`
    } catch {
      return line
    }
  })

const lines = [
  "data: [DONE]",
  "data:",
  "data",
  ":",
  ": ping",
  "event: error",
  "event:",
  "id: 1",
  "retry: 0",
  "error: overloaded",
  "data: {}",
  "data: null",
  "data: error",
  "{\"error\":{\"message\":\"m\"}}",
  "<html>",
  "\u0000",
  "\ufeff",
  "data: 1",
  "x"
]

const mutateFrames = (
  random: Random,
  all: ReadonlyArray<string>,
  others: ReadonlyArray<string>
): ReadonlyArray<string> => {
  const at = random.below(all.length)
  const frame = all[at]!
  const put = (...frames: ReadonlyArray<string>) => [...all.slice(0, at), ...frames, ...all.slice(at + 1)]
  switch (random.below(12)) {
    case 0:
      return put(frame, frame)
    case 1:
      return put()
    case 2: {
      const to = random.below(all.length)
      return all.map((each, i) => i === at ? all[to]! : i === to ? frame : each)
    }
    case 3:
      return put(frame, random.pick(others))
    case 4:
      return put(...frame.split("\n").flatMap((line) => random.below(2) === 0 ? [line] : [line, random.pick(lines)]))
    case 5:
      return put(frame.replace("\n", "\n\n"))
    case 6:
      return put(frame.replace(/"(\w*index)":\d+/g, (_, name: string) => `"${name}":${anyValue(random)}`))
    case 7:
      return put(
        frame.replace(/"(type|event)":"[^"]*"/, (_, name: string) => `"${name}":${anyValue(random)}`)
      )
    case 8:
    case 9:
      return put(withOtherValue(random, frame))
    default:
      return put(withOtherTree(random, frame))
  }
}

const mutateBytes = (random: Random, bytes: Uint8Array): Uint8Array => {
  switch (random.below(4)) {
    case 0:
      return bytes.subarray(0, random.below(bytes.length))
    case 1: {
      const flipped = bytes.slice()
      for (let i = 0; i <= random.below(4); i++) flipped[random.below(bytes.length)] = random.below(256)
      return flipped
    }
    default:
      return bytes
  }
}

const mutated = (random: Random, bodies: ReadonlyArray<readonly string[]>): Uint8Array => {
  let frames: ReadonlyArray<string> = random.pick(bodies)
  for (let i = 0; i <= random.below(3) && frames.length > 0; i++) {
    frames = mutateFrames(random, frames, random.pick(bodies))
  }
  const end = random.below(8) === 0 ? "\r\n" : "\n"
  const text = frames.map((frame) => `${frame}\n\n`).join("")
  return mutateBytes(random, encode(end === "\n" ? text : text.replaceAll("\n", end)))
}

// -----------------------------------------------------------------------------
// the law
// -----------------------------------------------------------------------------

const encodeError = Schema.encodeEffect(ChatModelError.ChatModelError)
const encodeMessage = Schema.encodeEffect(Message.AIMessage)

/** The problem of a call that neither succeeds nor fails typed, takes a second or more, or gives what cannot be stored. */
const problemOf = Effect.fnUntraced(function*(
  exit: Exit.Exit<Message.AIMessage, ChatModelError.ChatModelError>,
  millis: number,
  store: boolean
) {
  if (millis >= 1000) return `took ${Math.round(millis)} ms of CPU`
  const error = Exit.isSuccess(exit) ? undefined : Cause.findErrorOption(exit.cause)
  if (error !== undefined && Option.isNone(error)) return inspect(exit, { depth: 6 })
  if (!store) return undefined
  const encoded: Exit.Exit<unknown, unknown> = Exit.isSuccess(exit)
    ? yield* Effect.exit(encodeMessage(exit.value))
    : yield* Effect.exit(Effect.flatMap(Effect.flip(exit), encodeError))
  return Exit.isFailure(encoded) ? inspect(encoded, { depth: 6 }) : undefined
})

/** Calls models with this many mutated bodies for each wire; `FUZZ_ROUNDS` overrides the number. */
export const fuzzBodies = (bodies: number): void => {
  const rounds = Number(process.env["FUZZ_ROUNDS"] ?? bodies)
  for (const wire of wires) {
    it.live(`${rounds.toLocaleString("en")} mutated bodies of ${wire.name}`, () =>
      Effect.gen(function*() {
        const random = makeRandom(seed)
        const bodies = recordingsIn(wire).map((body) => body.split("\n\n").filter((frame) => frame !== ""))
        let reads: ReadonlyArray<Uint8Array> = []
        const model = yield* wire.withFetch(() => responseOf(reads)())
        const count = { succeeded: 0, failed: 0 }
        // The first call loads the SDK.
        yield* Effect.ignore(model.invoke("Hi"))
        for (let i = 0; i < rounds; i++) {
          const bytes = mutated(random, bodies)
          reads = bytes.length === 0
            ? []
            : random.below(2) === 0
            ? [bytes]
            : cutAt(bytes, [random.below(1e6), random.below(1e6)])
          const before = process.cpuUsage()
          const exit = yield* Effect.exit(model.invoke("Hi"))
          const { system, user } = process.cpuUsage(before)
          count[Exit.isSuccess(exit) ? "succeeded" : "failed"]++
          const problem = yield* problemOf(exit, (system + user) / 1000, i % 8 === 0)
          if (problem !== undefined) {
            const body = inspect(new TextDecoder().decode(bytes), { maxStringLength: 20_000 })
            assert.fail(`seed ${seed}, body ${i}: ${problem}\n${body}`)
          }
        }
        console.log(`fuzz, seed ${seed}, ${wire.name}: ${JSON.stringify(count)}`)
        assert.isAbove(count.succeeded, rounds / 20)
        assert.isAbove(count.failed, rounds / 20)
      }), { timeout: 1_800_000 })
  }
}
