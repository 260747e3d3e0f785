// The filter over the text of an answer.
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Context, Effect, Exit, Layer, Schema, Stream } from "effect"
import {
  Agent,
  AIMessageChunk,
  ChatHistory,
  ChatModel,
  ChatModelError,
  ModelGuard,
  OutputParser,
  Runnable
} from "rivulet"
import { OpenAiScript, Script, ScriptedChatModel } from "rivulet/Testing"
import { longestMatch } from "../../src/internal/model/guard/matchLength.ts"
import { serve as serveMessages } from "../support/anthropic.ts"
import { balanced, eventsOf } from "../support/events.ts"
import { serveChat } from "../support/openai.ts"
import { patternOf, textOf } from "../support/randomPattern.ts"

const { chunk, fail, finish, text, toolCalls } = ScriptedChatModel

const numbers = Arbitrary.array(Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 10_000 }))))

/** A text in pieces that end at places of these numbers, which may split a surrogate pair. */
const pieces = (whole: string, cuts: ReadonlyArray<number>): ReadonlyArray<string> => {
  const places = [...new Set([0, ...cuts.map((cut) => cut % (whole.length + 1)), whole.length])].toSorted((a, b) =>
    a - b
  )
  return places.slice(1).map((place, i) => whole.slice(places[i], place))
}

const scripted = (...replies: ReadonlyArray<ScriptedChatModel.Reply>) =>
  ScriptedChatModel.make(replies, { options: { maxRetries: 0 } }).model

const contents = (chunks: ReadonlyArray<AIMessageChunk.AIMessageChunk>) => chunks.map(({ content }) => content)

const isWellFormed = (text: string) => !/[\ud800-\udfff]/u.test(text)

/** Replaces the matches of one pattern in a whole text. Empty matches are none. */
const replaced = (whole: string, pattern: RegExp, by: string) =>
  whole.replace(new RegExp(pattern.source, `${pattern.flags}g`), (match) => match === "" ? "" : by)

/** Replaces the matches of several patterns in a whole text: the first one, and of those at one place the longest. */
const replacedAll = (whole: string, patterns: ReadonlyArray<RegExp>, by: ReadonlyArray<string>) => {
  let out = ""
  for (let at = 0; at < whole.length;) {
    const found = patterns.map((pattern) => {
      const sticky = new RegExp(pattern.source, `${pattern.flags}y`)
      sticky.lastIndex = at
      return sticky.exec(whole)?.[0] ?? ""
    })
    const longest = Math.max(...found.map(({ length }) => length))
    out += longest > 0 ? by[found.findIndex(({ length }) => length === longest)] : whole[at]
    at += Math.max(1, longest)
  }
  return out
}

