import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Queue, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { ChatModelError, OutputParser, RunEvent, Runnable } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"

/** JSON has no undefined, and one zero: what an event says is what its JSON says. */
const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

const quiet = { heartbeat: false } as const

const bytesOf = <E>(stream: Stream.Stream<Uint8Array, E>) =>
  Effect.map(Stream.runCollect(stream), (pieces) => new Uint8Array(Buffer.concat(pieces)))

const textOf = <E>(stream: Stream.Stream<Uint8Array, E>) => Stream.mkString(Stream.decodeText(stream))

/** Bytes or text in slices of these sizes, over and over. */
const cut = <A extends { readonly length: number; slice(start: number, end: number): A }>(
  whole: A,
  sizes: ReadonlyArray<number>
): ReadonlyArray<A> => {
  const slices: Array<A> = []
  for (let at = 0, i = 0; at < whole.length; i++) {
    const size = sizes.length === 0 ? whole.length : sizes[i % sizes.length]!
    slices.push(whole.slice(at, at + size))
    at += size
  }
  return slices
}

const Sizes = Schema.Array(Schema.Literals([1, 2, 3, 7, 40, 400]))

/** The events a stream gave, and how it ended. */
const read = <E>(stream: Stream.Stream<RunEvent.RunEvent, E>) =>
  Effect.gen(function*() {
    const events: Array<RunEvent.RunEvent> = []
    const exit = yield* Effect.exit(Stream.runForEach(stream, (event) => Effect.sync(() => events.push(event))))
    return { events, error: Exit.isFailure(exit) ? exit.cause.reasons[0] : undefined }
  })

const reasonOf = (error: unknown) =>
  error instanceof Object && "error" in error && error.error instanceof RunEvent.RunEventError
    ? error.error.reason
    : error

const custom = (data: unknown): RunEvent.Custom => ({
  event: "on_custom_event",
  name: "progress",
  run_id: "r",
  parent_ids: [],
  tags: [],
  metadata: {},
  data
})

const chain = (...replies: ReadonlyArray<ScriptedChatModel.Reply>) =>
  Runnable.sequence(ScriptedChatModel.make(replies, { options: { maxRetries: 0 } }).model, OutputParser.string)

describe("the schema", () => {
  it.effect("takes what a chain tells, and gives it back", () =>
    Effect.gen(function*() {
      const events = yield* Stream.runCollect(Runnable.streamEvents(chain(ScriptedChatModel.text("Hello you")), "hi"))
      const decode = Schema.decodeUnknownSync(Schema.toCodecJson(RunEvent.RunEvent))
      assert.deepStrictEqual(events.map((event) => json(decode(json(event)))), events.map(json))
      assert.throws(() => decode({ ...events[0], event: "on_chat_model_begin" }))
    }))
})

