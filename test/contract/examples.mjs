// The behaviour of each example: the answers of the server, the output, and the requests that the server received.
import assert from "node:assert/strict"
import { broken, brokenOff, oneRequest, pieces, prints, question, song } from "./shared.mjs"

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

/** A tool call, as a block of an answer. */
const toolUse = (id, name, args) => ({ type: "tool_use", id: `toolu_${id}`, name, args })
const locate = (city) => toolUse(city, "locate", { city })
const forecast = (latitude, longitude) => toolUse(latitude, "forecast", { latitude, longitude })

/** The examples, each with the cases in which it is run. */
export const examples = {
  "structured.ts": [{
    answers: ({ Script }) => {
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
    answers: ({ Script }) => ({ script: Script.text(`{"name": "Soup", "minutes": 0, "steps": []}`) }),
    check: prints(/^(.*\n)*Mismatch: .*minutes/)
  }, {
    name: "an answer that was cut off",
    answers: ({ Script }) => ({ script: Script.text(`{"name": "Soup", "steps": ["Cu`, { stopReason: "max_tokens" }) }),
    check: prints(/^(.*\n)*CutOff: /)
  }],
  "song.ts": [{
    answers: ({ Script }) => ({ script: Script.text(song) }),
    check: ({ requests, stdout }) => {
      assert.match(stdout, /^Goldfish\| swim\| on\| the\| moon\| tonight\|\|?\nstop, 6 tokens\n$/)
      oneRequest(requests)
    }
  }],
  "for-await.ts": [{
    answers: ({ Script }) => ({ script: Script.endless({ token: " one" }) }),
    check: (ran) => {
      assert.equal(ran.stdout, " one one one one one ...that is enough\n")
      brokenOff(ran)
    }
  }],
  "approve-mcp.ts": [{
    server: "openai",
    answers: ({ OpenAiScript: { responses } }) => {
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
    server: "ollama",
    answers: ({ OpenAiScript: { chat } }) => ({ script: answer(chat) }),
    check: ({ requests: [{ body, headers, path }], stdout }) => {
      assert.equal(stdout, "SIX SEVENS42\n")
      assert.deepEqual([path, body.model, headers.authorization], ["/v1/chat/completions", "qwen3:4b", undefined])
    }
  })),
  "models-by-name.ts": [{
    answers: ({ Script }) => ({ script: Script.text("I am Claude") }),
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
    answers: ({ Script }) => ({ script: Script.text("Hello, I am Claude") }),
    check: prints(
      /^claude-haiku-4-5: Hello, I am Claude \(\d chunks\)\nparrot: Hello! You sent 1 message\. \(1 chunks\)\n$/
    )
  }],
  "outcomes.ts": [{
    name: "a whole answer",
    answers: ({ Script }) => ({ script: Script.text(song) }),
    check: prints(`${song}\nThe end.\n`)
  }, {
    name: "429",
    answers: ({ Script }) => ({ script: Script.status(429, { headers: { "retry-after": "90" } }) }),
    check: ({ requests, stdout }) => {
      assert.match(stdout, /^Too many requests\. Wait 1m 30s\.\n$/)
      assert.equal(requests.length, 1, "so long a wait is the caller's to decide")
    }
  }, {
    name: "401",
    answers: ({ Script }) => ({ script: Script.status(401) }),
    check: prints(/^No access: /)
  }, {
    name: "two times 529, then an answer",
    answers: ({ Script }) => ({ scripts: [Script.status(529), Script.status(529)], script: Script.text(song) }),
    check: ({ requests, stdout }) => {
      assert.equal(stdout, `${song}\nThe end.\n`)
      assert.equal(requests.length, 3)
    }
  }, {
    name: "a body that ends too early",
    answers: ({ Script }) => ({ script: broken(Script) }),
    check: prints(/\n\[TruncatedError\] .*\n kept 33 characters, 10 input tokens, request req_/)
  }],
  "two-models.ts": [{
    answers: ({ Script }) => ({ scripts: [Script.text("Rain, rain, rain")], script: Script.text("No.") }),
    check: ({ requests, stdout }) => {
      assert.equal(stdout, "claude-haiku-4-5: Rain, rain, rain\nclaude-opus-4-8: No.\n")
      const [draft, review] = requests.map(({ body }) => body)
      assert.deepEqual([draft.model, draft.max_tokens], ["claude-haiku-4-5", 500])
      assert.deepEqual([review.model, review.output_config], ["claude-opus-4-8", { effort: "high" }])
      assert.deepEqual(review.messages[1], { role: "assistant", content: [{ type: "text", text: "Rain, rain, rain" }] })
    }
  }],
  "batch.ts": [{
    answers: ({ Script }) => ({
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
    answers: ({ Script }) => ({
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
    answers: () => ({}),
    check: ({ requests, stdout }) => {
      assert.equal(stdout, "All as expected\n")
      assert.equal(requests.length, 0)
    }
  }],
  "cassette.ts": [{
    answers: () => ({}),
    check: ({ requests, stdout }) => {
      assert.match(stdout, /^Goldfish.* \(NetworkError\)\n \(UnsupportedError\)\nAll as expected\n$/)
      assert.equal(requests.length, 0)
    }
  }],
  "chain.ts": [{
    answers: ({ Script }) => ({ script: Script.text(song) }),
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
    answers: ({ Script }) => ({ script: Script.endless({ token: " la", delay: "1 millis" }) }),
    check: (ran) => {
      const lines = ran.stdout.trimEnd().split("\n")
      assert.equal(lines.length, 6)
      assert.equal(lines[0], "on_chain_start RunnableSequence 0")
      assert.equal(lines[5], "...Truncated")
    }
  }],
  "parallel.ts": [{
    answers: ({ Script }) => ({
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
    answers: ({ Script }) => ({
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
    answers: ({ Script }) => ({ script: Script.text(recipe.replace("30", "\"long\"")) }),
    check: prints(/\nMismatch \[ 'minutes: Expected number.*' \]\n$/)
  }, {
    name: "one that a limit cuts off",
    answers: ({ Script }) => ({ script: Script.text(recipe.slice(0, 60), { stopReason: "max_tokens" }) }),
    check: prints(/\nCutOff \[\n? *'steps\.0: The answer was cut off by a token limit\. /)
  }],
  "items.ts": [{
    name: "as they complete",
    answers: ({ Script }) => ({ script: Script.text(fishes) }),
    check: prints("koi: 70 cm\ncarp: 40 cm\ngoldfish: 20 cm\n3 fishes\n")
  }, {
    name: "after the answer was put right",
    answers: ({ Script }) => ({ scripts: [Script.text("Koi, carp and goldfish.")], script: Script.text(fishes) }),
    check: ({ requests, stdout }) => {
      assert.equal(stdout, "koi: 70 cm\ncarp: 40 cm\ngoldfish: 20 cm\n3 fishes\n")
      assert.match(question(requests[1]), /Koi, carp and goldfish\.[^]*"centimetres"[^]*There is no JSON/)
    }
  }],
  "other-models.ts": [{
    answers: ({ Script }) => ({ scripts: [Script.status(529)], script: Script.text("Hello there") }),
    check: ({ requests, stdout }) => {
      assert.equal(stdout, "claude-haiku-4-5: Hello there\n")
      assert.deepEqual(requests.map(({ body }) => body.model), ["claude-opus-4-8", "claude-haiku-4-5"])
    }
  }, {
    name: "if both fail",
    answers: ({ Script }) => ({ scripts: [Script.status(529)], script: Script.status(429) }),
    check: ({ requests, stdout }) => {
      assert.equal(stdout, "claude-opus-4-8: OverloadedError\nclaude-haiku-4-5: RateLimitError\n")
      assert.equal(requests.length, 2)
    }
  }],
  "fallbacks.ts": [{
    name: "overloaded twice, then the spare",
    answers: ({ Script }) => ({ scripts: [Script.status(529), Script.status(529)], script: Script.text("Hello") }),
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
    answers: ({ Script }) => ({
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
  "telemetry.ts": [{
    answers: ({ Script }) => ({
      script: ({ body: { messages } }) =>
        JSON.stringify(messages).includes("joke")
          ? Script.text("A goldfish walks into a bowl.")
          : messages.length === 1
          ? Script.message({ blocks: [toolUse("1", "get_weather", { city: "Paris" })] })
          : Script.text("It is 5 degrees in Paris.")
    }),
    check: ({ requests, stdout }) => {
      assert.equal(requests.length, 3)
      const [answer, joke, ...tree] = stdout.trimEnd().split("\n")
      assert.equal(answer, "It is 5 degrees in Paris.")
      assert.equal(joke, "A goldfish walks into a bowl.")
      assert.deepEqual(tree.map((line) => line.slice(0, 34).trimEnd()), [
        "app",
        "  invoke_agent Weather",
        "    chat claude-haiku-4-5",
        "    execute_tool get_weather",
        "      look up",
        "    chat claude-haiku-4-5",
        "  RunnableSequence",
        "    ChatPromptTemplate",
        "    chat claude-haiku-4-5",
        "    StrOutputParser"
      ])
      for (const line of tree.filter((line) => line.includes("chat"))) {
        assert.match(line, /completed \d+ -> \d+ tokens first chunk after \d+ ms$/)
      }
    }
  }],
  "testing-agent.ts": [{
    answers: () => ({}),
    check: ({ requests, stdout }) => {
      assert.match(stdout, /^Property falsified.*\n- average\(\{"numbers":\[\]\}\)\n/s)
      assert.equal(requests.length, 0)
    }
  }],
  "serve.ts": [{
    answers: () => ({}),
    check: ({ requests, stdout }) => {
      assert.equal(stdout, "Goldfish| dream| of| rivulets|\nstopped\n")
      assert.equal(requests.length, 0)
    }
  }],
  "testing-chain.ts": [{
    answers: () => ({}),
    check: ({ requests, stdout }) => {
      assert.match(stdout, /^goldfish .*Translate: poisson rouge/)
      assert.equal(requests.length, 0)
    }
  }]
}
