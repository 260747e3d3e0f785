/**
 * The topic of a prompt, and words for texts about it. Called by `answers.ts` and the texts. Pure; imports nothing.
 */

/** The topic of a prompt, as far as its words tell. */
export interface Topic {
  /** The complete topic: `goldfish on the moon`. */
  readonly whole: string
  /** The words before the first preposition: `goldfish`. */
  readonly subject: string
  /** The words with a meaning of their own: `goldfish`, `moon`. */
  readonly words: ReadonlyArray<string>
}

const longest = 9

/** Finds the topic of a prompt: the words after "about", or else the words that do not belong to the request itself. */
export const topicOf = (prompt: string): Topic => {
  const about = /\b(?:about|regarding|concerning|on the subject of)\s+([^.?!;:\n]+)/iu.exec(prompt)?.[1]
  const all = wordsOf(about ?? prompt)
  const asked = trim(all, about === undefined ? isFiller : isPlea)
  const phrase = asked.slice(0, longest)
  const words = [...new Set(phrase.filter((word) => !isFiller(word)))]
  if (words.length === 0) return { whole: "the open page", subject: "the open page", words: ["page"] }
  const end = phrase.findIndex((word, i) => i > 0 && prepositions.has(word.toLowerCase()))
  return { whole: phrase.join(" "), subject: phrase.slice(0, end === -1 ? undefined : end).join(" "), words }
}

/** The words of a text. Other characters, such as control characters, are left out. */
export const wordsOf = (text: string): ReadonlyArray<string> => text.match(/[\p{L}\p{N}][\p{L}\p{M}\p{N}'’-]*/gu) ?? []

/** With a capital letter. */
export const capitalize = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** The number a prompt asks for before one of `things`, as in "three verses" or "5 short tips", from 1 to `most`. */
export const countOf = (prompt: string, things: string, byDefault: number, most = 10): number => {
  const found = new RegExp(`\\b(\\d+|${numbers.join("|")})[- ](?:[\\w-]+ )?(?:${things})\\b`, "iu").exec(prompt)?.[1]
  if (found === undefined) return byDefault
  const word = numbers.indexOf(found.toLowerCase())
  return Math.min(most, Math.max(1, word === -1 ? Number(found) : word === 0 ? 1 : word))
}

const numbers = ["a", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]

const trim = (words: ReadonlyArray<string>, drop: (word: string) => boolean): ReadonlyArray<string> => {
  const start = words.findIndex((word) => !drop(word))
  if (start === -1) return []
  const rest = words.slice(start, words.findLastIndex((word) => !drop(word)) + 1)
  const article = words[start - 1]?.toLowerCase() ?? ""
  return /^(?:the|an?|my|your|our)$/.test(article) ? [article, ...rest] : rest
}

const prepositions = new Set(
  "on in at under over by with from of for to near inside above below through who that".split(" ")
)

const isPlea = (word: string): boolean => word.toLowerCase() === "please"

const isFiller = (word: string): boolean => /^\d$/.test(word) || filler.has(word.toLowerCase())

const filler = new Set(
  `a an the and or but not no of in on at to for from by with about into over under as than that this these those it its
  is are was were be been am do does did can could would should will shall may might must have has had i me my mine we us
  our you your yours he she they them his her their what which who whom whose when where why how please kindly tell give
  write make show explain describe say create compose need want like let get some any short long quick brief simple nice
  good just very so if then there here one two three four five six seven eight nine ten verse verses song songs poem
  poems haiku lyrics rhyme story stories tale joke jokes list lists idea ideas tip tips way ways reason reasons recipe
  recipes code function program script translate translation translated cook bake thing things stuff up out`
    .split(/\s+/)
)