describe("encodeSse and decodeSse", () => {
  it.effect.prop(
    "bring every event back, in any cut, as bytes and as text",
    [Schema.Array(RunEvent.RunEvent), Sizes],
    ([events, sizes]) =>
      Effect.gen(function*() {
        const bytes = yield* bytesOf(RunEvent.encodeSse(Stream.fromIterable(events), quiet))
        const expected = events.map(json)
        const fromBytes = yield* Stream.runCollect(RunEvent.decodeSse(Stream.fromIterable(cut(bytes, sizes))))
        assert.deepStrictEqual(fromBytes.map(json), expected)
        const text = new TextDecoder().decode(bytes)
        const fromText = yield* Stream.runCollect(RunEvent.decodeSse(Stream.fromIterable(cut(text, sizes))))
        assert.deepStrictEqual(fromText.map(json), expected)
      })
  )

  it.effect("write frames with numbers, and an end", () =>
    Effect.gen(function*() {
      const events = Stream.make(custom(1), custom("a\nb"))
      const text = yield* textOf(events.pipe(RunEvent.encodeSse(quiet)))
      const head =
        "{\"event\":\"on_custom_event\",\"name\":\"progress\",\"run_id\":\"r\",\"parent_ids\":[],\"tags\":[],\"metadata\":{},"
      assert.strictEqual(
        text,
        `event: data\nid: 1\ndata: ${head}"data":1}\n\n` +
          `event: data\nid: 2\ndata: ${head}"data":"a\\nb"}\n\n` +
          `event: end\ndata: \n\n`
      )
      assert.strictEqual(yield* textOf(RunEvent.encodeSse(events)), text)
    }))

  it.effect("tell a failure as the last frame, typed and without a stack", () =>
    Effect.gen(function*() {
      const reply = [
        ...ScriptedChatModel.text(["Hel", "lo"]).slice(0, 2),
        ScriptedChatModel.fail(new ChatModelError.OverloadedError({ message: "too busy" }))
      ]
      const bytes = yield* bytesOf(RunEvent.encodeSse(Runnable.streamEvents(chain(reply), "hi"), quiet))
      const text = new TextDecoder().decode(bytes)
      assert.match(text, /\n\nevent: error\ndata: [^\n]*\n\n$/)
      assert.notInclude(text, "event: end")
      assert.notMatch(text, /"stack"|\.ts:/)
      const { error, events } = yield* read(RunEvent.decodeSse(Stream.fromIterable(cut(bytes, [5]))))
      assert.strictEqual(events.at(-1)?.event, "on_chain_error")
      assert.strictEqual(reasonOf(error), "failed")
      assert.isTrue(error?._tag === "Fail")
      if (error?._tag !== "Fail") return
      assert.match(error.error.message, /^The run failed: too busy$/)
      const sent = Schema.decodeUnknownSync(Schema.toCodecJson(ChatModelError.ChatModelError))(error.error.error)
      assert.strictEqual(sent.partial?.content, "Hello")
    }))

  it.effect("tell nothing of a defect, and leave it one", () =>
    Effect.gen(function*() {
      const pieces: Array<string> = []
      const exit = yield* Stream.die(new Error("/srv/secret/path")).pipe(
        RunEvent.encodeSse(),
        Stream.decodeText,
        Stream.runForEach((piece) => Effect.sync(() => pieces.push(piece))),
        Effect.exit
      )
      assert.strictEqual(pieces.join(""), "event: error\ndata: {\"message\":\"Internal error\"}\n\n")
      assert.isTrue(Exit.hasDies(exit))
    }))

  it.effect("take data that is not JSON", () =>
    Effect.gen(function*() {
      const circle: Record<string, unknown> = {}
      circle["self"] = circle
      const data = [undefined, 10n, new Uint8Array([104, 105]), { at: new Uint8Array([1]) }, () => 1, NaN, circle]
      const bytes = yield* bytesOf(RunEvent.encodeSse(Stream.fromIterable(data.map(custom)), quiet))
      const { events } = yield* read(RunEvent.decodeSse(Stream.succeed(bytes)))
      const told = events.map((event) => event.data)
      assert.deepStrictEqual(told.slice(0, -1), [null, "10", "aGk=", { at: "AQ==" }, null, null])
      assert.match(String(told.at(-1)), /^\[not JSON: .*circular/)
    }))

  it.effect("skip what they do not know, and read nothing after the end", () =>
    Effect.gen(function*() {
      const known = JSON.stringify(custom("known"))
      const frames = [
        ": a comment\n\n",
        "event: metadata\ndata: {}\n\n",
        "data: of no name\n\n",
        `event: data\r\ndata: ${known}\r\n\r\n`,
        `event: data\ndata: ${JSON.stringify({ ...custom(1), event: "on_agent_start" })}\n\n`,
        "event: end\ndata: \n\n",
        "event: data\ndata: {oops\n\n"
      ]
      // The connection stays open; the reader does not wait for it.
      const input = Stream.concat(Stream.fromIterable([frames.join(""), "event: error\ndata: 1\n\n"]), Stream.never)
      const { error, events } = yield* read(RunEvent.decodeSse(input))
      assert.strictEqual(error, undefined)
      assert.deepStrictEqual(events, [custom("known")])
    }))

  it.effect("fail on what is cut off or no event, after what came before", () =>
    Effect.gen(function*() {
      const one = `event: data\ndata: ${JSON.stringify(custom(1))}\n\n`
      const cases: ReadonlyArray<readonly [tail: string, reason: string]> = [
        ["", "truncated"],
        ["event: end\ndata: ", "truncated"],
        ["event: data\ndata: {oops\n\nevent: end\ndata: \n\n", "malformed"],
        ["event: data\ndata: 7\n\n", "malformed"],
        ["event: data\ndata: {\"event\":\"on_chain_start\"}\n\n", "malformed"],
        ["event: error\ndata: oops\n\n", "malformed"],
        ["event: error\ndata: null\n\n", "failed"]
      ]
      for (const [tail, reason] of cases) {
        const { error, events } = yield* read(RunEvent.decodeSse(Stream.succeed(one + tail)))
        assert.deepStrictEqual([events.length, reasonOf(error)], [1, reason], tail)
      }
      const own = yield* read(RunEvent.decodeSse(Stream.concat(Stream.succeed(one), Stream.fail("lost"))))
      assert.deepStrictEqual([own.events.length, own.error?._tag === "Fail" && own.error.error], [1, "lost"])
    }))

  it.effect("do not collect a frame without end", () =>
    Effect.gen(function*() {
      const slice = new Uint8Array(1024 * 1024).fill(97)
      let slices = 0
      const endless = Stream.fromEffectRepeat(Effect.sync(() => {
        slices++
        return slice
      }))
      for (const decode of [RunEvent.decodeSse, RunEvent.decodeJsonLines] as const) {
        slices = 0
        const { error } = yield* read(decode(endless))
        assert.strictEqual(reasonOf(error), "malformed")
        assert.isAtMost(slices, 66)
      }
    }))

  it.effect("beat while nothing happens, and stop with the stream", () =>
    Effect.gen(function*() {
      const events = yield* Queue.unbounded<RunEvent.RunEvent>()
      const received = yield* Queue.unbounded<string>()
      let closed = false
      const fiber = yield* Stream.fromQueue(events).pipe(
        Stream.ensuring(Effect.sync(() => {
          closed = true
        })),
        RunEvent.encodeSse(),
        Stream.decodeText,
        Stream.runForEach((text) => Queue.offer(received, text)),
        Effect.forkChild({ startImmediately: true })
      )
      yield* TestClock.adjust("14 seconds")
      assert.strictEqual(yield* Queue.size(received), 0)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Queue.take(received), ": heartbeat\n\n")
      yield* Queue.offer(events, custom(1))
      assert.match(yield* Queue.take(received), /^event: data\nid: 1\n/)
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* Queue.take(received), ": heartbeat\n\n")
      assert.strictEqual(yield* Queue.take(received), ": heartbeat\n\n")
      yield* Fiber.interrupt(fiber)
      assert.isTrue(closed)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(yield* Queue.size(received), 0)
    }))

  it.effect("do not beat behind a reader's back, nor run ahead of it", () =>
    Effect.gen(function*() {
      let made = 0
      let closed = false
      const source = Stream.fromEffectRepeat(Effect.sync(() => custom(++made))).pipe(
        Stream.ensuring(Effect.sync(() => {
          closed = true
        }))
      )
      const taken = yield* RunEvent.encodeSse(source, { heartbeat: "1 second" }).pipe(
        Stream.mapEffect((frame) => Effect.as(TestClock.adjust("1 hour"), frame)),
        Stream.take(3),
        Stream.decodeText,
        Stream.mkString
      )
      assert.isTrue(closed)
      assert.strictEqual(taken.match(/event: data/g)?.length, 3)
      assert.isAtMost(made, 6)
    }))
})