describe("withGuard", () => {
  it.effect.prop(
    "shows what replacing in the whole text gives, for all texts, cuts and patterns",
    [numbers, numbers, numbers],
    ([said, cuts, of]) =>
      Effect.gen(function*() {
        const whole = textOf(said)
        const pattern = patternOf(of)
        const model = scripted(text(pieces(whole, cuts))).pipe(
          ModelGuard.withGuard({ patterns: [pattern], replacement: "<X>" })
        )
        const chunks = yield* Stream.runCollect(model.stream("Hi"))
        assert.strictEqual(
          contents(chunks).join(""),
          replaced(whole, pattern, "<X>"),
          `${pattern} in ${JSON.stringify(whole)}`
        )
      }),
    { arbitrary: { runs: 400 } }
  )

  it.effect.prop(
    "does so in a long text, whose beginning it has forgotten",
    [numbers, numbers],
    ([said, of]) =>
      Effect.gen(function*() {
        const part = textOf([...said, 1, 2, 3])
        const whole = part.repeat(Math.ceil(1000 / part.length))
        const cut = pieces(whole, Array.from({ length: 300 }, (_, i) => i * 7))
        for (const pattern of [patternOf(of), /(?<=ab)[^]/, /(?<!a)b/, /\bc/, /^[^]/, /^[^]/m, /b$/, /[ab]{1,3}\b/]) {
          const model = scripted(text(cut)).pipe(ModelGuard.withGuard({ patterns: [pattern], replacement: "<X>" }))
          const { content } = yield* model.invoke("Hi")
          assert.strictEqual(content, replaced(whole, pattern, "<X>"), `${pattern} in ${JSON.stringify(whole)}`)
        }
      }),
    { arbitrary: { runs: 15 } }
  )

  it.effect.prop(
    "does so for several patterns, and tells the parts, the fold and the events the same",
    [numbers, numbers, numbers, numbers],
    ([said, cuts, one, two]) =>
      Effect.gen(function*() {
        const whole = textOf(said)
        const patterns = [patternOf([0, ...one]), patternOf([0, ...two]), /ab/]
        const expected = replacedAll(whole, patterns, ["<1>", "", "<3>"])
        const model = scripted(text(pieces(whole, cuts)), text(pieces(whole, cuts)), text(pieces(whole, cuts))).pipe(
          ModelGuard.withGuard({
            patterns: [
              { pattern: patterns[0]!, replacement: () => "<1>" },
              { pattern: patterns[1]!, replacement: "" },
              "ab"
            ],
            replacement: "<3>"
          })
        )
        const chunks = yield* Stream.runCollect(model.stream("Hi"))
        assert.strictEqual(contents(chunks).join(""), expected)
        assert.strictEqual(chunks.filter((each) => each.finish !== undefined).length, 1)
        const folded = AIMessageChunk.toMessage(chunks)
        assert.strictEqual(folded.content, expected)
        const message = yield* model.invoke("Hi")
        assert.deepStrictEqual(message, folded)
        const { events } = yield* eventsOf(model, "Hi")
        balanced(events)
        assert.deepStrictEqual(events.at(-1)?.data, { output: message })
      })
  )

  it.effect.prop(
    "holds at most the window, and no more than one character to keep a pair whole",
    [numbers, numbers, Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20 })))],
    ([said, cuts, window]) =>
      Effect.gen(function*() {
        const whole = textOf(said)
        let sent = 0
        let shown = 0
        const given = pieces(whole, cuts)
        const model = ChatModel.make({
          provider: "p",
          model: "m",
          stream: () =>
            Stream.fromIterable([...given, undefined], { chunkSize: 1 }).pipe(
              Stream.map((piece) => {
                // The text before this piece has been judged.
                assert.isAtMost(sent - shown, window + 1)
                sent += piece?.length ?? 0
                return piece === undefined
                  ? { ...AIMessageChunk.empty, finish: { reason: "stop", raw: "" } } as const
                  : AIMessageChunk.text(piece)
              })
            )
        }).pipe(ModelGuard.withGuard({ patterns: ["never"].slice(1), window }))
        const chunks = yield* model.stream("Hi").pipe(
          Stream.tap((each) =>
            Effect.sync(() => {
              shown += each.content.length
              if (given.every(isWellFormed)) assert.isTrue(isWellFormed(each.content))
            })
          ),
          Stream.runCollect
        )
        assert.strictEqual(contents(chunks).join(""), whole)
      })
  )

  it.effect("finds words to the letter, and of two at one place the longer one", () =>
    Effect.gen(function*() {
      const model = scripted(text([..."a.c secrets abc secret"])).pipe(
        ModelGuard.withGuard({ patterns: ["secret", "secrets", "a.c", ""], replacement: (word) => `<${word.length}>` })
      )
      assert.strictEqual((yield* model.invoke("Hi")).content, "<3> <7> abc <6>")
    }))

  it.effect("a replacement is shown in one piece", () =>
    Effect.gen(function*() {
      const model = scripted(text([..."my key is k-1234."])).pipe(
        ModelGuard.withGuard({ patterns: [{ pattern: /k-\d{4}/, replacement: "👩‍👩‍👧 é" }] })
      )
      const chunks = yield* Stream.runCollect(model.stream("Hi"))
      assert.lengthOf(chunks.filter(({ content }) => content.includes("👩‍👩‍👧 é")), 1)
    }))

  it("needs a window for a pattern without a bound", () => {
    assert.throws(() => ModelGuard.withGuard({ patterns: [/\d+/] }), /bound its repetitions, or give `window`/)
    assert.throws(() => ModelGuard.withGuard({ patterns: ["a"], window: Number.NaN }), /window must be a number/)
    assert.throws(() => ModelGuard.withGuard({ check: () => Effect.succeed(ModelGuard.pass), every: 0 }), /every/)
    ModelGuard.withGuard({ patterns: [/\d+/], window: 20 })
  })

  it.effect("with a window, a longer match is found in pieces", () =>
    Effect.gen(function*() {
      const model = scripted(text([..."id 1234567890 end"])).pipe(
        ModelGuard.withGuard({ patterns: [/\d+/], window: 4, replacement: "#" })
      )
      assert.match((yield* model.invoke("Hi")).content, /^id #+ end$/)
    }))
})

