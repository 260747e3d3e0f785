// The behaviour of each contract program on each wire: the answers of the server, the lines that the program prints, and
// the requests that the server received. `.ci/programs.mjs` runs them against the packed package.
import assert from "node:assert/strict"
import { broken, brokenBy, brokenOff, oneRequest, onOpenAi, pieces, question, wires } from "./shared.mjs"

const light = "A lamp turns slowly above the rocks"
const words = ["A", " lamp", " turns", " slowly", " above", " the", " rocks"]

/** The lines of JSON that a program printed. */
const linesOf = ({ stdout }) => stdout.trimEnd().split("\n").map((line) => JSON.parse(line))

const printed = (...expected) => (ran) => assert.deepEqual(linesOf(ran), expected)

const contents = (texts) => texts.map((content) => ({ content }))

const voyage = JSON.stringify({ ship: "Curlew", ports: ["Cobh", "Cork"] })

/** The programs, each with the cases in which it is run on a wire. */
const programsOn = (wire) => {
  const empty = Array.from({ length: wire.emptyChunks }, () => "")
  // JSON has no undefined.
  const inputTokens = wire.inputTokens === undefined ? {} : { inputTokens: wire.inputTokens }
  return {
    "stream.ts": [{
      answers: ({ Script }) => ({ script: Script.text(light) }),
      check: (ran) => {
        const lines = linesOf(ran)
        assert.deepEqual(lines.map(({ content }) => content), [...words, ...empty])
        assert.deepEqual(lines.flatMap(({ finish }) => finish ?? []), ["stop"])
        assert.equal(lines.at(-1).finish, "stop")
        oneRequest(ran.requests, wire)
        assert.equal(question(ran.requests[0]), "Describe a lighthouse in one line")
      }
    }],
    "for-await.ts": [{
      name: "an endless answer",
      answers: ({ Script }) => ({ script: Script.endless({ token: " wave" }) }),
      check: (ran) => {
        printed(...contents(Array.from({ length: 5 }, () => " wave")), { left: 5 })(ran)
        brokenOff(ran)
      }
    }, {
      name: "a server that is silent after five chunks",
      answers: ({ Script }) => {
        const steps = Script.endless({ token: " wave" }).steps
        const [token] = steps.at(-1).steps
        return { script: Script.make([...steps.slice(0, -1), Script.repeat([token], 5), Script.stall]) }
      },
      check: (ran) => {
        printed(...contents(Array.from({ length: 5 }, () => " wave")), { left: 5 })(ran)
        brokenOff(ran)
      }
    }],
    "model-events.ts": [{
      answers: ({ Script }) => ({ script: Script.endless({ token: " ebb", delay: "1 millis" }) }),
      check: (ran) => {
        const [start, ...streamed] = linesOf(ran)
        assert.equal(start.event, "on_chat_model_start")
        assert.deepEqual(start.data, { input: "Name the tides" })
        assert.equal(streamed.length, 3)
        for (const event of streamed) {
          assert.deepEqual(Object.keys(event), ["event", "run_id", "name", "tags", "metadata", "data"])
          assert.deepEqual([event.event, event.run_id], ["on_chat_model_stream", start.run_id])
          assert.equal(event.data.chunk.content, " ebb")
        }
        brokenOff(ran)
      }
    }],
    "chain.ts": [{
      answers: ({ Script }) => ({ script: Script.text(light) }),
      check: (ran) => {
        const lines = linesOf(ran)
        const tokens = lines.flatMap((line) => line.token ?? [])
        assert.deepEqual(tokens, [...words, ...empty])
        const events = lines.flatMap(({ event }) => event ?? [])
        assert.equal(events.length, lines.length - tokens.length - 1)
        for (const event of events) assert.match(event, /^on_(chat_model|parser)_(start|stream|end)$/)
        for (const type of ["chat_model", "parser"]) {
          const of = (kind) => events.filter((event) => event === `on_${type}_${kind}`).length
          assert.deepEqual([of("start"), of("stream"), of("end")], [1, tokens.length, 1])
        }
        assert.deepEqual(lines.at(-1), { answer: light })
        assert.equal(ran.requests.length, 3)
        for (const { body } of ran.requests) assert.equal(wire.system(body), "You keep a lighthouse.")
        assert.equal(question(ran.requests[0]), "Write 2 lines about fog")
      }
    }],
    "default-stream.ts": [{
      answers: () => ({}),
      check: (ran) => {
        printed(
          { chunks: ["High water at noon."] },
          { content: "High water at noon.", finish: "stop" },
          { results: ["Success", "Success", "Success"] }
        )(ran)
        assert.equal(ran.requests.length, 0)
      }
    }],
    "outcomes.ts": [{
      name: "a complete answer",
      answers: ({ Script }) => ({ script: Script.text(light) }),
      check: printed(...contents([...words, ...empty]), { complete: true })
    }, {
      name: "429",
      answers: ({ Script }) => ({ script: Script.status(429, { headers: { "retry-after": "7" } }) }),
      check: printed({ rateLimit: 7 })
    }, {
      name: "529",
      answers: ({ Script }) => ({ script: Script.status(529) }),
      check: printed({ overloaded: true })
    }, {
      name: "401",
      answers: ({ Script }) => ({ script: Script.status(401) }),
      check: printed({ unauthenticated: true })
    }, {
      name: "an error inside the answer",
      answers: ({ Script }) => ({ script: brokenBy(Script, Script.errorEvent("api_error", "No"), light) }),
      check: printed(...contents(words), { reason: "InternalProviderError", partial: light, ...inputTokens })
    }, {
      name: "a body that ends early",
      answers: ({ Script }) => ({ script: broken(Script, light) }),
      check: printed(...contents(words), { reason: "TruncatedError", partial: light, ...inputTokens })
    }, {
      name: "silence inside the answer",
      answers: ({ Script }) => ({ script: brokenBy(Script, Script.stall, light) }),
      check: (ran) => {
        printed(...contents(words), { reason: "TimeoutError", partial: light, ...inputTokens })(ran)
        brokenOff(ran)
      }
    }],
    "structured.ts": [{
      answers: ({ Script }) => ({ script: Script.tokens(pieces(voyage)) }),
      check: (ran) => {
        const lines = linesOf(ran)
        const partials = lines.slice(0, -2)
        assert.ok(partials.length > 2, "the value fills in")
        assert.ok("Curlew".startsWith(partials[0].ship ?? ""))
        assert.deepEqual(lines.slice(-3), [
          { ship: "Curlew", ports: 2 },
          { parsed: true, ports: ["Cobh", "Cork"] },
          { native: "Curlew" }
        ])
        assert.equal(ran.requests.length, 3)
        const [type, schema] = wire.schema(ran.requests[2].body)
        assert.deepEqual([type, schema.required, schema.additionalProperties], [
          "json_schema",
          ["ship", "ports"],
          false
        ])
      }
    }, {
      name: "an answer that does not fit the schema",
      answers: ({ Script }) => ({ script: Script.text(`{"ship": "Curlew", "ports": "Cork"}`) }),
      check: (ran) => assert.match(linesOf(ran).at(-1).mismatch, /ports/)
    }],
    "tools.ts": [{
      answers: ({ Script }) => ({
        script: ({ body }) =>
          (body.messages ?? body.input).length === 1
            ? Script.toolCall({ id: "call_1", name: "sound_depth", args: { buoy: "North" } }, { text: "Sounding. " })
            : Script.text("Five metres.")
      }),
      check: (ran) => {
        const lines = linesOf(ran)
        assert.equal(lines.map(({ content }) => content ?? "").join(""), "Sounding. Five metres.")
        assert.deepEqual(lines.filter(({ event }) => event !== undefined), [
          { event: "on_tool_start", data: { input: { buoy: "North" } } },
          { event: "on_tool_end", data: { output: { metres: 5 }, input: { buoy: "North" } } }
        ])
        assert.equal(ran.requests.length, 4)
        assert.equal(wire.tool(ran.requests[0].body.tools).description, "The depth of the water at a buoy")
        assert.deepEqual(wire.result(ran.requests[1].body), wire.resultOf("call_1", "{\"metres\":5}"))
      }
    }],
    "compose.ts": [{
      answers: ({ Script }) => ({ script: Script.text("fair\nlight airs") }),
      check: (ran) => {
        const lines = linesOf(ran)
        const pick = (key) => lines.flatMap((line) => line[key] ?? [])
        for (const branch of ["calm", "grave"]) {
          const slices = pick("part").map((part) => part[branch] ?? "")
          assert.equal(slices.join(""), "fair\nlight airs")
          assert.ok(slices.filter((slice) => slice !== "").length > 1, "a branch streams")
        }
        assert.deepEqual(pick("both"), [{ calm: "fair\nlight airs", grave: "fair\nlight airs" }])
        assert.deepEqual(pick("loud"), ["FAIR\nLIGHT AIRS"])
        assert.deepEqual(pick("line"), ["fair", "light airs"])
        const { metadata, name, tags } = lines.find((line) => line.name !== undefined)
        assert.deepEqual([name, tags, metadata.desk], ["resilient", ["contract"], "harbour"])
        assert.deepEqual(pick("index").toSorted(), [0, 1])
        assert.deepEqual(pick("result"), ["Success", "Success"])
      }
    }]
  }
}

/** By the value of CONTRACT_WIRE that the programs run with. */
export const contract = {
  messages: programsOn(wires.messages),
  responses: onOpenAi("responses", programsOn(wires.responses)),
  chat: onOpenAi("chat", programsOn(wires.chat))
}
