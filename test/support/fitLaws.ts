// The laws of fitting options to a model, for one wish and one model: of `adapt`, `fail` and `send`.
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { CallOptions } from "rivulet"
import * as OpenAiCompatible from "rivulet/OpenAiCompatible"
import { factsOf } from "./factsTable.ts"
import type { Json, Subject } from "./factsTable.ts"
import { judged } from "./judged.ts"
import type { Judged, Outcome } from "./judged.ts"
import { changesOf, inputOf } from "./wishes.ts"
import type { Wish } from "./wishes.ts"

/** A model, and one on the same server of which nothing is known. */
export interface Pair {
  readonly subject: Subject
  readonly known: Judged
  /** What becomes of a wish that is sent to the other as it is. */
  readonly unknown: (wish: Wish) => Effect.Effect<Outcome>
}

export const pairOf = Effect.fnUntraced(function*(subject: Subject) {
  const { api, provider } = subject
  const own = ["anthropic", "openai"].includes(provider)
  const preset = Object.values<OpenAiCompatible.Preset>(OpenAiCompatible.presets).find(({ name }) => name === provider)
  const twin: Subject = { provider: own ? provider : "openai-compatible", api, model: "mine" }
  const renamed = preset && { ...preset, name: "elsewhere", keyVariable: undefined }
  const unknown = yield* judged(twin, renamed && { preset: renamed })
  const pair: Pair = {
    subject,
    known: yield* judged(subject),
    unknown: (wish) =>
      Effect.suspend(() => {
        const key = `${provider} ${api} ${wish.name}`
        const outcome = outcomes.get(key)
        return outcome === undefined
          ? Effect.tap(unknown.call(inputOf(wish), { ...wish.options, fit: "send" }), (outcome) =>
            Effect.sync(() => outcomes.set(key, outcome)))
          : Effect.succeed(outcome)
      })
  }
  return pair
})

/** What servers are sent for a model of which nothing is known. */
const outcomes = new Map<string, Outcome>()

/** The failures that happen before anything is sent, and say which option and what would do. */
const isRefusal = ({ body, reason }: Outcome): boolean =>
  body === undefined && reason?._tag === "UnsupportedError" && reason.field !== undefined &&
  reason.message.includes(": ")

/** Forced calls that a server takes and does not enforce are told, though nothing is changed. */
const unenforced = (subject: Subject, { options: { toolChoice } }: Wish): ReadonlyArray<string> =>
  factsOf(subject)["tools"]?.forced === "unenforced" && (toolChoice === "required" || typeof toolChoice === "object")
    ? ["toolChoice"]
    : []

/**
 * What `adapt` sends is taken by the maker, and each option that it leaves out or changes has one warning. What it does
 * not send fails by the name of an option.
 */
export const adapts = (subject: Subject, wish: Wish, outcome: Outcome): void => {
  const { body, reason, refusal, warnings } = outcome
  assert.isUndefined(refusal, `the maker refuses ${JSON.stringify(refusal)}`)
  if (reason !== undefined) return assert.isTrue(isRefusal(outcome), `${reason._tag}: ${reason.message}`)
  const changes = changesOf(subject, wish, body)
  assert.sameMembers(
    warnings.map(({ field }) => field),
    [...changes.map(({ field }) => field), ...unenforced(subject, wish)],
    JSON.stringify(warnings)
  )
  for (const { field, given, reason, sent } of warnings) {
    assert.include(reason, subject.model)
    const change = changes.find((each) => each.field === field)
    if (change === undefined) continue
    assert.deepStrictEqual(given, change.given as Json)
    // Reasoning that is off has no value of its own, and a switch has no effort.
    const shown = sent === "off" ? "none" : sent === "on" ? "enabled" : sent
    if (change.sent !== "enabled" || shown !== "default") {
      assert.deepStrictEqual(shown ?? undefined, change.sent as Json)
    }
  }
}

