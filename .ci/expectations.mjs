// What each program does: how the server answers its requests, what it prints, and what the server saw of it.
import assert from "node:assert/strict"

const song = "Goldfish swim on the moon tonight"
const broken = (Script) => {
  const whole = Script.text(song)
  const wire = new TextDecoder().decode(Script.bytesOf(whole))
  return Script.faultAt(whole, wire.indexOf("\n\n", wire.indexOf("tonight")) + 2, Script.end)
}
const stalled = (Script) => ({ ...broken(Script), steps: [...broken(Script).steps.slice(0, -1), Script.stall] })

const pieces = (text) => text.match(/.{1,5}/g)

const prints = (expected) => ({ stdout }) =>
  expected instanceof RegExp ? assert.match(stdout, expected) : assert.equal(stdout, expected)

const recipe = JSON.stringify(
  { name: "Goldfish crackers", minutes: 30, steps: ["Mix the dough.", "Bake it."] },
  null,
  1
)
const fishes = JSON.stringify([
  { name: "koi", centimetres: 70 },
  { name: "carp", centimetres: 40 },
  { name: "goldfish", centimetres: 20 }
])

/** The text of the last message of a request. */
const question = ({ body }) => {
  const { content } = (body.messages ?? body.input).at(-1)
  return typeof content === "string" ? content : content.map((block) => block.text ?? "").join("")
}

/** A call of a tool, as a block of an answer. */
const toolUse = (id, name, args) => ({ type: "tool_use", id: `toolu_${id}`, name, args })
const locate = (city) => toolUse(city, "locate", { city })
const forecast = (latitude, longitude) => toolUse(latitude, "forecast", { latitude, longitude })

const brokenOff = ({ closed, requests }) => {
  assert.equal(requests.length, 1)
  assert.equal(closed[0].by, "client", "the connection is closed")
}

/** What differs between the wires that the face programs are run on. */
const anthropicWire = {
  path: "/v1/messages",
  model: "claude-haiku-4-5",
  system: (body) => body.system,
  schema: ({ output_config: { format } }) => [format.type, format.schema],
  result: (body) => body.messages[2].content,
  answered: [{ type: "tool_result", tool_use_id: "toolu_1", content: "{\"celsius\":5}" }],
  // Told when the message begins.
  inputTokens: 10,
  emptyChunks: 1
}
const responsesWire = {
  path: "/v1/responses",
  model: "gpt-5-mini",
  system: (body) => body.instructions,
  schema: ({ text: { format } }) => [format.type, format.schema],
  result: (body) => body.input.at(-1),
  answered: { type: "function_call_output", call_id: "toolu_1", output: "{\"celsius\":5}" },
  // Told at the end.
  inputTokens: undefined,
  emptyChunks: 2
}
const chatWire = {
  ...responsesWire,
  path: "/v1/chat/completions",
  system: (body) => body.messages[0].content,
  schema: ({ response_format: { json_schema, type } }) => [type, json_schema.schema],
  result: (body) => body.messages.at(-1),
  answered: { role: "tool", tool_call_id: "toolu_1", content: "{\"celsius\":5}" }
}

const oneRequest = (requests, wire = anthropicWire) => {
  assert.equal(requests.length, 1)
  const [{ body, headers, method, path }] = requests
  // How the key is sent is the SDK's affair.
  const key = headers["x-api-key"] ?? headers.authorization
  assert.deepEqual([method, path, key], ["POST", wire.path, "<redacted>"])
  assert.deepEqual([body.model, body.stream], [wire.model, true])
}