describe("the longest match", () => {
  it("is read from the source", () => {
    const lengths: ReadonlyArray<readonly [pattern: RegExp, length: number]> = [
      [/abc/, 3],
      [/a|bcd|ef/, 3],
      [/(?:ab|c){2,3}d?/, 7],
      [/[\]a-z]{4}\d/, 5],
      [/\u0041\x41\cA\0\t/, 5],
      [/\u{1F420}/u, 2],
      [/./u, 2],
      [/./, 1],
      [/🐠{2}/u, 4],
      [/🐠{2}/, 3],
      [/a(?=bc)/, 3],
      [/(?<!ab)c$/, 3],
      [/^\bx\B/m, 1],
      [/(?<name>ab)(c)/, 3],
      [/a{0}b/, 1],
      [/(?:){5}/, 0],
      [/(?:)*/, 0],
      [/a{/, 2],
      [new RegExp("[[a-c]--[b]]x", "v"), 3],
      [/\p{L}\P{L}/u, 4],
      [/a+/, Infinity],
      [/a{2,}/, Infinity],
      [/(?:a*)b/, Infinity],
      [/(a)\1/, Infinity],
      [/(?<n>a)\k<n>/, Infinity],
      [new RegExp("\\p{RGI_Emoji}", "v"), Infinity],
      [new RegExp("[\\q{abc}]", "v"), Infinity],
      [/a(?!.*b)/, Infinity]
    ]
    for (const [pattern, length] of lengths) assert.strictEqual(longestMatch(pattern), length, String(pattern))
  })

  it("is never shorter than a match", () => {
    let seed = 1
    const random = () => (seed = (seed * 16807) % 2147483647)
    for (let i = 0; i < 2000; i++) {
      const pattern = patternOf(Array.from({ length: 20 }, random))
      const whole = textOf(Array.from({ length: 30 }, random))
      for (const [match] of whole.matchAll(new RegExp(pattern.source, `${pattern.flags}g`))) {
        assert.isAtMost(match.length, longestMatch(pattern), String(pattern))
      }
    }
  })
})

describe("a stop", () => {
  it.effect.prop(
    "shows the same before it, however the text is cut",
    [numbers, numbers],
    ([said, cuts]) =>
      Effect.gen(function*() {
        const whole = textOf(said)
        const at = whole.search(/ab|ca/)
        const model = scripted(text(pieces(whole, cuts))).pipe(
          ModelGuard.withGuard({ patterns: [{ pattern: /ab|ca/, stop: "letters" }, "b"], replacement: "-" })
        )
        const shown: Array<string> = []
        const exit = yield* Effect.exit(
          Stream.runForEach(model.stream("Hi"), ({ content }) => Effect.sync(() => shown.push(content)))
        )
        const expected = (at === -1 ? whole : whole.slice(0, at)).replaceAll("b", "-")
        assert.strictEqual(shown.join(""), expected)
        if (at === -1) return assert.isTrue(Exit.isSuccess(exit))
        const error = yield* Effect.flip(exit)
        assert.strictEqual(error.reason._tag, "ContentPolicyError")
        assert.strictEqual(error.reason.message, "A guard stopped the answer: letters")
        assert.deepStrictEqual(error.metadata, { guard: { reason: "letters" } })
        assert.strictEqual(error.partial?.content ?? "", expected)
        assert.isFalse(error.isRetryable)
      })
  )

  it.live("closes the connection at once, before the reader asks again", () =>
    Effect.gen(function*() {
      const tokens = { ...Script.endless({ token: " and" }), coalesce: false }
      const { model, server } = yield* serveMessages(Script.make([
        ...Script.unroll(Script.faultAt(Script.tokens(["This is", " bad", " ness"]), 900, [])),
        ...tokens.steps
      ]))
      const guard = ModelGuard.withGuard({ patterns: [{ pattern: "bad", stop: "a word" }] })
      yield* guard(model).stream("Hi").pipe(
        Stream.mapEffect(() => server.awaitIdle),
        Stream.runDrain,
        Effect.flip
      )
      assert.strictEqual(yield* server.openConnections, 0)
      const [request] = yield* server.requests
      assert.strictEqual((yield* request!.closed).by, "client")
    }).pipe(Effect.scoped))

  it.effect("is not retried, and outlives a failure of the model", () =>
    Effect.gen(function*() {
      const { calls, model } = ScriptedChatModel.make(() => [
        chunk(AIMessageChunk.text("bad")),
        fail(new ChatModelError.NetworkError({ message: "lost" }))
      ])
      const error = yield* Effect.flip(
        model.pipe(ModelGuard.withGuard({ patterns: [{ pattern: "bad", stop: "a word" }] })).invoke("Hi")
      )
      assert.strictEqual(error.reason._tag, "ContentPolicyError")
      assert.isUndefined(error.partial)
      assert.lengthOf(yield* calls, 1)
    }))
})