/** `fail` sends what needs no change, as `adapt` does, and nothing else. */
export const failsInstead = (wish: Wish, adapted: Outcome, strict: Outcome): void => {
  const same = adapted.body !== undefined && adapted.warnings.length === 0
  if (same) {
    assert.deepStrictEqual(strict.body, adapted.body, strict.reason?.message)
    assert.deepStrictEqual(strict.warnings, [])
  } else {
    assert.isTrue(isRefusal(strict), `${strict.reason?._tag}: ${strict.reason?.message}`)
    const { warnings } = adapted
    const field = strict.reason !== undefined && "field" in strict.reason ? strict.reason.field : undefined
    const about = [...warnings.map(({ field }) => field), ...Object.keys(wish.options), "api"]
    if (warnings.length > 0) assert.isTrue(about.some((name) => field?.startsWith(name)), `${field} of ${about}`)
  }
}

/** A body without what a model has by itself: its name, the default limit, and encrypted reasoning. */
const asGiven = (body: Json, { options }: Wish): Json => {
  if (body === undefined) return undefined
  const { include: _, max_tokens: limit, model: __, ...rest } = body
  return options.maxTokens === undefined ? rest : { ...rest, limit }
}

/** `send` sends what it sends to a model of which nothing is known, or fails as it does for that one. */
export const sendsAsGiven = ({ subject }: Pair, wish: Wish, sent: Outcome, unknown: Outcome): void => {
  const { body } = sent
  assert.deepStrictEqual(asGiven(body, wish), asGiven(unknown.body, wish), sent.reason?.message)
  assert.deepStrictEqual(sent.warnings, [])
  if (body === undefined) {
    assert.strictEqual(sent.reason?._tag, unknown.reason?._tag)
    return
  }
  assert.strictEqual(body.model, subject.model)
  if (subject.api !== "messages" || wish.options.maxTokens !== undefined) return
  const budget = wish.options.reasoning?.budgetTokens ?? 0
  assert.strictEqual(body.max_tokens, factsOf(subject)["maxOutput"] ?? 32_000 + budget)
}

/** The options of a call with the values that were sent. Undefined if one of them is no option. */
const asSent = ({ options }: Wish, { warnings }: Outcome): CallOptions.CallOptions | undefined => {
  let fitted: CallOptions.CallOptions = options
  for (const { field, sent } of warnings) {
    const effort = sent === "off" ? "none" : sent
    if (field === "reasoning.budgetTokens" && typeof sent === "number") {
      fitted = { ...fitted, reasoning: { budgetTokens: sent } }
    } else if (field === "reasoning.effort" && typeof sent === "number") {
      fitted = { ...fitted, reasoning: { budgetTokens: sent } }
    } else if (field.startsWith("reasoning")) {
      if (
        sent !== undefined && !["none", "minimal", "low", "medium", "high", "xhigh", "max"].includes(String(effort))
      ) {
        return undefined
      }
      fitted = { ...fitted, reasoning: sent === undefined ? {} : { effort } as Json }
    } else if (field !== "toolChoice") fitted = { ...fitted, [field]: sent }
  }
  return fitted
}

/** Options that are fitted already need no change. */
export const isFitted = Effect.fnUntraced(function*({ known, subject }: Pair, wish: Wish, adapted: Outcome) {
  if (adapted.body === undefined) return
  const options = asSent(wish, adapted)
  if (options === undefined) return
  const again = yield* known.call(inputOf(wish), options)
  assert.sameMembers(again.warnings.map(({ field }) => field), [...unenforced(subject, wish)], JSON.stringify(options))
  // What was not asked for is said in the fewest words, and what is asked for is shown.
  const quiet = wish.options.reasoning?.effort === "none" && adapted.warnings.length > 0
  if (!quiet) assert.deepStrictEqual(again.body, adapted.body)
})

/** All laws, for one wish. */
export const holdsFor = (pair: Pair, wish: Wish): Effect.Effect<void> =>
  Effect.gen(function*() {
    const { known, subject, unknown } = pair
    const input = inputOf(wish)
    const adapted = yield* known.call(input, wish.options)
    adapts(subject, wish, adapted)
    yield* isFitted(pair, wish, adapted)
    failsInstead(wish, adapted, yield* known.call(input, { ...wish.options, fit: "fail" }))
    const sent = yield* known.call(input, { ...wish.options, fit: "send" })
    sendsAsGiven(pair, wish, sent, yield* unknown(wish))
  }).pipe(Effect.catchDefect((defect) => Effect.die(new Error(`${wish.name}: ${String(defect)}`, { cause: defect }))))
