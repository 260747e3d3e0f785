/**
 * The promises of every chat model as a suite of tests.
 *
 * **When to use**
 *
 * Run it on a provider of your own. Rivulet's providers run it too.
 *
 * **Details**
 *
 * The suite covers complete answers and how their bytes are cut, failures, cancellation, slow consumers, conversations,
 * and each capability: the suite proves a capability that the model declares, and requires a typed failure for one that
 * it does not. A {@link Subject} starts the model under test and builds the answers of its provider. {@link http} makes
 * the subject of a model that speaks HTTP of a server and a few scripts.
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
import type { Script } from "../server/steps.ts"
import { cancellation } from "./cancellation.ts"
import { capabilities } from "./capabilities.ts"
import { completeAnswers } from "./completeAnswers.ts"
import { conversations } from "./conversations.ts"
import { failures } from "./failures.ts"
import { http as httpSubject } from "./http.ts"
import type { HttpOptions } from "./http.ts"
import type { Case, Subject } from "./subject.ts"

export type { HttpAnswers, HttpOptions } from "./http.ts"
export type { Answers, Call, Case, ObservedRequest, Running, StatusOptions, Subject } from "./subject.ts"

/**
 * The suite for one model, for any test runner. `skip` holds the reason why a case cannot run.
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
  ...completeAnswers(subject),
  ...failures(subject),
  ...cancellation(subject),
  ...conversations(subject),
  ...capabilities(subject)
]

/**
 * The subject of a model that speaks HTTP. It derives every broken answer from a complete text answer, in which each
 * token must be a write of its own.
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
 *   model: ({ options, ...settings }) => Anthropic.make({ model: "claude-haiku-4-5", ...settings, ...options }),
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