describe("what a guard leaves alone", () => {
  const guard = ModelGuard.withGuard({ patterns: [/secret/], replacement: "-" })
  const part = (...parts: ReadonlyArray<AIMessageChunk.Delta>) => chunk({ ...AIMessageChunk.empty, parts })

  it.effect("calls, reasoning and other parts come in order, after the text before them", () =>
    Effect.gen(function*() {
      const model = guard(scripted([
        part({ type: "reasoning", index: 0, text: "a secret", signature: "s" }),
        chunk(AIMessageChunk.text("so sec", { index: 1 })),
        chunk(AIMessageChunk.text("ret", { index: 1 })),
        part({ type: "tool_call", index: 2, id: "c", name: "f", args: "{\"a\":\"secret\"}" }),
        part({ type: "tool_call", index: 2, args: "", end: true }),
        part({ type: "unknown", index: 3, raw: { secret: true } }),
        finish("tool_calls")
      ]))
      const message = yield* model.invoke("Hi")
      assert.deepStrictEqual(message.parts, [
        { type: "reasoning", text: "a secret", signature: "s" },
        { type: "text", text: "so -" },
        { type: "tool_call", id: "c", name: "f", args: { a: "secret" } },
        { type: "unknown", raw: [{ secret: true }] }
      ])
      assert.strictEqual(message.content, "so -")
    }))

  it.effect("reasoning is filtered on request, and loses the signature of another text", () =>
    Effect.gen(function*() {
      const model = scripted([
        part({ type: "reasoning", index: 0, text: "a sec" }),
        part({ type: "reasoning", index: 0, text: "ret" }),
        part({ type: "reasoning", index: 0, text: "", signature: "s0" }),
        part({ type: "reasoning", index: 1, text: "well", signature: "s1" }),
        chunk(AIMessageChunk.text("a secret", { index: 2 })),
        finish()
      ]).pipe(ModelGuard.withGuard({ patterns: ["secret"], replacement: "-", reasoning: true }))
      assert.deepStrictEqual((yield* model.invoke("Hi")).parts, [
        { type: "reasoning", text: "a -" },
        { type: "reasoning", text: "well", signature: "s1" },
        { type: "text", text: "a -" }
      ])
    }))

  it.effect("a match may span blocks of text, and citations stay with their block", () =>
    Effect.gen(function*() {
      const citation = { url: "https://example.com", raw: {} }
      const model = guard(scripted([
        chunk(AIMessageChunk.text("a se")),
        part({ type: "text", index: 1, text: "cr", metadata: { own: 1 } }),
        part({ type: "citation", index: 1, citation }),
        chunk(AIMessageChunk.text("et b", { index: 1 })),
        part({ type: "text", index: 2, text: "" }),
        finish()
      ]))
      const message = yield* model.invoke("Hi")
      assert.deepStrictEqual(message.parts, [
        { type: "text", text: "a -" },
        { type: "text", text: " b", citations: [citation], metadata: { own: 1 } },
        { type: "text", text: "" }
      ])
      assert.strictEqual(message.content, "a - b")
    }))

  it.effect("the words of a refusal are text, too", () =>
    Effect.gen(function*() {
      const model = guard(scripted([
        chunk(AIMessageChunk.text("sec")),
        part({ type: "refusal", index: 1, text: "ret sec" }),
        part({ type: "refusal", index: 1, text: "ret" }),
        finish("refusal")
      ]))
      assert.deepStrictEqual((yield* model.invoke("Hi")).parts, [
        { type: "text", text: "sec" },
        { type: "refusal", text: "ret -" }
      ])
    }))

  it.effect("usage and metadata come with what may be shown, and the tokens in them do not", () =>
    Effect.gen(function*() {
      const usage = { inputTokens: 1, outputTokens: 2, totalTokens: 3 }
      const model = guard(scripted([
        chunk({
          ...AIMessageChunk.text("se", { id: "m" }),
          usage,
          metadata: { a: 1, logprobs: ["se"], output: "secret" }
        }),
        chunk({ ...AIMessageChunk.empty, metadata: { b: 1 } }),
        part({ type: "text", index: 0, text: "cret", metadata: { delta: { logprobs: ["cret"] }, own: 1 } }),
        finish("stop", { usage })
      ]))
      const chunks = yield* Stream.runCollect(model.stream("Hi"))
      assert.lengthOf(chunks, 1, "nothing comes before there is something to show")
      const message = AIMessageChunk.toMessage(chunks)
      assert.deepStrictEqual([message.id, message.usage, message.metadata], ["m", usage, { a: 1, b: 1 }])
      assert.deepStrictEqual(message.parts, [{ type: "text", text: "-", metadata: { own: 1 } }])
    }))

  it.effect("a text that is in no part does not slip through", () =>
    Effect.gen(function*() {
      const model = guard(scripted([chunk({ ...AIMessageChunk.empty, content: "a secret" }), finish()]))
      assert.strictEqual((yield* model.invoke("Hi")).content, "a -")
    }))

  it.effect("the failure of a model keeps its reason, and its partial is what was shown", () =>
    Effect.gen(function*() {
      const lost = new ChatModelError.NetworkError({ message: "lost" })
      const model = guard(scripted([...text(["a sec", "ret and sec"]).slice(0, 2), fail(lost)]))
      const shown: Array<string> = []
      const error = yield* Effect.flip(
        Stream.runForEach(model.stream("Hi"), ({ content }) => Effect.sync(() => shown.push(content)))
      )
      assert.strictEqual(error.reason, lost)
      assert.strictEqual(error.partial?.content, "a - and sec")
      assert.strictEqual(shown.join(""), "a - and sec")
    }))
})

