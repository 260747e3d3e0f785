/**
 * Songs and poems of the demo model. Called by `answers.ts`. Pure.
 */
import type { Pick } from "./random.ts"
import { capitalize, countOf } from "./topic.ts"
import type { Topic } from "./topic.ts"

/** The ground and the light of a place, by a word of the topic. */
const scenes: ReadonlyArray<readonly [at: RegExp, ground: string, light: string]> = [
  [/moon|space|star|planet|mars|sky/i, "silver craters", "earthlight"],
  [/sea|ocean|fish|wave|whale|river|lake|water/i, "coral gardens", "lamplight on water"],
  [/city|street|train|office|code|computer|robot/i, "humming rooftops", "window light"],
  [/snow|winter|ice|mountain/i, "frozen meadows", "the blue of the snow"],
  [/wood|forest|tree|garden|flower|summer/i, "tangled branches", "leaf-green sun"],
  [/(?:)/, "sleeping hillsides", "starlight"]
]

type Couplets = readonly [string, ...Array<string>]

const openings: Couplets = [
  "Sing me of {topic}, and sing it tonight,\nA shimmer of silver, a ripple of light,",
  "Oh, nobody told me of {topic} before,\nAnd now I keep humming for just one verse more,",
  "They said there could never be {topic}, my dear,\nBut hush for a moment, and what do you hear?",
  "I woke before morning and whistled a tune\nOf {topic}, and hummed it till noon,"
]

const middles: Couplets = [
  "With {ground} below and with {light} above,\nA tune for whatever we wonder at and love,",
  "Over the {ground} and into the blue\nWent {subject}, with nothing much better to do,",
  "The {ground} lay waiting, the night was so wide,\nAnd {subject} came dancing along for the ride,",
  "A bubble, a whisper, a turn and a glide,\nWhere {light} fell softly on every side,"
]

const endings: Couplets = [
  "So hold up a glass to whatever may gleam,\nFor {topic} began as somebody's dream.",
  "And if you should ask me what made the night bright:\n{Topic}, my friend, in the last of the light.",
  "Now round goes the chorus, and softly it ends:\nHere's to {topic}, and here's to our friends.",
  "The tune has no ending, it only goes slow;\nAsk {subject} tomorrow, for {subject} will know."
]

/** A song or a poem of as many verses as are asked for. */
export const verses = (prompt: string, topic: Topic, pick: Pick): string => {
  if (/\bhaiku\b/i.test(prompt)) return haiku(topic, pick)
  const count = countOf(prompt, "verses?|stanzas?", /\bverse\b/i.test(prompt) ? 1 : 2, 8)
  const [, ground = "", light = ""] = scenes.find(([at]) => at.test(topic.whole)) ?? []
  const fill = (lines: string) =>
    lines
      .replaceAll("{topic}", topic.whole)
      .replaceAll("{Topic}", capitalize(topic.whole))
      .replaceAll("{subject}", topic.subject)
      .replaceAll("{ground}", ground)
      .replaceAll("{light}", light)
  const kinds = [openings, middles, endings].map((couplets) => shuffle(couplets, pick))
  return Array.from(
    { length: count },
    (_, verse) => kinds.map((couplets) => fill(couplets[verse % couplets.length] ?? couplets[0])).join("\n")
  ).join("\n\n")
}

const haiku = (topic: Topic, pick: Pick): string =>
  `${capitalize(topic.subject)},\n${
    pick(["and the hush before the rain:", "one ripple, and then no more:", "older than the garden wall:"])
  }\n${pick(["someone turns the page.", "a door left open.", "the kettle answers."])}`

/** The list from a place that is picked, so that the verses of one song differ. */
const shuffle = (couplets: Couplets, pick: Pick): Couplets => {
  const start = couplets.indexOf(pick(couplets))
  const [first = couplets[0], ...rest] = [...couplets.slice(start), ...couplets.slice(0, start)]
  return [first, ...rest]
}
