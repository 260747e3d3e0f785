import { assert, describe, it } from "@effect/vitest"
import { answer } from "../../src/cli/demo/answers.ts"
import { sumIn } from "../../src/cli/demo/arithmetic.ts"
import { tokenize } from "../../src/cli/demo/tokens.ts"
import { topicOf } from "../../src/cli/demo/topic.ts"

const prompts = [
  "Write me a 1 verse song about goldfish on the moon",
  "Write me a 3 verse song about goldfish on the moon",
  "Write me a 1 verse song about a lighthouse in the fog",
  "A haiku about autumn rain",
  "Tell me a story about a lost key",
  "Tell me a joke about cats",
  "Give me 7 tips for a rainy Sunday",
  "A recipe for leek soup",
  "Write a function that sorts numbers",
  "How do planes fly?",
  "Why is the sky blue?",
  "What is a monad?",
  "Hello!",
  "What is 12 / 5?",
  "Translate 'good morning' to French",
  "The future of small bookshops",
  "",
  "  \n ",
  "!!!",
  "日本語で 👩‍🚀 naïve\r\n\tcafé",
  "x".repeat(5000)
]

const verses = (text: string) => text.split("\n\n").length

const value = (text: string) => sumIn(text)?.value

describe("the demo's answers", () => {
  it("are the same for the same prompt, and others for others", () => {
    const answers = prompts.map((prompt) => answer(prompt))
    assert.deepStrictEqual(prompts.map((prompt) => answer(prompt)), answers)
    const worded = answers.filter((_, i) => /\w/.test(prompts[i]!))
    assert.strictEqual(new Set(worded).size, worded.length)
    for (const text of answers) {
      assert.isAbove(text.trim().length, 5)
      assert.notMatch(text, /\{|undefined|NaN/)
    }
  })

  it("have as many verses and items as were asked for", () => {
    assert.strictEqual(verses(answer("Write me a 1 verse song about goldfish on the moon")), 1)
    assert.strictEqual(verses(answer("Write me three short verses about snow")), 3)
    assert.lengthOf(answer("Give me 7 tips for a rainy Sunday").match(/^\d+\. /gm) ?? [], 7)
  })

  it("are about the prompt", () => {
    assert.include(answer("Write me a 1 verse song about goldfish on the moon"), "goldfish on the moon")
    assert.include(answer("Tell me a story about a lost key"), "a lost key")
    assert.include(answer("A recipe for leek soup"), "leek soup")
    assert.include(answer("Translate 'good morning' to French"), "I cannot translate")
    assert.match(answer("What is 12 / 5?"), /^12 \/ 5 = 2\.4/)
    assert.include(answer("Hi", "You are a pirate"), "You are a pirate")
  })

  it("repeat no control characters", () => {
    assert.notInclude(answer("Tell me about \u001b[31mred\u0007 things"), "\u001b")
  })
})

describe("the demo's topics", () => {
  it("are what is asked about", () => {
    assert.deepStrictEqual(topicOf("Write me a 1 verse song about goldfish on the moon"), {
      whole: "goldfish on the moon",
      subject: "goldfish",
      words: ["goldfish", "moon"]
    })
    assert.strictEqual(topicOf("Please tell me about the sea, please").whole, "the sea")
    assert.strictEqual(topicOf("Give me 3 tips").whole, "the open page")
  })
})

describe("the demo's sums", () => {
  it("come out right", () => {
    assert.strictEqual(value("what is 3 * (4 + 5)?"), 27)
    assert.strictEqual(value("1 - 2 - 3"), -4)
    assert.strictEqual(value("10 plus 4 divided by 8"), 10.5)
    assert.strictEqual(value("-3 x 2.5"), -7.5)
    assert.strictEqual(value("((1 + 2"), undefined)
    assert.strictEqual(value("in 2024-05-01"), undefined)
    assert.strictEqual(value("route 66"), undefined)
    assert.include(answer("1 / 0"), "divides by zero")
  })
})

describe("the demo's tokens", () => {
  it("are the text, cut", () => {
    for (const text of [...prompts, ...prompts.map((prompt) => answer(prompt))]) {
      assert.strictEqual(tokenize(text).join(""), text)
    }
  })

  it("are cut as a tokenizer would", () => {
    assert.deepStrictEqual(tokenize("It's 12345 goldfish, swimming.\n\n  Done 👍"), [
      "It",
      "'s",
      " 123",
      "45",
      " gold",
      "fish",
      ",",
      " swim",
      "ming",
      ".",
      "\n\n",
      " ",
      " Done",
      " 👍"
    ])
  })
})
