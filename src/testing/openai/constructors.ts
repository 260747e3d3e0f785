/**
 * The constructors of scripts that both of OpenAI's wires have, made of the format of one wire.
 *
 * `OpenAiScript.chat` and `OpenAiScript.responses` export them with the types of their wire. Must not import the events
 * of a wire: a wire passes them in.
 *
 * @internal
 */
import { delay, make, repeat, write } from "../server/steps.ts"
import type { Options, Repeat, Script, Write } from "../server/steps.ts"
import { words } from "../server/words.ts"
import { callBlocks, stepsOf } from "./answer.ts"
import type { Block, CallBlock, Event, Timing } from "./answer.ts"

/** The functions of one wire. `Fields` are those of an answer without its blocks, and `B` are its blocks. */
export interface Format<Fields, B> {
  readonly frame: (event: Event) => string
  /** Whether a delay precedes the event. */
  readonly isDelta: (event: Event) => boolean
  /** All events of a complete answer. */
  readonly answerEvents: (answer: Fields & { readonly blocks: ReadonlyArray<B> }) => ReadonlyArray<Event>
  /** The steps after the events of a complete answer. */
  readonly end: ReadonlyArray<Write>
  /** The events before the text of an answer that has text alone. */
  readonly opening: (fields: Fields) => ReadonlyArray<Event>
  readonly textDelta: (fields: Fields, token: string) => Event
  /** The block of reasoning with these tokens. */
  readonly reasoning: (tokens: ReadonlyArray<string>, options: Fields) => B
}

/** The options of an answer of equal deltas. */
export interface TokenOptions {
  /** The text of each delta. Default: `" token"`. */
  readonly token?: string | undefined
}

/** The options of an answer that calls a tool. */
export interface CallOptions {
  /** The text before the call, cut into words. Default: none. */
  readonly text?: string | undefined
}

/** All members of `Fields` must be optional, because the options of every constructor are. */
export const constructors = <Fields extends object, B>(format: Format<Fields, B | Block>, none: Fields) => {
  type MessageOptions = Fields & Timing

  const event = (event: Event): Write => write(format.frame(event))

  const events = (events: Iterable<Event>, options?: Options): Script => make(Array.from(events, event), options)

  const message = (options: MessageOptions & { readonly blocks: ReadonlyArray<B | Block> }): Script =>
    make([...stepsOf(format.answerEvents(options), format.frame, format.isDelta, options.delay), ...format.end])

  const of = (blocks: ReadonlyArray<B | Block>, options: MessageOptions = none): Script =>
    message({ ...options, blocks })

  const tokens = (tokens: ReadonlyArray<string>, options?: MessageOptions): Script =>
    of([{ type: "text", tokens }], options)

  const text = (text: string, options?: MessageOptions): Script => tokens(words(text), options)

  const reasoning = (thinking: string, text: string, options: MessageOptions = none): Script =>
    of([
      format.reasoning(words(thinking), options),
      ...(text === "" ? [] : [{ type: "text", tokens: words(text) } as const])
    ], options)

  const refusal = (text: string, options?: MessageOptions): Script =>
    of([{ type: "refusal", tokens: words(text) }], options)

  const toolCall = (call: Omit<CallBlock, "type">, options: MessageOptions & CallOptions = none): Script =>
    of(callBlocks(call, options.text), options)

  /** Equal text deltas, without end if `times` is omitted. */
  const deltas = (options: MessageOptions & TokenOptions, times?: number): Repeat =>
    repeat([
      ...(options.delay === undefined ? [] : [delay(options.delay)]),
      event(format.textDelta(options, options.token ?? " token"))
    ], times)

  const endless = (options: MessageOptions & TokenOptions = none): Script =>
    make([...format.opening(options).map(event), deltas(options)])

  return { deltas, endless, event, events, message, reasoning, refusal, text, tokens, toolCall }
}
