/**
 * The settings of an app for facts: its own rules and how options are fitted. Models read them when they are made and
 * when they are called. Imports no data and no code that reads them: both come with a source of facts or with the app's
 * rules, so a model carries the facts of its own provider alone, and one without facts carries nothing.
 */
import * as Context from "effect/Context"
import type { CallOptions } from "../../CallOptions.ts"
import type { Capabilities } from "../../Capabilities.ts"
import type { ChatModelError, Reason } from "../../ChatModelError.ts"
import type { Message, Metadata } from "../../Message.ts"
import type { Usage } from "../../Usage.ts"
import type { FitWarning, ReasoningForm } from "./fitting.ts"
import type { Facts, Fit, Rule } from "./types.ts"

/** The settings of an app. */
export interface FactsSettings {
  /** Rules of the app, which come before those of the library. */
  readonly rules: ReadonlyArray<Rule>
  /** How options are fitted, unless a model or a call says otherwise. Absent: `adapt`. */
  readonly fit?: Fit | undefined
  /** The warnings that were logged, as `provider/model field`. Each is logged once. */
  readonly logged: Set<string>
  /** Applies rules to a model that was made without facts. Absent: such a model has none. */
  readonly know?: Know | undefined
}

/** The settings of the app. By default there are no rules, and options are adapted. */
export const ModelFacts: Context.Reference<FactsSettings> = Context.Reference<FactsSettings>("rivulet/ModelFacts", {
  defaultValue: () => ({ rules: [], logged: new Set() })
})

/** Rules about the models of a provider, and which of them a model has. */
export interface FactsRules {
  /** The rules about the provider's models. */
  readonly rules: ReadonlyArray<Rule>
  /** The API, for rules that hold for one API only. Absent: such rules do not apply. */
  readonly api?: string | undefined
  /** The name of a known model with the same facts, for a name that tells nothing. Defaults to the model's name. */
  readonly like?: string | undefined
}

/** The facts of a provider's models, with the code that applies them. */
export interface FactsSource extends FactsRules {
  /** Applies the rules to a model. */
  readonly know: Know
}

/** Applies the rules of a provider, and of the app that makes a model, to the model. */
export type Know = (
  model: { readonly provider: string; readonly model: string },
  rules: FactsRules | undefined,
  made: FactsSettings | undefined
) => Knowledge

/** The facts about one model, and the functions that apply them to its calls. */
export interface Knowledge {
  /** The facts by the app's rules when the model was made. */
  readonly facts: Facts
  /** The declared capabilities of the provider, as far as the model has them. */
  readonly capabilities: (declared: Partial<Capabilities>) => Partial<Capabilities>
  /** Fits a call to the facts, or gives the reason why the model does not take it. */
  readonly fit: (call: FactsCall, settings: FactsSettings) => FittedCall | Reason
  /** The usage of an answer with its cost. Undefined if the cost is not known, or the usage has it already. */
  readonly priced: (answer: FactsAnswer, options: CallOptions, settings: FactsSettings) => Usage | undefined
  /** Explains an error of a server: the option that it is about, how to go on, or a retirement. */
  readonly explained: (error: ChatModelError, call: FailedCall, settings: FactsSettings) => ChatModelError
}

/** A call that is to be fitted. */
export interface FactsCall {
  readonly messages: ReadonlyArray<Message>
  /** The options of the call over those of the model. */
  readonly options: CallOptions
  /** The options of the call alone. */
  readonly own: CallOptions
  /** The capabilities that the provider declares. Absent: everything is sent. */
  readonly capabilities: Partial<Capabilities> | undefined
}

/** A call that the model takes, as far as the facts tell. */
export interface FittedCall {
  readonly facts: Facts
  readonly options: CallOptions
  /** Absent: nothing is said about reasoning. */
  readonly reasoning?: ReasoningForm | undefined
  readonly warnings: ReadonlyArray<FitWarning>
  /** The capabilities that hold for this call. */
  readonly capabilities: Partial<Capabilities> | undefined
  /** The warnings that were not logged yet. */
  readonly logs: ReadonlyArray<readonly [text: string, facts: object]>
}

/** A whole answer, or the part of it that arrived. */
export interface FactsAnswer {
  readonly usage: Usage | undefined
  readonly metadata: Metadata | undefined
  /** It has calls of the provider's own tools. */
  readonly hasServerParts: boolean
}

/** A call that a server has answered with an error. */
export interface FailedCall {
  readonly facts: Facts
  readonly options: CallOptions
  /** The time of the answer, in milliseconds since 1970. */
  readonly now: number
}
