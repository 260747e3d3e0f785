/**
 * Prompts: messages with variables in them.
 *
 * A variable is written `{name}`; a brace itself `{{` or `}}`. The variables are part of the prompt's type, so one that
 * is missing is a compile error. What is filled in is never looked at for variables again.
 */
import * as Stream from "effect/Stream"
import type { MessageTuple } from "./ChatModel.ts"
import { barrier } from "./internal/runnable/core.ts"
import type { Runnable } from "./internal/runnable/core.ts"
import { last } from "./internal/runnable/fold.ts"
import { ai, human, system } from "./Message.ts"
import type { Message, PromptValue } from "./Message.ts"

/** A place for a list of messages, such as the conversation so far. */
export interface Placeholder<Name extends string> {
  readonly type: "placeholder"
  readonly name: Name
}

/** A place for a list of messages, such as the conversation so far. */
export const placeholder = <const Name extends string>(name: Name): Placeholder<Name> => ({ type: "placeholder", name })

/** What a prompt is made of: a role and a template, a message as it is, or a place for messages. */
export type Template = MessageTuple | Message | Placeholder<string>

// A brace that stands for itself is taken out, so that it opens no variable.
type Plain<S extends string> = S extends `${infer A}{{${infer B}` ? Plain<`${A}${B}`>
  : S extends `${infer A}}}${infer B}` ? Plain<`${A}${B}`>
  : S

type NamesIn<S extends string> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never

/** The variables of a template text; `string` when the text is not known to the compiler. */
export type Variables<S extends string> = string extends S ? string : NamesIn<Plain<S>>

type TextNames<T> = T extends readonly [string, infer S extends string] ? Variables<S> : never
type ListNames<T> = T extends Placeholder<infer Name> ? Name : never

/** What a prompt made of these templates has to be given. */
export type Input<T extends ReadonlyArray<Template>> =
  & { readonly [Name in TextNames<T[number]>]: string | number }
  & { readonly [Name in ListNames<T[number]>]: ReadonlyArray<Message> }

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
 */
export const make: {
  <const S extends string>(template: S): Runnable<Input<readonly [readonly ["human", S]]>, PromptValue>
  <const T extends ReadonlyArray<Template>>(templates: T): Runnable<Input<T>, PromptValue>
} = (templates: string | ReadonlyArray<Template>): Runnable<Readonly<Record<string, unknown>>, PromptValue> => {
  const parts = (typeof templates === "string" ? [["human", templates] as const] : templates).map(compile)
  return barrier({
    type: "prompt",
    name: "ChatPromptTemplate",
    folder: () => last<PromptValue>(),
    run: (input: Readonly<Record<string, unknown>>) =>
      Stream.sync((): PromptValue => ({ _tag: "PromptValue", messages: parts.flatMap((part) => part(input)) })),
    tellOutput: (value) => ({ messages: (value as PromptValue).messages }),
    quiet: true
  })
}

type Values = Readonly<Record<string, unknown>>

const compile = (template: Template): (values: Values) => ReadonlyArray<Message> => {
  if ("_tag" in template) return () => [template]
  if ("type" in template) {
    // The input's type has a list of messages under this name.
    return (values) => values[template.name] as ReadonlyArray<Message>
  }
  const [role, text] = template
  const fill = compileText(text)
  const message = role === "system" ? system : role === "ai" ? ai : human
  return (values) => [message(fill(values))]
}

/** Cuts a template into its texts and variables, once. */
const compileText = (template: string): (values: Values) => string => {
  const pieces = template.split(/(\{\{|\}\}|\{[^{}]*\})/)
  return (values) =>
    pieces.map((piece, i) => {
      // What was split by is at the odd places.
      if (i % 2 === 0) return piece
      return piece === "{{" ? "{" : piece === "}}" ? "}" : String(values[piece.slice(1, -1)])
    }).join("")
}
