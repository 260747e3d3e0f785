/**
 * Prompts: messages with variables in them.
 *
 * A variable is written `{name}`; a brace itself `{{` or `}}`. The variables are part of the prompt's type, so one that
 * is missing is a compile error. A caller without types, or with values that lie, gets a defect that names the variable:
 * a prompt cannot fail otherwise. What is filled in is never looked at for variables again.
 */
import * as Effect from "effect/Effect"
import type { MessageTuple } from "./internal/model/request.ts"
import { singleValue } from "./internal/runnable/make.ts"
import type { Runnable } from "./internal/step/types.ts"
import { ai, human, system, text } from "./Message.ts"
import type { FilePart, ImagePart, Message, PromptValue, TextPart } from "./Message.ts"

// -----------------------------------------------------------------------------
// templates
// -----------------------------------------------------------------------------

/** A place for a list of messages, such as the conversation so far. */
export interface Placeholder<Name extends string> {
  readonly type: "placeholder"
  readonly name: Name
}

/**
 * A place for a list of messages, such as the conversation so far.
 *
 * **Example** (A prompt with a past)
 *
 * ```ts
 * import { ChatPrompt, Message } from "rivulet"
 *
 * const prompt = ChatPrompt.make([ChatPrompt.placeholder("past"), ["human", "{question}"]])
 * prompt.invoke({ past: [Message.human("Hi"), Message.ai("Hello!")], question: "Who are you?" })
 * ```
 */
export const placeholder = <const Name extends string>(name: Name): Placeholder<Name> => ({ type: "placeholder", name })

/**
 * A role and its parts. Texts, bare or as parts, are templates; images and files are taken as they are.
 */
export type PartsTuple =
  | readonly [role: "human", content: ReadonlyArray<string | TextPart | ImagePart | FilePart>]
  | readonly [role: "system" | "ai", content: ReadonlyArray<string | TextPart>]

/** What a prompt is made of: a role and a template or parts, a message as it is, or a place for messages. */
export type Template = MessageTuple | PartsTuple | Message | Placeholder<string>

// A brace that stands for itself is taken out, so that it opens no variable.
type Plain<S extends string> = S extends `${infer A}{{${infer B}` ? Plain<`${A}${B}`>
  : S extends `${infer A}}}${infer B}` ? Plain<`${A}${B}`>
  : S

type NamesIn<S extends string> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never

/** The variables of a template text; `string` when the text is not known to the compiler. */
export type Variables<S extends string> = string extends S ? string : NamesIn<Plain<S>>

type PartNames<Part> = Part extends string ? Variables<Part>
  : Part extends { readonly type: "text"; readonly text: infer S extends string } ? Variables<S>
  : never

type TextNames<T> = T extends readonly [string, infer Content]
  ? Content extends string ? Variables<Content> : Content extends ReadonlyArray<infer Part> ? PartNames<Part> : never
  : never

type ListNames<T> = T extends Placeholder<infer Name> ? Name : never

/** What a prompt made of these templates has to be given. */
export type Input<T extends ReadonlyArray<Template>> =
  & { readonly [Name in TextNames<T[number]>]: string | number }
  & { readonly [Name in ListNames<T[number]>]: ReadonlyArray<Message> }

// -----------------------------------------------------------------------------
// prompts
// -----------------------------------------------------------------------------

/** A prompt: a step that makes messages of the values of its variables. */
export interface ChatPrompt<in In> extends Runnable<In, PromptValue> {
  /** Fills the prompt in, outside of a chain. Throws a `TypeError` that names the variable if a value is missing. */
  readonly format: (values: In) => PromptValue
}

/**
 * Makes a prompt of a text (a human message), or of messages.
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
  const parts = (typeof templates === "string" ? [["human", templates] as const] : templates).map(compile)
  return promptOf((values) => ({ _tag: "PromptValue", messages: parts.flatMap((part) => part(values)) }))
}

/**
 * Gives some of the values now. Their variables are gone from the type; what a caller without types gives for them later
 * is not used.
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
  // What is left out of the later values is in these.
  promptOf((later) => self.format({ ...later, ...values } as unknown as In))

/**
 * Examples of how to answer, as messages for a prompt: for each a question and its answer, filled in now.
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
  readonly examples: ReadonlyArray<Input<readonly [readonly ["human", NoInfer<Human>], readonly ["ai", NoInfer<AI>]]>>
  readonly human: Human
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

/** Cuts a template into its texts and variables, once. */
const compileText = (template: string): (values: Values) => string => {
  const pieces = template.split(/(\{\{|\}\}|\{[^{}]*\})/).map((piece, i) => {
    // What was split by is at the odd places.
    if (i % 2 === 0) return piece
    return piece === "{{" ? "{" : piece === "}}" ? "}" : { name: piece.slice(1, -1) }
  })
  return (values) =>
    pieces.map((piece) => typeof piece === "string" ? piece : String(valueOf(values, piece.name))).join("")
}

const valueOf = (values: Values, name: string): unknown => {
  // What every object has is no value that somebody gave.
  const value = name in Object.prototype && !Object.hasOwn(values, name) ? undefined : values[name]
  if (value === undefined || value === null) throw new TypeError(`The prompt's variable {${name}} has no value`)
  return value
}

const messagesOf = (values: Values, name: string): ReadonlyArray<Message> => {
  const value = valueOf(values, name)
  if (!Array.isArray(value)) throw new TypeError(`The prompt's placeholder ${name} takes a list of messages`)
  // The input's type has a list of messages under this name.
  return value as ReadonlyArray<Message>
}
