/**
 * The texts of the demo model: the same text for the same prompt. It recognises the kind of text and the topic that a
 * prompt asks for. It has no knowledge, and says so where that matters. Called by `layer.ts`. Pure.
 */
import { sumIn } from "./arithmetic.ts"
import { code, greeting, joke, list, question, recipe, reflection, story, translation } from "./prose.ts"
import { picker } from "./random.ts"
import { topicOf, wordsOf } from "./topic.ts"
import { verses } from "./verses.ts"

/** The answer to a prompt, under a system prompt if there is one. */
export const answer = (prompt: string, system = ""): string => {
  const words = wordsOf(system)
  const text = byKind(prompt)
  return words.length === 0
    ? text
    : `${text}\n\n(Your system prompt begins with "${words.slice(0, 8).join(" ")}". A real model would follow it.)`
}

const byKind = (prompt: string): string => {
  const asks = (words: RegExp) => words.test(prompt)
  const topic = topicOf(prompt)
  const pick = picker(prompt)
  if (
    asks(/\btranslat(?:e|ion)\b|\b(?:in|into|to) (?:french|german|spanish|italian|polish|japanese|chinese|latin)\b/i)
  ) {
    return translation(topic)
  }
  if (asks(/\b(?:songs?|poems?|verses?|lyrics|haiku|rhymes?|ballad|limerick|stanzas?)\b/i)) {
    return verses(prompt, topic, pick)
  }
  if (asks(/\b(?:story|stories|tale|fable)\b/i)) return story(topic, pick)
  if (asks(/\b(?:jokes?|pun|funny)\b/i)) return joke(topic, pick)
  if (asks(/\b(?:recipe|cook|bake)\b/i)) return recipe(topic, pick)
  if (asks(/\b(?:code|function|program|script|regex|typescript|javascript|python|sql)\b/i)) {
    return code(prompt, topic, pick)
  }
  if (asks(/\b(?:list|ideas|tips|ways|reasons|steps|names|facts|things)\b/i)) return list(prompt, topic, pick)
  const sum = sumIn(prompt)
  if (sum !== undefined) return sumAnswer(sum.expression, sum.value)
  if (asks(/^\W*(?:hi|hello|hey|howdy|greetings|good (?:morning|afternoon|evening)|bonjour|hallo)\b/i)) {
    return greeting(pick)
  }
  if (asks(/\b(?:how|why|what|who|when|where|which)\b|\?\s*$/i)) return question(prompt, topic, pick)
  return reflection(topic, pick)
}

const sumAnswer = (expression: string, value: number): string =>
  Number.isFinite(value)
    ? `${expression} = ${Number(value.toPrecision(12))}\n\nThat much even a demo model can work out.`
    : `${expression} has no value: it divides by zero.`