/** The programs that fix the public names, each with the ways it is run on a wire. */
const facesOn = (wire) => ({
  "01-stream.ts": [{
    server: ({ Script }) => ({ script: Script.text(song) }),
    check: ({ requests, stdout }) => {
      assert.equal(stdout, `Goldfish| swim| on| the| moon| tonight|${"|".repeat(wire.emptyChunks)}\n`)
      oneRequest(requests, wire)
      assert.equal(question(requests[0]), "Write me a 1 verse song about goldfish on the moon")
    }
  }],
  "02-for-await.ts": [{
    name: "an answer that never ends",
    server: ({ Script }) => ({ script: Script.endless({ token: " la" }) }),
    check: (ran) => {
      assert.equal(ran.stdout, " la| la| la| la| la|...Truncated\n")
      brokenOff(ran)
    }
  }, {
    name: "silence after the fifth chunk",
    server: ({ Script }) => ({
      script: Script.make([...Script.repeated(5, { token: " la" }).steps.slice(0, -3), Script.stall])
    }),
    check: brokenOff
  }],
  "03-events.ts": [{
    server: ({ Script }) => ({ script: Script.endless({ token: " la", delay: "1 millis" }) }),
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
    server: ({ Script }) => ({ script: Script.text(song) }),
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
    server: () => ({}),
    check: ({ requests, stdout }) => {
      assert.equal(stdout, "1 Here is a one verse song about goldfish on the moon.\ntrue stop\n3\n")
      assert.equal(requests.length, 0)
    }
  }],
  "06-outcomes.ts": [{
    name: "a whole answer",
    server: ({ Script }) => ({ script: Script.text(song) }),
    check: prints(song)
  }, {
    name: "429",
    server: ({ Script }) => ({ script: Script.status(429, { headers: { "retry-after": "7" } }) }),
    check: prints(/^rate limited .*7/)
  }, {
    name: "529",
    server: ({ Script }) => ({ script: Script.status(529) }),
    check: prints("overloaded\n")
  }, {
    name: "401",
    server: ({ Script }) => ({ script: Script.status(401) }),
    check: prints("who are you?\n")
  }, {
    name: "an error in the middle",
    server: ({ Script }) => ({
      script: { ...broken(Script), steps: [...broken(Script).steps.slice(0, -1), Script.errorEvent("api_error", "No")] }
    }),
    check: prints(`${song}[InternalProviderError] kept: ${song} ${wire.inputTokens}\n`)
  }, {
    name: "a body that ends too early",
    server: ({ Script }) => ({ script: broken(Script) }),
    check: prints(`${song}[TruncatedError] kept: ${song} ${wire.inputTokens}\n`)
  }, {
    name: "silence in the middle",
    server: ({ Script }) => ({ script: stalled(Script) }),
    check: (ran) => {
      assert.equal(ran.stdout, `${song}[TimeoutError] kept: ${song} ${wire.inputTokens}\n`)
      brokenOff(ran)
    }
  }],
  "07-structured.ts": [{
    server: ({ Script }) => ({
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
    server: ({ Script }) => ({ script: Script.text(`{"name": "Soup", "steps": "Cook"}`) }),
    check: prints(/does not fit: .*steps/)
  }],
  "08-tools.ts": [{
    server: ({ Script }) => ({
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
      const [tool] = requests[0].body.tools
      assert.equal((tool.function ?? tool).description, "The weather in a city")
      assert.deepEqual(wire.result(requests[1].body), wire.answered)
    }
  }],
  "09-compose.ts": [{
    server: ({ Script }) => ({ script: Script.text("one\ntwo three") }),
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

export const faces = facesOn(anthropicWire)

/** The same on one of OpenAI's wires: only the words of the wire differ. */
const onOpenAi = (api, wire) =>
  Object.fromEntries(
    Object.entries(facesOn(wire)).map(([name, cases]) => [
      name,
      cases.map((each) => ({
        ...each,
        wire: "openai",
        server: ({ OpenAiScript, Script }) => {
          const answers = OpenAiScript[api]
          const errorEvent = (_, message) => answers.errorEvent({ type: "server_error", message })
          return each.server({ Script: { ...Script, ...answers, errorEvent, status: OpenAiScript.status } })
        }
      }))
    ])
  )

/** By the API that the programs are given. */
export const openAiFaces = { responses: onOpenAi("responses", responsesWire), chat: onOpenAi("chat", chatWire) }

/** The examples, each with the ways it is run. */
export const examples = {
  "structured.ts": [{
    server: ({ Script }) => {
      const soup = { name: "Soup", minutes: 20, steps: ["Cut", "Cook"] }
      const stew = { name: "Stew", minutes: 90, steps: [], invented: "1786-05-01T00:00:00.000Z" }
      return { scripts: [Script.tokens(pieces(JSON.stringify(soup)))], script: Script.text(JSON.stringify(stew)) }
    },
    check: ({ requests, stdout }) => {
      assert.match(stdout, /^undefined 0\n(.*\n)*Soup 2\n20 minutes, \d+ tokens\ntrue 1786\n$/)
      assert.equal(requests[0].body.output_config.format.type, "json_schema")
      assert.equal(question(requests[1]), "A recipe for stew")
    }
  }, {
    name: "an answer that does not fit",
    server: ({ Script }) => ({ script: Script.text(`{"name": "Soup", "minutes": 0, "steps": []}`) }),
    check: prints(/^(.*\n)*Mismatch: .*minutes/)
  }, {
    name: "an answer that was cut off",
    server: ({ Script }) => ({ script: Script.text(`{"name": "Soup", "steps": ["Cu`, { stopReason: "max_tokens" }) }),
    check: prints(/^(.*\n)*CutOff: /)
  }],
  "song.ts": [{
    server: ({ Script }) => ({ script: Script.text(song) }),
    check: ({ requests, stdout }) => {
      assert.match(stdout, /^Goldfish\| swim\| on\| the\| moon\| tonight\|\|?\nstop, 6 tokens\n$/)
      oneRequest(requests)
    }
  }],
  "for-await.ts": [{
    server: ({ Script }) => ({ script: Script.endless({ token: " one" }) }),
    check: (ran) => {
      assert.equal(ran.stdout, " one one one one one ...that is enough\n")
      brokenOff(ran)
    }
  }],
  "approve-mcp.ts": [{
    wire: "openai",
    server: ({ OpenAiScript: { responses } }) => {
      const items = ["the baker", "the goldfish dealer"].map((to, i) => ({
        id: `mcpr_${i}`,
        type: "mcp_approval_request",
        name: "pay",
        arguments: JSON.stringify({ to }),
        server_label: "bank"
      }))
      return {
        scripts: [
          responses.message({
            blocks: [
              { type: "reasoning", tokens: ["Two bills"], encrypted: "opaque" },
              ...items.map((item) => ({ type: "raw", item, done: item }))
            ]
          })
        ],
        script: responses.text("The baker is paid.")
      }
    },
    check: ({ requests, stdout }) => {
      assert.equal(stdout, `pay({"to":"the baker"})\npay({"to":"the goldfish dealer"})\nThe baker is paid.\n`)
      const [, { body }] = requests
      assert.deepEqual(body.include, ["reasoning.encrypted_content"])
      assert.deepEqual(body.input.map(({ role, type }) => role ?? type), [
        "user",
        "reasoning",
        "mcp_approval_request",
        "mcp_approval_request",
        "mcp_approval_response",
        "mcp_approval_response"
      ])
      assert.equal(body.input[1].encrypted_content, "opaque")
      assert.deepEqual(body.input.slice(4).map(({ approve, reason }) => [approve, reason]), [
        [true, undefined],
        [false, "Too dear"]
      ])
    }
  }],
  "local-model.ts": [["kept apart", (chat) => chat.reasoning("Six sevens", "42")], [
    "in tags",
    (chat) => chat.tokens(["<thi", "nk>\nSix sevens\n</", "think>", "\n\n42"])
  ]].map(([name, answer]) => ({
    name,
    wire: "ollama",
    server: ({ OpenAiScript: { chat } }) => ({ script: answer(chat) }),
    check: ({ requests: [{ body, headers, path }], stdout }) => {
      assert.equal(stdout, "SIX SEVENS42\n")
      assert.deepEqual([path, body.model, headers.authorization], ["/v1/chat/completions", "qwen3:4b", undefined])
    }
  })),
  "models-by-name.ts": [{
    server: ({ Script }) => ({ script: Script.text("I am Claude") }),
    check: prints(
      new RegExp(
        [
          "^anthropic/claude-haiku-4-5: I am Claude",
          "parrot/grey: Hello!",
          "parrot/green: Hello!",
          "There is no model \"parot:grey\": say <provider>:<model>. Known are anthropic, openai, .*\n$"
        ].join("\n")
      )
    )
  }],
  "swap-models.ts": [{
    server: ({ Script }) => ({ script: Script.text("Hello, I am Claude") }),
    check: prints(
      /^claude-haiku-4-5: Hello, I am Claude \(\d chunks\)\nparrot: Hello! You sent 1 message\. \(1 chunks\)\n$/
    )
  }],
  "outcomes.ts": [{
    name: "a whole answer",
    server: ({ Script }) => ({ script: Script.text(song) }),
    check: prints(`${song}\nThe end.\n`)
  }, {
    name: "429",
    server: ({ Script }) => ({ script: Script.status(429, { headers: { "retry-after": "90" } }) }),
    check: ({ requests, stdout }) => {
      assert.match(stdout, /^Too many requests\. Wait 1m 30s\.\n$/)
      assert.equal(requests.length, 1, "so long a wait is the caller's to decide")
    }
  }, {
    name: "401",
    server: ({ Script }) => ({ script: Script.status(401) }),
    check: prints(/^No access: /)
  }, {
    name: "two times 529, then an answer",
    server: ({ Script }) => ({ scripts: [Script.status(529), Script.status(529)], script: Script.text(song) }),
    check: ({ requests, stdout }) => {
      assert.equal(stdout, `${song}\nThe end.\n`)
      assert.equal(requests.length, 3)
    }
  }, {
    name: "a body that ends too early",
    server: ({ Script }) => ({ script: broken(Script) }),
    check: prints(/\n\[TruncatedError\] .*\n kept 33 characters, 10 input tokens, request req_/)
  }],
  "two-models.ts": [{
    server: ({ Script }) => ({ scripts: [Script.text("Rain, rain, rain")], script: Script.text("No.") }),
    check: ({ requests, stdout }) => {
      assert.equal(stdout, "claude-haiku-4-5: Rain, rain, rain\nclaude-opus-4-8: No.\n")
      const [draft, review] = requests.map(({ body }) => body)
      assert.deepEqual([draft.model, draft.max_tokens], ["claude-haiku-4-5", 500])
      assert.deepEqual([review.model, review.output_config], ["claude-opus-4-8", { effort: "high" }])
      assert.deepEqual(review.messages[1], { role: "assistant", content: [{ type: "text", text: "Rain, rain, rain" }] })
    }
  }],
  "batch.ts": [{
    server: ({ Script }) => ({
      script: (request) => Script.text(question(request).includes("France") ? "Paris" : "Lima")
    }),
    check: ({ requests, stdout }) => {
      const lines = stdout.trimEnd().split("\n")
      assert.equal(lines[0], "0 Paris")
      assert.match(lines[1], /^1 InvalidRequestError: messages\[0\]\.content/)
      assert.equal(lines[2], "2 Lima")
      assert.deepEqual(lines.slice(3).toSorted(), ["ready: 0 true", "ready: 1 false", "ready: 2 true"])
      assert.equal(requests.length, 4, "the empty question is not sent")
    }
  }],
  "tools-and-images.ts": [{
    server: ({ Script }) => ({
      scripts: [Script.toolCall({ id: "toolu_1", name: "weather", args: { city: "Bern" } }, { text: "Let me look." })],
      script: Script.text("It is 17 degrees in Bern.")
    }),
    check: ({ requests, stdout }) => {
      assert.equal(
        stdout,
        `tool_calls [ 'weather({"city":"Bern"})' ]\nstop It is 17 degrees in Bern.\n`
      )
      const [first, second] = requests.map(({ body }) => body)
      assert.equal(first.messages[0].content[1].source.media_type, "image/png")
      assert.equal(first.tools[0].name, "weather")
      assert.deepEqual(second.messages.slice(1), [
        {
          role: "assistant",
          content: [
            { type: "text", text: "Let me look." },
            { type: "tool_use", id: "toolu_1", name: "weather", input: { city: "Bern" } }
          ]
        },
        {
          role: "user",
          content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "17 degrees" }]
        }
      ])
    }
  }],
  "testing.ts": [{
    server: () => ({}),
    check: ({ requests, stdout }) => {
      assert.equal(stdout, "All as expected\n")
      assert.equal(requests.length, 0)
    }
  }],
  "chain.ts": [{
    server: ({ Script }) => ({ script: Script.text(song) }),
    check: ({ requests, stdout }) => {
      assert.match(
        stdout,
        /^Goldfish\| swim\| on\| the\| moon\| tonight\|\|?\nGoldfish .* tonight\nSuccess\nSuccess\n$/
      )
      assert.equal(requests[0].body.system, "You are a cheerful poet.")
      assert.equal(question(requests[1]), "A line about the moon")
    }
  }],
  "events.ts": [{
    server: ({ Script }) => ({ script: Script.endless({ token: " la", delay: "1 millis" }) }),
    check: (ran) => {
      const lines = ran.stdout.trimEnd().split("\n")
      assert.equal(lines.length, 6)
      assert.equal(lines[0], "on_chain_start RunnableSequence 0")
      assert.equal(lines[5], "...Truncated")
    }
  }],
  "parallel.ts": [{
    server: ({ Script }) => ({
      script: (request) => Script.text(question(request).includes("funny") ? "Ha ha" : "Oh no")
    }),
    check: ({ stdout }) => {
      assert.match(stdout, /\njoke: Ha ha\npoem: Oh no\n$/)
      assert.match(stdout, /\{"joke":"Ha"\}/)
      assert.match(stdout, /\{"poem":"Oh"\}/)
    }
  }],
  "recipe.ts": [{
    name: "a recipe",
    server: ({ Script }) => ({
      script: Script.text("Here it is:\n```json\n" + recipe + "\n```\nEnjoy!", { delay: "1 millis" })
    }),
    check: ({ stdout }) => {
      const lines = stdout.trimEnd().split("\n")
      assert.equal(lines[0], "... | ... | ...")
      assert.ok(lines.includes("Goldfish | ... | ..."), "the name fills in")
      assert.ok(lines.includes("Goldfish crackers | 30 | Mix the"), "so does a step")
      assert.equal(lines.at(-1), "Goldfish crackers takes 30 minutes and 2 steps.")
    }
  }, {
    name: "one that does not fit",
    server: ({ Script }) => ({ script: Script.text(recipe.replace("30", "\"long\"")) }),
    check: prints(/\nMismatch \[ 'minutes: Expected number.*' \]\n$/)
  }, {
    name: "one that a limit cuts off",
    server: ({ Script }) => ({ script: Script.text(recipe.slice(0, 60), { stopReason: "max_tokens" }) }),
    check: prints(/\nCutOff \[\n? *'steps\.0: The answer was cut off by a token limit\. /)
  }],
  "items.ts": [{
    name: "as they complete",
    server: ({ Script }) => ({ script: Script.text(fishes) }),
    check: prints("koi: 70 cm\ncarp: 40 cm\ngoldfish: 20 cm\n3 fishes\n")
  }, {
    name: "after the answer was put right",
    server: ({ Script }) => ({ scripts: [Script.text("Koi, carp and goldfish.")], script: Script.text(fishes) }),
    check: ({ requests, stdout }) => {
      assert.equal(stdout, "koi: 70 cm\ncarp: 40 cm\ngoldfish: 20 cm\n3 fishes\n")
      assert.match(question(requests[1]), /Koi, carp and goldfish\.[^]*"centimetres"[^]*There is no JSON/)
    }
  }],
  "fallbacks.ts": [{
    name: "overloaded twice, then the spare",
    server: ({ Script }) => ({ scripts: [Script.status(529), Script.status(529)], script: Script.text("Hello") }),
    check: ({ requests, stdout }) => {
      assert.equal(stdout, "Hello\n")
      assert.deepEqual(requests.map(({ body }) => body.model), [
        "claude-opus-4-8",
        "claude-opus-4-8",
        "claude-haiku-4-5"
      ])
    }
  }],
  "weather-agent.ts": [{
    server: ({ Script }) => ({
      script: ({ body: { messages } }) => {
        return messages.length === 1
          ? Script.message({ blocks: [{ type: "text", tokens: ["Let me look.\n"] }, locate("Bern"), locate("Rom")] })
          : messages.length === 3
          ? Script.message({ blocks: [forecast(46.9, 7.4), locate("Rome")] })
          : Script.text("Some 13 degrees in Bern.")
      }
    }),
    check: ({ requests, stdout }) => {
      assert.equal(requests.length, 6)
      const [text, tree] = stdout.split("stop after 3 steps\n")
      const lines = text.trimEnd().split("\n")
      assert.equal(lines[0], "Let me look.")
      assert.equal(lines.at(-1), "Some 13 degrees in Bern.")
      assert.deepEqual(lines.slice(1, 3).toSorted(), [
        "[locate: [46.9,7.4]]",
        "[locate: {\"_tag\":\"NoSuchCity\",\"city\":\"Rom\"}]"
      ])
      assert.deepEqual(lines.slice(3, 5).toSorted(), ["[forecast: [13,15]]", "[locate: [41.9,12.5]]"])
      assert.equal(requests[1].body.messages[2].content[1].is_error, true)
      const events = tree.trimEnd().split("\n")
      assert.match(events[0], /^on_chain_start Agent/)
      assert.match(events.at(-1), /^on_chain_end Agent/)
      assert.equal(events.filter((event) => event.startsWith("  on_tool_start")).length, 4)
      assert.equal(events.filter((event) => event.startsWith("  on_tool_stream forecast")).length, 2)
      assert.equal(events.filter((event) => event.startsWith("  on_tool_error locate")).length, 1)
      assert.equal(events.filter((event) => event.startsWith("  on_tool_end")).length, 3)
    }
  }],
  "testing-chain.ts": [{
    server: () => ({}),
    check: ({ requests, stdout }) => {
      assert.match(stdout, /^goldfish .*Translate: poisson rouge/)
      assert.equal(requests.length, 0)
    }
  }]
}
