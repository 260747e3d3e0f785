/**
 * Applies facts to the calls of one model: fits options, prices answers, explains errors. The sources of facts and
 * `ModelFacts.layer` bring it; `make`, `prepare` and the call know its interface alone, so that a model without facts
 * carries none of it.
 */
import type { CallOptions } from "../../CallOptions.ts"
import type { Capabilities } from "../../Capabilities.ts"
import type { ChatModelError, Reason } from "../../ChatModelError.ts"
import type { Usage } from "../../Usage.ts"
import { fit } from "../facts/fit.ts"
import type { Fitted } from "../facts/fitting.ts"
import { capabilitiesBy, Known } from "../facts/known.ts"
import type {
  FactsAnswer,
  FactsCall,
  FactsRules,
  FactsSettings,
  FactsSource,
  FailedCall,
  FittedCall,
  Know,
  Knowledge
} from "../facts/settings.ts"
import type { Facts, Subject } from "../facts/types.ts"
import { pricedUsage } from "./cost.ts"
import { explained } from "./explain.ts"

/** Rules with the code that applies them. */
export const source = (rules: FactsRules): FactsSource => ({ ...rules, know })

/** Applies rules to a model. */
export const know: Know = (model, rules, made) => new ModelKnowledge(model, rules, made)

class ModelKnowledge implements Knowledge {
  readonly #provider: string
  readonly #model: string
  readonly #known: Known

  constructor(
    model: { readonly provider: string; readonly model: string },
    rules: FactsRules | undefined,
    made: FactsSettings | undefined
  ) {
    this.#provider = model.provider
    this.#model = model.model
    this.#known = new Known(model, rules, made)
  }

  get facts(): Facts {
    return this.#known.found.facts
  }

  capabilities(declared: Partial<Capabilities>): Partial<Capabilities> {
    return capabilitiesBy(this.facts, declared, this.#known.subject)
  }

  fit({ capabilities, messages, options, own }: FactsCall, settings: FactsSettings): FittedCall | Reason {
    const { subject } = this.#known
    const { facts } = this.#known.of(settings)
    const how = this.#known.fit(options.fit, settings)
    if (how === "send") {
      return this.#logged({ options, warnings: [] }, asGiven(facts, subject), capabilities, settings)
    }
    const call = { provider: this.#provider, model: this.#model, api: subject.api, facts, messages, options, own }
    const fitted = fit(call, how === "fail")
    if ("_tag" in fitted) return fitted
    return this.#logged(fitted, facts, capabilities && capabilitiesBy(facts, capabilities, subject), settings)
  }

  priced(answer: FactsAnswer, options: CallOptions, settings: FactsSettings): Usage | undefined {
    return pricedUsage({ provider: this.#provider, known: this.#known }, settings, options, answer)
  }

  explained(error: ChatModelError, { facts, now, options }: FailedCall, settings: FactsSettings): ChatModelError {
    const today = new Date(now).toISOString().slice(0, 10)
    return explained(error, { facts, options, fit: this.#known.fit(options.fit, settings), today })
  }

  #logged(
    fitted: Fitted,
    facts: Facts,
    capabilities: Partial<Capabilities> | undefined,
    settings: FactsSettings
  ): FittedCall {
    return { ...fitted, facts, capabilities, logs: this.#newLogs(settings, facts, fitted) }
  }

  /** The warnings that were not logged yet: one for each option, and one each for a model that ends or is only guessed. */
  #newLogs(settings: FactsSettings, facts: Facts, { options, warnings }: Fitted): FittedCall["logs"] {
    const provider = this.#provider
    const model = this.#model
    const { logged } = settings
    const name = `${provider}/${model}`
    const once = (key: string): boolean => {
      if (logged.has(key)) return false
      logged.add(key)
      return true
    }
    const logs: Array<FittedCall["logs"][number]> = []
    for (const { field, given, reason, sent } of warnings) {
      if (once(`${name} ${field}`)) logs.push([`${field}: ${reason}`, { provider, model, field, given, sent }])
    }
    const { retires, status } = facts
    if (status !== undefined && status !== "active" && once(`${name} status`)) {
      const when = retires === undefined ? "" : `, and ends on ${retires}`
      logs.push([`${model} is ${status}${when}`, { provider, model, status, retires }])
    }
    if (
      this.#known.subject.api === "messages" && facts.maxOutput === undefined && options.maxTokens === undefined &&
      once(`${name} limit`)
    ) {
      const text = `The limit of ${model} is a guess, as the API requires one: give maxTokens, \`like\` or rules`
      logs.push([text, { provider, model }])
    }
    if (this.#known.of(settings).guess && once(`${name} guess`)) {
      const text =
        `Nothing is known of ${model} itself: it is taken for the newest of its family. Say \`like\`, or give rules`
      logs.push([text, { provider, model }])
    }
    return logs
  }
}

/** The facts without those that decide how a request to Chat Completions says something. */
const asGiven = (facts: Facts, { api }: Subject): Facts =>
  api === "chat" ? { ...facts, limitField: undefined, reasoningBack: undefined } : facts
