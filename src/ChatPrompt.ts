/**
 * Prompt templates: messages with variables.
 *
 * **Details**
 *
 * A variable is written `{name}`, and a literal brace `{{` or `}}`. The variables are part of the prompt's type, so a
 * missing value is a compile error. Values are inserted as they are: variables in them are not replaced.
 *
 * **Gotchas**
 *
 * A prompt has no typed failure. If a value is missing or is neither a text nor a number at runtime, because the caller
 * has no types, the run dies with a `TypeError` that names the variable.
 *
 * @module
 * @since 0.1.0
 * @stability stable
 */
import * as Effect from "effect/Effect"
import { nameOf } from "./internal/excerpt.ts"
import { isObject } from "./internal/json/object.ts"
import { problemOf, toMessages } from "./internal/model/messages.ts"
import type { MessageTuple } from "./internal/model/request.ts"
import { singleValue } from "./internal/runnable/make.ts"
import type { Runnable } from "./internal/step/types.ts"
import { ai, human, system, text } from "./Message.ts"
import type { FilePart, ImagePart, Message, PromptValue, TextPart } from "./Message.ts"

// -----------------------------------------------------------------------------
// templates
// -----------------------------------------------------------------------------

/** A placeholder for a list of messages, such as the conversation so far. */
export interface Placeholder<Name extends string> {
  readonly type: "placeholder"
  /** The name of the variable that holds the messages. */
  readonly name: Name
}

/**
 * Makes a placeholder for a list of messages, such as the conversation so far.
 *
 * **Example** (A prompt with earlier messages)
 *
 * ```ts
 * import { ChatPrompt, Message } from "rivulet"
 *
 * const prompt = ChatPrompt.make([ChatPrompt.placeholder("past"), ["human", "{question}"]])
 * prompt.invoke({ past: [Message.human("Hi"), Message.ai("Hello!")], question: "Who are you?" })
 * ```
 */
export const placeholder = <const Name extends string>(name: Name): Placeholder<Name> => ({ type: "placeholder", name })

/** A role and its parts. Strings and text parts are templates; images and files are used as they are. */
export type PartsTuple =
  | readonly [role: "human", content: ReadonlyArray<string | TextPart | ImagePart | FilePart>]
  | readonly [role: "system" | "ai", content: ReadonlyArray<string | TextPart>]

/** An element of a prompt: a role with a template or parts, a message that is used as it is, or a placeholder. */
export type Template = MessageTuple | PartsTuple | Message | Placeholder<string>

// Escaped braces are removed first, so that they do not open a variable.
type Plain<S extends string> = S extends `${infer A}{{${infer B}` ? Plain<`${A}${B}`>
  : S extends `${infer A}}}${infer B}` ? Plain<`${A}${B}`>
  : S

type NamesIn<S extends string> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never

/** The names of the variables of a template; `string` if the compiler does not know its text. */
export type Variables<S extends string> = string extends S ? string : NamesIn<Plain<S>>

type PartNames<Part> = Part extends string ? Variables<Part>
  : Part extends { readonly type: "text"; readonly text: infer S extends string } ? Variables<S>
  : never

type TextNames<T> = T extends readonly [string, infer Content]
  ? Content extends string ? Variables<Content> : Content extends ReadonlyArray<infer Part> ? PartNames<Part> : never
  : never

type ListNames<T> = T extends Placeholder<infer Name> ? Name : never

/** The input of a prompt with these templates: a value for each variable. */
export type Input<T extends ReadonlyArray<Template>> =
  & { readonly [Name in TextNames<T[number]>]: string | number }
  & { readonly [Name in ListNames<T[number]>]: ReadonlyArray<Message> }

// -----------------------------------------------------------------------------
// prompts
// -----------------------------------------------------------------------------

/** A prompt: a step from the values of its variables to messages. */
export interface ChatPrompt<in In> extends Runnable<In, PromptValue> {
  /** Formats the prompt outside of a chain. Throws a `TypeError` that names the variable if a value is missing. */
  readonly format: (values: In) => PromptValue
}

