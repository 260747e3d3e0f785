// The variables of a prompt are part of its type.
import { ChatModel, ChatPrompt, Message, Runnable } from "rivulet"

const poem = ChatPrompt.make([["system", "You are a {kind} poet."], ["human", "{{n}} about {topic}"]])
poem.stream({ kind: "sad", topic: "goldfish" })
poem.format({ kind: "sad", topic: 1 })
// @ts-expect-error a variable is missing
poem.stream({ kind: "sad" })
// @ts-expect-error a brace that stands for itself opens no variable
poem.stream({ kind: "sad", topic: "goldfish", n: 1 })
// @ts-expect-error a value is a text or a number
poem.stream({ kind: "sad", topic: {} })

const picture = ChatPrompt.make([
  ["system", [{ type: "text", text: "Be {style}" }]],
  ["human", ["How many {things}?", Message.image({ url: "https://example.com/{not}.png" })]]
])
picture.invoke({ style: "brief", things: "fish" })
// @ts-expect-error the variables of parts are needed too
picture.invoke({ style: "brief" })
// @ts-expect-error an image has no variables
picture.invoke({ style: "brief", things: "fish", not: "x" })
// @ts-expect-error only a human message has images
ChatPrompt.make([["system", [Message.image({ url: "https://example.com/fish.png" })]]])

const sad = ChatPrompt.partial(poem, { kind: "sad" })
sad.stream({ topic: "goldfish" })
// @ts-expect-error what was given is gone
sad.stream({ topic: "goldfish", kind: "sad" })
// @ts-expect-error what was not given is still needed
sad.stream({})
// @ts-expect-error there is no such variable
ChatPrompt.partial(poem, { kid: "sad" })
// @ts-expect-error a value is a text or a number
ChatPrompt.partial(poem, { kind: true })
ChatPrompt.partial(sad, { topic: "goldfish" }).stream({})

const chat = ChatPrompt.make([ChatPrompt.placeholder("past"), ["human", "{question}"]])
chat.invoke({ past: [Message.human("Hi")], question: "?" })
// @ts-expect-error a placeholder takes messages
chat.invoke({ past: "Hi", question: "?" })
ChatPrompt.partial(chat, { past: [] }).invoke({ question: "?" })
// @ts-expect-error a place for messages is no text
ChatPrompt.partial(chat, { past: "" })

const examples = ChatPrompt.fewShot({ examples: [{ q: "hot", a: "cold" }], human: "{q}", ai: "{a}" })
ChatPrompt.make([...examples, ["human", "{word}"]]).invoke({ word: "big" })
// @ts-expect-error an example lacks its answer
ChatPrompt.fewShot({ examples: [{ q: "hot" }], human: "{q}", ai: "{a}" })

Runnable.sequence(sad, ChatModel.runnable).stream({ topic: "goldfish" })
// @ts-expect-error the variables are those of the chain
Runnable.sequence(sad, ChatModel.runnable).stream({ kind: "sad" })

declare const unknownText: string
ChatPrompt.make(unknownText).invoke({ whatever: "it needs" })
