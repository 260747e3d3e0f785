/**
 * Texts of the demo model in prose, one function for each kind. Called by `answers.ts`. Pure.
 */
import type { Pick } from "./random.ts"
import { capitalize, countOf } from "./topic.ts"
import type { Topic } from "./topic.ts"

export const story = ({ subject, whole }: Topic, pick: Pick): string => {
  const hero = pick(["Ines", "Old Bartek", "Ravi", "Marit", "a clockmaker named Lio"])
  const place = pick(["a harbour town", "the last house of the valley", "a night train", "a library with no doors"])
  const turn = pick([
    "A letter came, folded so small that it took an evening to open, and it held two words: come quickly",
    "The lamps went out one by one, as if somebody were walking past them and did not want to be seen",
    "A child asked the one question that the grown-ups had agreed to leave alone"
  ])
  return `In ${place}, ${hero} collected rumours of ${whole}. Most were nothing, and were put back where they were found.\n\n`
    + `Then came a Tuesday that was not like the others. ${turn}. By midnight there was no more doubt: it was about ${subject}, `
    + `and it had been all along.\n\n`
    + `Nobody was told, at first. ${capitalize(hero)} only smiled at breakfast, and left the window open, just in case.`
}

export const joke = ({ subject }: Topic, pick: Pick): string =>
  pick([
    `Why did nobody argue with ${subject}? Because every discussion ended up in a loop, and then in a loop, and then in a loop.`,
    `I told my streaming library a joke about ${subject}. It laughed after the first token and cancelled the rest.`,
    `How many people does it take to understand ${subject}? One to understand it, and nine to wait for the punchline to finish `
    + "loading.",
    `A programmer was asked for a joke about ${subject}. "Sure," she said, "but you have to promise to handle it."`
  ])

const advice: readonly [string, ...Array<string>] = [
  "Begin with the smallest part of {topic} that could stand alone.",
  "Write down what would have to be true for {topic} to surprise you.",
  "Ask somebody who has no patience for {topic} what they would leave out.",
  "Spend ten minutes on {topic} with no screen in sight.",
  "Find one old photograph or drawing, and see what it says of {subject}.",
  "Make a bad version first; {subject} will show you where it hurts.",
  "Give {topic} a deadline, and a reward that is edible.",
  "Teach {subject} to a friend, and keep the questions.",
  "Measure something about {subject} before you change anything.",
  "Stop while {topic} is still fun."
]

export const list = (prompt: string, topic: Topic, pick: Pick): string => {
  const count = countOf(prompt, "[a-z]+", 5)
  const start = advice.indexOf(pick(advice))
  const items = Array.from({ length: count }, (_, i) => {
    const item = advice[(start + i) % advice.length] ?? advice[0]
    return `${i + 1}. ${item.replaceAll("{topic}", topic.whole).replaceAll("{subject}", topic.subject)}`
  })
  return `On ${topic.whole}:\n\n${items.join("\n")}`
}

export const recipe = ({ whole }: Topic, pick: Pick): string => {
  const herb = pick(["thyme", "dill", "a bay leaf", "smoked paprika"])
  const minutes = pick([12, 20, 25, 40])
  return `Simple ${whole}, for two:\n\n- 250 g of the main thing, in even pieces\n- 1 onion and 2 cloves of garlic, sliced\n`
    + `- 2 spoons of olive oil, salt, ${herb}\n\n`
    + `1. Warm the oil and let the onion turn gold, about 8 minutes.\n`
    + `2. Add the garlic and the ${herb.replace("a ", "")}; wait until you can smell both.\n`
    + `3. Add everything else, cover it, and leave it alone for ${minutes} minutes.\n`
    + "4. Taste, salt, taste again.\n\nA demo model has no tongue, so trust yours."
}