/**
 * Makes a prompt from the template of one human message, or from a list of templates.
 *
 * **Example** (Two messages, two variables)
 *
 * ```ts
 * import { ChatPrompt } from "rivulet"
 *
 * const prompt = ChatPrompt.make([
 *   ["system", "You are a {kind} poet."],
 *   ["human", "A song about {topic}"]
 * ])
 * prompt.invoke({ kind: "sad", topic: "goldfish" })
 * ```
 *
 * **Example** (A picture)
 *
 * ```ts
 * import { ChatPrompt, Message } from "rivulet"
 *
 * const prompt = ChatPrompt.make([
 *   ["human", ["How many {things} are there?", Message.image({ url: "https://example.com/fish.png" })]]
 * ])
 * prompt.invoke({ things: "goldfish" })
 * ```
 */
export const make: {
  <const S extends string>(template: S): ChatPrompt<Input<readonly [readonly ["human", S]]>>
  <const T extends ReadonlyArray<Template>>(templates: T): ChatPrompt<Input<T>>
} = (templates: string | ReadonlyArray<Template>): ChatPrompt<Values> => {
  const parts = (typeof templates === "string" ? [["human", templates] as const] : templates).map((template, i) =>
    compile(normalized(template, `templates[${i}]`))
  )
  return promptOf((values) => ({ _tag: "PromptValue", messages: parts.flatMap((part) => part(values)) }))
}

/**
 * Fills in some of the variables in advance. They are no longer part of the input, and values for them are ignored.
 *
 * **Example** (One prompt for each language)
 *
 * ```ts
 * import { ChatPrompt } from "rivulet"
 *
 * const translate = ChatPrompt.make("Say {text} in {language}")
 * const french = ChatPrompt.partial(translate, { language: "French" })
 * french.invoke({ text: "Good morning" })
 * ```
 */
export const partial = <In, const Name extends keyof In>(
  self: ChatPrompt<In>,
  values: Pick<In, Name>
): ChatPrompt<Omit<In, Name>> =>
  // Together the two have a value for every variable.
  promptOf((later) => self.format({ ...later, ...values } as unknown as In))

/**
 * Makes the messages of few-shot examples: a human message and an answer for each example.
 *
 * **Example** (Opposites)
 *
 * ```ts
 * import { ChatPrompt } from "rivulet"
 *
 * const opposites = ChatPrompt.fewShot({
 *   examples: [{ word: "hot", opposite: "cold" }, { word: "big", opposite: "small" }],
 *   human: "{word}",
 *   ai: "{opposite}"
 * })
 * const prompt = ChatPrompt.make([["system", "Give the opposite."], ...opposites, ["human", "{word}"]])
 * ```
 */
export const fewShot = <const Human extends string, const AI extends string>(options: {
  /** The values of the variables, for each example. */
  readonly examples: ReadonlyArray<Input<readonly [readonly ["human", NoInfer<Human>], readonly ["ai", NoInfer<AI>]]>>
  /** The template of the human message. */
  readonly human: Human
  /** The template of the answer. */
  readonly ai: AI
}): ReadonlyArray<Message> => {
  const question = compileText(options.human)
  const answer = compileText(options.ai)
  return options.examples.flatMap((values) => [human(question(values)), ai(answer(values))])
}

// -----------------------------------------------------------------------------
// internal
// -----------------------------------------------------------------------------

type Values = Readonly<Record<string, unknown>>

const promptOf = (format: (values: Values) => PromptValue): ChatPrompt<Values> => ({
  ...singleValue(
    {
      type: "prompt",
      name: "ChatPromptTemplate",
      events: { output: ({ messages }: PromptValue) => ({ messages }) }
    },
    (input: Values) => Effect.sync(() => format(input))
  ),
  format
})

