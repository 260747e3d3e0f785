/**
 * What an app says about facts: its own rules and how options are fitted. Models read it when they are made and when they
 * are called. Imports no data, so a model carries the facts of its own provider alone.
 */
import * as Context from "effect/Context"
import type { Fit, Rule } from "./types.ts"

/** The settings of an app. */
export interface FactsSettings {
  /** Rules of the app, which come before those of the library. */
  readonly rules: ReadonlyArray<Rule>
  /** How options are fitted, unless a model or a call says otherwise. Absent: `adapt`. */
  readonly fit?: Fit | undefined
  /** The warnings that were logged, as `provider/model field`. Each is logged once. */
  readonly logged: Set<string>
}

/** The settings of the app. By default there are no rules, and options are adapted. */
export const ModelFacts: Context.Reference<FactsSettings> = Context.Reference<FactsSettings>("rivulet/ModelFacts", {
  defaultValue: () => ({ rules: [], logged: new Set() })
})
