/**
 * The facts that one model knows of itself: the data of its provider under the rules of the app. Made with the model; a
 * call costs one comparison, and a look-up where an app has rules of its own.
 */
import type { Capabilities } from "../../Capabilities.ts"
import { isOpenAiChat } from "./fitting.ts"
import { lookUp } from "./lookup.ts"
import type { Found } from "./lookup.ts"
import type { FactsRules, FactsSettings } from "./settings.ts"
import type { Facts, Fit, Rule, Subject } from "./types.ts"

/** The facts about one model, looked up by the rules of its provider and of the app. */
export class Known {
  /** By the app's rules when the model was made. */
  readonly found: Found
  readonly subject: Subject
  /** The name of the model itself. */
  readonly #name: string
  readonly #data: ReadonlyArray<Rule>
  readonly #made: FactsSettings | undefined
  #lastRules: ReadonlyArray<Rule>
  #last: Found
  #lastAnswered: { readonly rules: ReadonlyArray<Rule>; readonly name: string; readonly facts: Facts } | undefined

  constructor(
    { model, provider }: { readonly provider: string; readonly model: string },
    source: FactsRules | undefined,
    made: FactsSettings | undefined
  ) {
    // OpenAI names a fine-tune after its base: `ft:gpt-4.1-mini:acme::id`.
    const name = source?.like ?? model.replace(/^ft:([^:]+):.*$/, "$1")
    this.subject = { provider, api: source?.api, model: name }
    this.#name = model
    this.#data = [...made?.rules ?? [], ...source?.rules ?? []]
    this.#made = made
    this.#lastRules = []
    this.#last = this.found = lookUp(this.#data, this.subject)
  }

  /** The facts under the rules of the app that calls. */
  of({ rules }: FactsSettings): Found {
    if (this.#has(rules)) return this.found
    if (rules !== this.#lastRules) {
      this.#lastRules = rules
      this.#last = lookUp([...rules, ...this.#data], this.subject)
    }
    return this.#last
  }

  /** Whether the rules of the app that calls were known when the model was made. */
  #has(rules: ReadonlyArray<Rule>): boolean {
    return rules.length === 0 || rules === this.#made?.rules
  }

  /**
   * The facts about the model that answered, by the name that the provider gave: another snapshot, or what an alias
   * stands for. A model that is only `like` another may have a different price, and so may a fine-tune, so both are
   * looked up by their own names. Without a rule of its own such a model has no facts here.
   */
  answered(settings: FactsSettings, name = this.#name): Facts {
    if (name === this.subject.model) return this.of(settings).facts
    const { rules } = settings
    const last = this.#lastAnswered
    if (last?.name === name && last.rules === rules) return last.facts
    const all = this.#has(rules) ? this.#data : [...rules, ...this.#data]
    const { facts } = lookUp(all, { ...this.subject, model: name })
    this.#lastAnswered = { rules, name, facts }
    return facts
  }

  /** How options are fitted: by the call or the model, by the app that calls, by the app that made the model. */
  fit(asked: Fit | undefined, settings: FactsSettings): Fit {
    return asked ?? settings.fit ?? this.#made?.fit ?? "adapt"
  }
}

/** The declared capabilities of a provider, as far as the model has them. */
export const capabilitiesBy = (
  { inputs, json, parallel, thinking, tools }: Facts,
  declared: Partial<Capabilities>,
  { api, provider }: Subject
): Partial<Capabilities> => ({
  ...declared,
  ...(inputs === undefined ? undefined : {
    imageInput: declared.imageInput === true && inputs.includes("image"),
    fileInput: declared.fileInput === true && inputs.includes("pdf")
  }),
  ...(json === undefined ? undefined : { structuredOutput: json === "schema" }),
  ...(parallel === "none" ? { parallelToolCalls: false } : undefined),
  ...(tools?.calls === false || (tools?.chat === "never" && isOpenAiChat(provider, api))
    ? { tools: false }
    : undefined),
  ...(thinking?.control === "none" ? { reasoning: false } : undefined)
})