const bodies: ReadonlyArray<readonly [asked: RegExp, body: string]> = [
  [/sort|order/i, "[...input].sort()"],
  [/revers|backward/i, "[...input].reverse()"],
  [/sum|total|add/i, "input.reduce((sum, value) => sum + Number(value), 0)"],
  [/uniq|duplicat|distinct/i, "[...new Set(input)]"],
  [/count|length|many/i, "input.length"],
  [/longest|largest|max/i, "[...input].sort((a, b) => b.length - a.length)[0]"]
]

export const code = (prompt: string, { words }: Topic, pick: Pick): string => {
  const ascii = words.map((word) => word.replace(/[^a-z0-9]/gi, "")).filter((word) => /^[a-z]/i.test(word)).slice(0, 3)
  const name = ascii.map((word, i) => i === 0 ? word.toLowerCase() : capitalize(word.toLowerCase())).join("") ||
    "answer"
  const body = bodies.find(([asked]) => asked.test(prompt))?.[1]
    ?? `input.map((value) => ${pick(["value.trim()", "value.toLowerCase()", "value.split(\" \")"])})`
  return "A sketch, to show how code streams; a real model would work out the details:\n\n"
    + `\`\`\`ts\nexport const ${name} = (input: ReadonlyArray<string>) =>\n  ${body}\n\`\`\`\n\n`
    + `\`${name}\` takes a list and leaves it as it was. Give it an empty one first: that is where most bugs live.`
}

export const question = (prompt: string, topic: Topic, pick: Pick): string => {
  const about = topic.words.slice(0, 4).join(", ")
  const opening = pick([
    `You are asking about ${about}.`,
    `A good question, and ${about} are the words that carry it.`,
    `Take it slowly: ${about}.`
  ])
  const how =
    "First look at what goes in and what comes out. Then change one thing, and watch which of the two follows. "
    + "After three rounds of that the steps in between have nowhere left to hide."
  const why =
    "When something happens reliably, there is as a rule one cause that is large and near, and a dozen that are small "
    + "and far. Look for the near one first, and ask what would be different if it were gone."
  const what =
    "Start from an example rather than a definition: one that everybody would count in, and one that everybody would "
    + "count out. What the two do not share is most of the answer."
  const body = /\bhow\b/i.test(prompt) ? how : /\bwhy\b/i.test(prompt) ? why : what
  return `${opening} ${body}\n\nThat is as far as a demo model goes: it knows how answers look, and nothing about ${
    topic.words[0] ?? "this"
  }.`
}

export const greeting = (pick: Pick): string =>
  `${
    pick(["Hello!", "Hi there!", "Good to see you!"])
  } I am Rivulet's offline demo model. I know no facts, but I stream `
  + `nicely. ${pick(["Ask me for a song about goldfish.", "Ask me for a story.", "Try: 3 tips about rivers."])}`

export const translation = ({ words }: Topic): string =>
  "I cannot translate: I am a demo model that runs offline and speaks only the English its author wrote. I did read your words"
  + `${
    words.length === 0 ? "" : `, such as "${words.slice(0, 3).join("\", \"")}"`
  }, and a real model would put them into `
  + "any language you like."

export const reflection = ({ subject, whole, words }: Topic, pick: Pick): string => {
  const first = `"${words[0] ?? "this"}"`
  const second = `"${words.length > 1 ? words.at(-1) : "that"}"`
  return `${capitalize(whole)}: ${
    pick([
      "there is more in that than it seems.",
      "one could spend an afternoon on it.",
      "it depends on where one stands."
    ])
  } ${
    pick([
      `Those who love ${first} rarely agree on ${second}, and that is what keeps the talk going.`,
      `Between ${first} and ${second} there is a gap, and most of what is worth saying falls into it.`,
      `Whoever begins with ${first} ends up at ${second} sooner or later.`
    ])
  } ${
    pick([
      `If I had to bet, I would say that "${subject}" matters less for what it is than for what people do around it.`,
      `Give "${subject}" a little time, and it will tell you what it needs.`,
      `My advice is to look at "${subject}" twice: once as a stranger, and once as its owner.`
    ])
  }`
}
