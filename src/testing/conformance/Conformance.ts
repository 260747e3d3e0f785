/**
 * What every chat model promises, as a suite of tests: whole answers and how they are cut, every way an answer can fail
 * to arrive, leaving, slow consumers, conversations, and a proof of each capability that a model declares (a tick is
 * shown, a cross is turned down in words). Rivulet's own providers run it, and so can any other.
 *
 * A {@link Subject} says how the model under test is started and what its provider can be made to answer. For a model
 * that speaks HTTP, {@link http} makes one of a server and a few scripts.
 */
import type { Script } from "../server/steps.ts"
import { leaving } from "./cancellation.ts"
import { capabilities } from "./capabilities.ts"
import { wholeAnswers } from "./completeAnswers.ts"
import { turns } from "./conversations.ts"
import { endings } from "./failures.ts"
import { http as httpSubject } from "./http.ts"
import type { HttpOptions } from "./http.ts"
import type { Case, Subject } from "./subject.ts"

export type { HttpAnswers, HttpOptions } from "./http.ts"
export type { Answers, Asked, Call, Case, Running, Subject } from "./subject.ts"

/**
 * The suite for one model, for any test runner. A case that cannot be run says why in `skip`.
 *
 * **Example** (With Node's test runner)
 *
 * ```ts
 * import { Effect } from "effect"
 * import * as Testing from "rivulet/Testing"
 * import { test } from "node:test"
 *
 * const suite = (subject: Testing.Conformance.Subject<unknown>) => {
 *   for (const { name, run, skip } of Testing.conformance(subject)) {
 *     test(name, { skip: skip ?? false }, () => Effect.runPromise(run))
 *   }
 * }
 * ```
 */
export const conformance = <S>(subject: Subject<S>): ReadonlyArray<Case> => [
  ...wholeAnswers(subject),
  ...endings(subject),
  ...leaving(subject),
  ...turns(subject),
  ...capabilities(subject)
]

/**
 * A model that speaks HTTP. Of a whole text answer, in which each token is a write of its own, it makes all that can
 * break one.
 *
 * **Example** (A provider and its server)
 *
 * ```ts
 * import { Capabilities } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 * import * as Testing from "rivulet/Testing"
 *
 * const { AnthropicServer, Conformance, Script } = Testing
 *
 * const subject = Conformance.http({
 *   capabilities: Capabilities.make({ tokenStreaming: true }),
 *   model: ({ apiKey, baseUrl, options }) => Anthropic.make({ model: "claude-haiku-4-5", apiKey, baseUrl, ...options }),
 *   server: AnthropicServer.make,
 *   answers: {
 *     text: (tokens) => Script.tokens(tokens),
 *     status: Script.status,
 *     ping: Script.event({ type: "ping" }),
 *     unknown: Script.event({ type: "mood", mood: "good" }),
 *     errors: { OverloadedError: Script.errorEvent("overloaded_error", "Overloaded") }
 *   }
 * })
 * ```
 */
export const http = (options: HttpOptions): Subject<Script> => httpSubject(options)