/** A template of a caller without types, who may write roles and messages as most APIs have them. */
const normalized = (template: unknown, field: string): Template => {
  const [role, content]: ReadonlyArray<unknown> = Array.isArray(template) && template.length === 2
    ? template
    : isObject(template)
    ? [template["role"], template["content"]]
    : []
  if (isObject(template) && template["type"] === "placeholder") return template as unknown as Placeholder<string>
  // In a template, a string among the parts is a text.
  const whole = Array.isArray(content) ? content.map((part) => typeof part === "string" ? text(part) : part) : content
  const written = role === undefined
    ? template
    : { ...(isObject(template) ? template : undefined), role, content: whole }
  const [message] = toMessages([written as Message])
  const problem = message === undefined ? undefined : problemOf(message)
  if (message !== undefined && problem === undefined) {
    const known = message._tag === "ToolMessage" || isObject(template) && "tool_calls" in template
      ? undefined
      : roles.get(String(role))
    return known === undefined ? message : [known, content] as Template // as has just been checked
  }
  throw new TypeError(`ChatPrompt: ${field}${problem?.[0].slice("messages[0]".length)} ${problem?.[1]}`)
}

const roles: ReadonlyMap<string, PartsTuple[0]> = new Map([
  ["system", "system"],
  ["developer", "system"],
  ["human", "human"],
  ["user", "human"],
  ["ai", "ai"],
  ["assistant", "ai"]
])

const compile = (template: Template): (values: Values) => ReadonlyArray<Message> => {
  if ("_tag" in template) return () => [template]
  if ("type" in template) return (values) => messagesOf(values, template.name)
  if (isPlain(template)) {
    const [role, content] = template
    const fill = compileText(content)
    const message = role === "system" ? system : role === "ai" ? ai : human
    return (values) => [message(fill(values))]
  }
  if (template[0] === "human") {
    const parts = template[1].map((part) => isText(part) ? compilePart(part) : () => part)
    return (values) => [human(parts.map((part) => part(values)))]
  }
  const parts = template[1].map(compilePart)
  const message = template[0] === "system" ? system : ai
  return (values) => [message(parts.map((part) => part(values)))]
}

const isPlain = (template: MessageTuple | PartsTuple): template is MessageTuple => typeof template[1] === "string"

const isText = (part: string | TextPart | ImagePart | FilePart): part is string | TextPart =>
  typeof part === "string" || part.type === "text"

const compilePart = (part: string | TextPart): (values: Values) => TextPart => {
  const fill = compileText(typeof part === "string" ? part : part.text)
  return typeof part === "string" ? (values) => text(fill(values)) : (values) => ({ ...part, text: fill(values) })
}

/** Splits a template into texts and variables, once, and returns a function that fills them in. */
const compileText = (template: string): (values: Values) => string => {
  const pieces = template.split(/(\{\{|\}\}|\{[^{}]*\})/).map((piece, i) => {
    // The separators that `split` captured are at the odd positions.
    if (i % 2 === 0) return piece
    return piece === "{{" ? "{" : piece === "}}" ? "}" : { name: piece.slice(1, -1) }
  })
  return (values) => pieces.map((piece) => typeof piece === "string" ? piece : textFor(values, piece.name)).join("")
}

const textFor = (values: Values, name: string): string => {
  const value = valueOf(values, name)
  if (!["string", "number", "bigint", "boolean"].includes(typeof value)) {
    throw new TypeError(`The prompt variable {${name}} is ${nameOf(value)}: give a text or a number`)
  }
  return String(value)
}

const valueOf = (values: Values, name: string): unknown => {
  // An inherited property of every object, such as `toString`, is not a value.
  const value = !isObject(values) || (name in Object.prototype && !Object.hasOwn(values, name))
    ? undefined
    : values[name]
  if (value === undefined || value === null) {
    throw new TypeError(`The prompt variable {${name}} has no value: add ${name} to the input`)
  }
  return value
}

const messagesOf = (values: Values, name: string): ReadonlyArray<Message> => {
  const value = valueOf(values, name)
  if (!Array.isArray(value)) throw new TypeError(`The prompt placeholder ${name} needs an array of messages`)
  const messages = toMessages(value)
  for (const message of messages) {
    const problem = problemOf(message)
    if (problem !== undefined) throw new TypeError(`The prompt placeholder ${name}: ${problem[0]} ${problem[1]}`)
  }
  return messages
}
