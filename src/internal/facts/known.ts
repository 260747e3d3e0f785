/**
 * The facts that one model knows of itself: the data of its provider under the rules of the app. Made with the model; a
 * call costs one comparison, and a look-up where an app has rules of its own.
 */
import { lookUp } from "./lookup.ts"
import type { Found } from "./lookup.ts"
import type { FactsSettings } from "./settings.ts"
import type { Fit, Rule, Subject } from "./types.ts"

/** The facts of a provider's models, and which of them a model has. */
export interface FactsSource {
  /** What is known of the provider's models. */
  readonly rules: ReadonlyArray<Rule>
  /** The API, for rules that hold for one API only. Absent: such rules do not apply. */
  readonly api?: string | undefined
  /** The name of a known model with the same facts, for a name that tells nothing. Defaults to the model's name. */
  readonly like?: string | undefined
}

/** What a model knows of itself. */
export class Known {
  /** By the app's rules when the model was made. */
  readonly found: Found
  readonly api: string | undefined
  readonly #subject: Subject
  readonly #data: ReadonlyArray<Rule>
  readonly #made: FactsSettings | undefined
  #lastRules: ReadonlyArray<Rule>
  #last: Found

  constructor(
    { model, provider }: { readonly provider: string; readonly model: string },
    source: FactsSource | undefined,
    made: FactsSettings | undefined
  ) {
    this.api = source?.api
    // OpenAI names a fine-tune after its base: `ft:gpt-4.1-mini:acme::id`.
    const name = source?.like ?? model.replace(/^ft:([^:]+):.*$/, "$1")
    this.#subject = { provider, api: source?.api, model: name }
    this.#data = [...made?.rules ?? [], ...source?.rules ?? []]
    this.#made = made
    this.#lastRules = []
    this.#last = this.found = lookUp(this.#data, this.#subject)
  }

  /** What is known under the rules of the app that calls. */
  of({ rules }: FactsSettings): Found {
    if (rules.length === 0 || rules === this.#made?.rules) return this.found
    if (rules !== this.#lastRules) {
      this.#lastRules = rules
      this.#last = lookUp([...rules, ...this.#data], this.#subject)
    }
    return this.#last
  }

  /** How options are fitted: by the call or the model, by the app that calls, by the app that made the model. */
  fit(asked: Fit | undefined, settings: FactsSettings): Fit {
    return asked ?? settings.fit ?? this.#made?.fit ?? "adapt"
  }
}
