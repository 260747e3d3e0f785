// The behaviour of the face programs. They fix the public names and are kept beside the checkout; the programs in
// test/contract fix the same names inside it.
import assert from "node:assert/strict"
import {
  broken,
  brokenBy,
  brokenOff,
  oneRequest,
  onOpenAi,
  pieces,
  prints,
  question,
  song,
  wires
} from "../test/contract/shared.mjs"

/** The programs, each with the cases in which it is run on a wire. */
const facesOn = (wire) => ({
  "01-stream.ts": [{
    answers: ({ Script }) => ({ script: Script.text(song) }),
    check: ({ requests, stdout }) => {
      assert.equal(stdout, `Goldfish| swim| on| the| moon| tonight|${"|".repeat(wire.emptyChunks)}\n`)
      oneRequest(requests, wire)
      assert.equal(question(requests[0]), "Write me a 1 verse song about goldfish on the moon")
    }
  }],
  "02-for-await.ts": [{
    name: "an answer that never ends",
    answers: ({ Script }) => ({ script: Script.endless({ token: " la" }) }),
    check: (ran) => {
      assert.equal(ran.stdout, " la| la| la| la| la|...Truncated\n")
      brokenOff(ran)
    }
  }, {
    name: "silence after the fifth chunk",
    answers: ({ Script }) => ({
      script: Script.make([...Script.repeated(5, { token: " la" }).steps.slice(0, -3), Script.stall])
    }),
    check: brokenOff
  }],
  "03-events.ts": [{
    answers: ({ Script }) => ({ script: Script.endless({ token: " la", delay: "1 millis" }) }),
    check: (ran) => {
      const lines = ran.stdout.trimEnd().split("\n")
      const events = lines.slice(0, 4).map((line) => JSON.parse(line))
      assert.equal(lines[4], "...Truncated")
      assert.equal(events[0].event, "on_chat_model_start")
      assert.deepEqual(events[0].data, { input: "Write me a 1 verse song about goldfish on the moon" })
      for (const event of events.slice(1)) {
        assert.equal(event.event, "on_chat_model_stream")
        assert.equal(event.data.chunk.content, " la")
        assert.deepEqual(Object.keys(event), ["event", "run_id", "name", "tags", "metadata", "data"])
      }
      brokenOff(ran)
    }
  }],
  "04-chain.ts": [{
    answers: ({ Script }) => ({ script: Script.text(song) }),
    check: ({ requests, stdout }) => {
      const lines = stdout.trimEnd().split("\n")
      assert.equal(lines[0], `Goldfish| swim| on| the| moon| tonight|${"|".repeat(wire.emptyChunks)}`)
      assert.equal(lines.at(-1), String(song.length))
      const events = lines.slice(1, -1)
      for (const event of events) assert.match(event, /^on_(chat_model|parser)_(start|stream|end) /)
      assert.equal(events.filter((event) => event.startsWith("on_chat_model_stream")).length, 6 + wire.emptyChunks)
      assert.equal(events.filter((event) => event.startsWith("on_parser_stream")).length, 6 + wire.emptyChunks)
      assert.equal(requests.length, 3)
      assert.equal(wire.system(requests[0].body), "You are a poet.")
    }
  }],
  "05-default-stream.ts": [{
    answers: () => ({}),
    check: ({ requests, stdout }) => {
      assert.equal(stdout, "1 Here is a one verse song about goldfish on the moon.\ntrue stop\n3\n")
      assert.equal(requests.length, 0)
    }
  }],
  "06-outcomes.ts": [{
    name: "a whole answer",
    answers: ({ Script }) => ({ script: Script.text(song) }),
    check: prints(song)
  }, {
    name: "429",
    answers: ({ Script }) => ({ script: Script.status(429, { headers: { "retry-after": "7" } }) }),
    check: prints(/^rate limited .*7/)
  }, {
    name: "529",
    answers: ({ Script }) => ({ script: Script.status(529) }),
    check: prints("overloaded\n")
  }, {
    name: "401",
    answers: ({ Script }) => ({ script: Script.status(401) }),
    check: prints("who are you?\n")
  }, {
    name: "an error in the middle",
    answers: ({ Script }) => ({
      script: brokenBy(Script, Script.errorEvent("api_error", "No"))
    }),
    check: prints(`${song}[InternalProviderError] kept: ${song} ${wire.inputTokens}\n`)
  }, {
    name: "a body that ends too early",
    answers: ({ Script }) => ({ script: broken(Script) }),
    check: prints(`${song}[TruncatedError] kept: ${song} ${wire.inputTokens}\n`)
  }, {
    name: "silence in the middle",
    answers: ({ Script }) => ({ script: brokenBy(Script, Script.stall) }),
    check: (ran) => {
      assert.equal(ran.stdout, `${song}[TimeoutError] kept: ${song} ${wire.inputTokens}\n`)
      brokenOff(ran)
    }
  }],
  "07-structured.ts": [{
    answers: ({ Script }) => ({
      script: Script.tokens(pieces(JSON.stringify({ name: "Soup", steps: ["Cut", "Cook"] })))
    }),
    check: ({ requests, stdout }) => {
      const lines = stdout.trimEnd().split("\n")
      assert.deepEqual(lines.slice(-3), ["Soup 2", "2", "Soup"])
      assert.ok(lines.length > 5, "it fills in")
      assert.equal(requests.length, 3)
      const [type, schema] = wire.schema(requests[2].body)
      assert.deepEqual([type, schema.required, schema.additionalProperties], ["json_schema", ["name", "steps"], false])
    }
  }, {
    name: "an answer that does not fit",
    answers: ({ Script }) => ({ script: Script.text(`{"name": "Soup", "steps": "Cook"}`) }),
    check: prints(/does not fit: .*steps/)
  }],
  "08-tools.ts": [{
    answers: ({ Script }) => ({
      script: (request) =>
        (request.body.messages ?? request.body.input).length === 1
          ? Script.toolCall({ id: "toolu_1", name: "get_weather", args: { city: "Paris" } }, { text: "Let me look. " })
          : Script.text("It is 5 degrees.")
    }),
    check: ({ requests, stdout }) => {
      assert.equal(
        stdout,
        [
          "Let me look. It is 5 degrees.on_tool_start {\"input\":{\"city\":\"Paris\"}}",
          "on_tool_end {\"output\":{\"celsius\":5},\"input\":{\"city\":\"Paris\"}}\n"
        ].join("\n")
      )
      assert.equal(requests.length, 4)
      assert.equal(wire.tool(requests[0].body.tools).description, "The weather in a city")
      assert.deepEqual(wire.result(requests[1].body), wire.resultOf("toolu_1", "{\"celsius\":5}"))
    }
  }],
  "09-compose.ts": [{
    answers: ({ Script }) => ({ script: Script.text("one\ntwo three") }),
    check: ({ stdout }) => {
      const lines = stdout.trimEnd().split("\n")
      const slices = lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line))
      assert.equal(slices.map(({ joke = "" }) => joke).join(""), "one\ntwo three")
      assert.equal(slices.map(({ poem = "" }) => poem).join(""), "one\ntwo three")
      const rest = lines.filter((line) => !line.startsWith("{"))
      assert.deepEqual(rest.slice(0, 4), ["26", "true", "one", "two three"])
      assert.deepEqual(rest.slice(4).toSorted(), ["0 Success", "1 Success"])
    }
  }]
})

export const faces = facesOn(wires.messages)

/** The same programs on OpenAI's wires, by the API that they are given. */
export const openAiFaces = {
  responses: onOpenAi("responses", facesOn(wires.responses)),
  chat: onOpenAi("chat", facesOn(wires.chat))
}