describe("a check", () => {
  class Words extends Context.Service<Words, { readonly bad: Effect.Effect<string> }>()("test/Words") {}
  const words = Words.of({ bad: Effect.succeed("secret") })

  const check: ModelGuard.Check<Words> = ({ text }) =>
    Effect.gen(function*() {
      const { bad } = yield* Words
      const word = yield* bad
      const start = text.indexOf(word)
      return start === -1 ? ModelGuard.pass : ModelGuard.redact([{ start, end: start + word.length }])
    })

  it.effect("uses services, for a model and for a layer", () =>
    Effect.gen(function*() {
      const answer = text([..."one secret, then more text"])
      const model = yield* scripted(answer).pipe(
        ModelGuard.withGuard({ check, window: 6 }),
        Effect.provideService(Words, words)
      )
      const expected = "one [redacted], then more text"
      assert.strictEqual((yield* model.invoke("Hi")).content, expected)
      const Model = ScriptedChatModel.layer([answer]).pipe(
        ModelGuard.withGuard({ check, window: 6 }),
        Layer.provide(Layer.succeed(Words, words))
      )
      assert.strictEqual((yield* ChatModel.invoke("Hi").pipe(Effect.provide(Model))).content, expected)
    }))

  it.effect("sees the held text, the text in front of it, the request and the end", () =>
    Effect.gen(function*() {
      const seen: Array<readonly [before: string, text: string, last: boolean]> = []
      const model = yield* scripted(text(["abcdef", "ghij", "k", "lmnop"])).pipe(
        ModelGuard.withGuard({
          window: 3,
          every: 4,
          check: ({ before, kind, last, text }, { messages, options }) => {
            seen.push([before, text, last])
            assert.deepStrictEqual([kind, messages.length, options.topK], ["text", 2, 7])
            return Effect.succeed(ModelGuard.pass)
          }
        })
      )
      const chunks = yield* Stream.runCollect(model.stream([["system", "s"], ["human", "h"]], { topK: 7 }))
      assert.deepStrictEqual(seen, [
        ["", "abcdefghij", false],
        ["abcdefg", "hijklmnop", false],
        ["abcdefghijklm", "nop", true]
      ])
      assert.deepStrictEqual(contents(chunks).filter((each) => each !== ""), ["abcdefg", "hijklm", "nop"])
    }))

  it.effect("parts may overlap, be empty, be out of place or reach into what stays held", () =>
    Effect.gen(function*() {
      const model = yield* scripted(text(["abcdefgh", "ij"])).pipe(
        ModelGuard.withGuard({
          window: 3,
          check: ({ last, text }) =>
            Effect.succeed(
              last ?
                ModelGuard.redact([{ start: -5, end: 1, replacement: "3" }, { start: 9, end: 99 }]) :
                text.length < 9
                ? ModelGuard.redact([
                  { start: 6, end: 8, replacement: "later" },
                  { start: 4, end: 6, replacement: "2" },
                  { start: 1, end: 3, replacement: "1" },
                  { start: 2, end: 2 },
                  { start: 2, end: 4, replacement: "" }
                ])
                : ModelGuard.pass
            )
        })
      )
      // "later" begins in the last three characters, so it waits for the next check.
      assert.strictEqual((yield* model.invoke("Hi")).content, "a12g3ij")
    }))

  it.effect("stops at a place, or before all of its text", () =>
    Effect.gen(function*() {
      const stopping = (at?: number) =>
        ModelGuard.withGuard({
          window: 2,
          check: ({ text }) => Effect.succeed(text.includes("X") ? ModelGuard.stop("x", { at }) : ModelGuard.pass)
        })
      for (const [at, shown] of [[undefined, "ab"], [1, "abc"], [99, "abcdXe"]] as const) {
        const model = yield* stopping(at)(scripted(text(["abcd", "Xe", "fg"])))
        const error = yield* Effect.flip(model.invoke("Hi"))
        assert.strictEqual(error.partial?.content, shown)
      }
    }))

  it.effect("its failure ends the call, and nothing more is shown", () =>
    Effect.gen(function*() {
      const failed = new ChatModelError.ChatModelError({
        provider: "guard",
        model: "g",
        reason: new ChatModelError.UnknownError({ message: "no judge" })
      })
      const model = yield* scripted(text(["ab", "cd", "ef"])).pipe(
        ModelGuard.withGuard({
          window: 0,
          check: ({ text }) => text === "cd" ? Effect.fail(failed) : Effect.succeed(ModelGuard.pass)
        })
      )
      const error = yield* Effect.flip(model.invoke("Hi"))
      assert.deepStrictEqual([error.provider, error.reason, error.partial?.content], ["guard", failed.reason, "ab"])
    }))

  it.effect("another model may be the judge, and the events are those of one model", () =>
    Effect.gen(function*() {
      const judge = ScriptedChatModel.make(() => text("no")).model
      const model = yield* scripted(text(["so", " good"])).pipe(
        ModelGuard.withGuard({
          window: 0,
          check: ({ text }) =>
            Effect.map(judge.invoke(`Is this bad? ${text}`), ({ content }) =>
              content === "yes" ? ModelGuard.stop("bad") : ModelGuard.pass)
        })
      )
      const { events } = yield* eventsOf(model, "Hi")
      balanced(events)
      assert.deepStrictEqual([
        ...new Set(events.map(({ name }) =>
          name
        ))
      ], ["scripted"])
    }))
})