describe("encodeJsonLines and decodeJsonLines", () => {
  it.effect.prop(
    "bring every event back, in any cut, as bytes and as text",
    [Schema.Array(RunEvent.RunEvent), Sizes],
    ([events, sizes]) =>
      Effect.gen(function*() {
        const bytes = yield* bytesOf(RunEvent.encodeJsonLines(Stream.fromIterable(events)))
        const expected = events.map(json)
        const fromBytes = yield* Stream.runCollect(RunEvent.decodeJsonLines(Stream.fromIterable(cut(bytes, sizes))))
        assert.deepStrictEqual(fromBytes.map(json), expected)
        const text = new TextDecoder().decode(bytes)
        const fromText = yield* Stream.runCollect(RunEvent.decodeJsonLines(Stream.fromIterable(cut(text, sizes))))
        assert.deepStrictEqual(fromText.map(json), expected)
      })
  )

  it.effect("write version 1 with its six keys in order, and leave a failure the stream's", () =>
    Effect.gen(function*() {
      const failing = chain([ScriptedChatModel.fail(new ChatModelError.UnknownError({ message: "no" }))])
      const lines: Array<string> = []
      const exit = yield* Runnable.streamEvents(failing, "hi", { version: "v1" }).pipe(
        RunEvent.encodeJsonLines,
        Stream.decodeText,
        Stream.splitLines,
        Stream.runForEach((line) => Effect.sync(() => lines.push(line))),
        Effect.exit
      )
      assert.isTrue(Exit.isFailure(exit))
      assert.deepStrictEqual(Object.keys(JSON.parse(lines[0]!)), [
        "event",
        "run_id",
        "name",
        "tags",
        "metadata",
        "data"
      ])
    }))

  it.effect("take a last line that is not ended, unless it is cut off; and empty and unknown lines", () =>
    Effect.gen(function*() {
      const line = JSON.stringify(custom(1))
      const whole = yield* read(
        RunEvent.decodeJsonLines(Stream.make(`\r\n${line}\r`, `\n{"event":"on_x"}\n \n${line}`))
      )
      assert.deepStrictEqual(whole, { events: [custom(1), custom(1)], error: undefined })
      for (const [text, reason] of [[`${line}\n${line.slice(0, -1)}`, "truncated"], [`${line}\n{}\n`, "malformed"]]) {
        const { error, events } = yield* read(RunEvent.decodeJsonLines(Stream.succeed(text!)))
        assert.deepStrictEqual([events.length, reasonOf(error)], [1, reason])
      }
    }))
})