describe("a guarded model is a model", () => {
  const guard = ModelGuard.withGuard({ patterns: ["secret"], replacement: "-" })

  it.effect("in chains, histories, batches, agents and objects", () =>
    Effect.gen(function*() {
      const reply = text([..."a secret"])
      const chain = Runnable.sequence(guard(scripted(reply)), OutputParser.string)
      assert.strictEqual(yield* chain.invoke("Hi"), "a -")
      const chat = ChatHistory.withHistory(guard(scripted(reply)), { sessionId: "s" })
      const kept = yield* Effect.andThen(
        Stream.runDrain(chat.stream("Hi")),
        Effect.flatMap(ChatHistory.ChatHistory, ({ get }) => get("s"))
      ).pipe(Effect.provide(Layer.fresh(ChatHistory.layerMemory)))
      assert.deepStrictEqual(kept.map(({ content }) => content), ["Hi", "a -"])
      const [result] = yield* guard(scripted(reply)).batch(["Hi"])
      assert.strictEqual(result?._tag === "Success" ? result.success.content : "", "a -")
      const agent = Agent.make({ tools: [] }).invoke("Hi").pipe(
        Effect.provideService(ChatModel.ChatModel, guard(scripted(reply)))
      )
      assert.strictEqual((yield* agent).content, "a -")
      const { value } = yield* ChatModel.generateObject("Hi", { schema: Schema.Struct({ a: Schema.String }) }).pipe(
        Effect.provideService(ChatModel.ChatModel, guard(scripted(text(["{\"a\":\"my sec", "ret\"}"]))))
      )
      assert.deepStrictEqual(value, { a: "my -" })
    }))

  it.effect("two guards work in either order, and one sees what the other leaves", () =>
    Effect.gen(function*() {
      const one = ModelGuard.withGuard({ patterns: ["ab"], replacement: "cd" })
      const two = ModelGuard.withGuard({ patterns: ["cd"], replacement: "ef" })
      assert.strictEqual((yield* scripted(text([..."xaby"])).pipe(one, two).invoke("Hi")).content, "xefy")
      assert.strictEqual((yield* scripted(text([..."xaby"])).pipe(two, one).invoke("Hi")).content, "xcdy")
    }))

  it.effect("keeps capabilities, options and calls", () =>
    Effect.gen(function*() {
      const { model } = ScriptedChatModel.make(
        [toolCalls([{ name: "f", args: { a: "secret" } }], { text: "secret" })],
        {
          options: { topK: 3 }
        }
      )
      const guardedModel = guard(model)
      assert.deepStrictEqual([guardedModel.options, guardedModel.capabilities], [model.options, model.capabilities])
      const message = yield* guardedModel.invoke("Hi")
      assert.deepStrictEqual([message.content, message.toolCalls[0]?.args], ["-", { a: "secret" }])
    }))

  it.live("retries no more often than the model, and leaving it closes its connection", () =>
    Effect.gen(function*() {
      const { model, server } = yield* serveChat([OpenAiScript.status(503)], { maxRetries: 2 })
      const error = yield* Effect.flip(guard(model).invoke("Hi"))
      assert.strictEqual(error.reason._tag, "OverloadedError")
      assert.lengthOf(yield* server.requests, 3)
      yield* server.always(OpenAiScript.chat.endless())
      yield* Stream.runDrain(Stream.take(guard(model).stream("Hi"), 3))
      yield* server.awaitIdle
      const last = (yield* server.requests).at(-1)!
      assert.strictEqual((yield* last.closed).by, "client")
    }).pipe(Effect.scoped))

  it.live("slows the server when its reader is slow", () =>
    Effect.gen(function*() {
      const { model, server } = yield* serveMessages(Script.endless({ token: " and".repeat(5000) }))
      yield* guard(model).stream("Hi").pipe(
        Stream.take(2),
        Stream.runForEach(() =>
          Effect.gen(function*() {
            const [request] = yield* server.requests
            yield* request!.awaitBlocked()
            const { bytesSent } = request!
            yield* Effect.sleep("50 millis")
            assert.strictEqual(request!.bytesSent, bytesSent)
          })
        )
      )
    }).pipe(Effect.scoped))
})
