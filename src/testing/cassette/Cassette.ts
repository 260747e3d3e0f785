/**
 * Records what providers answer, and plays it in place of them: tests with real answers that need no network and no key.
 *
 * **When to use**
 *
 * Use it to test a chain, an agent or a parser with what a real model said. For answers of your own making, use
 * `ScriptedChatModel` or a server of this kit.
 *
 * **Details**
 *
 * The bytes of each answer are recorded with their times and played through the real decoder, so the chunks, the usage and
 * the errors are those of the provider. A request is answered by the recorded one that is equal to it: in its method, its
 * address, and its JSON, in which the order of fields does not count. Equal requests are answered in the order in which
 * they were recorded. Retries, error responses and lost connections are recorded as well.
 *
 * Secrets are never written: credentials in headers, parameters and fields, wherever they are repeated; the keys of known
 * providers; and the texts that the app names. The prompts and the answers are written, as that is what a cassette is.
 *
 * Recording costs money, so it happens only on demand: `RIVULET_CASSETTES=record npx vitest run test/weather.test.ts`.
 *
 * **Gotchas**
 *
 * - Two tests need two cassettes: the file holds the requests of one layer.
 * - `cut` and `coalesce` of an edited script do not count: each `Write` is one read.
 * - The times are those at which the program took the bytes. A slow reader is recorded as a slow answer.
 * - What differs in each run, such as the date in a prompt, must be the same when it is played: set it in the test, or
 *   name it in `ignore` or `redact`.
 *
 * **Example** (A test with a recorded answer)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatModel } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 * import { Cassette } from "rivulet/Testing"
 *
 * const test = ChatModel.invoke("Name three fish").pipe(
 *   Effect.provide(Anthropic.layer({ model: "claude-haiku-4-5" })),
 *   Effect.provide(Cassette.layer("three-fish")) // test/cassettes/three-fish.json
 * )
 * ```
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { join } from "node:path"
import { HttpTransport } from "../../internal/http/transport.ts"
import { redaction } from "../../internal/wire/redaction.ts"
import type { RedactedRequest, RedactOptions } from "../../internal/wire/redaction.ts"
import type { Script } from "../server/steps.ts"
import { readTape } from "./format.ts"
import { modeVariable, Tape } from "./tape.ts"
import type { Mode } from "./tape.ts"

export type { RedactedRequest, RedactOptions } from "../../internal/wire/redaction.ts"
export type { Mode } from "./tape.ts"

/** A cassette that cannot be read, or a mode that is none. */
export class CassetteError extends Schema.TaggedError<CassetteError>("rivulet/CassetteError")("CassetteError", {
  /** A sentence that says what is wrong. */
  message: Schema.String,
  /** The path of the file. */
  path: Schema.String
}) {}

/** Options of a cassette. */
export interface Options {
  /** The folder of the file, from the working directory. Defaults to `test/cassettes`. */
  readonly folder?: string | undefined
  /**
   * Whether requests are sent, answered from the cassette, or refused.
   *
   * - `replay` answers it from the cassette. A request that is not recorded fails with `UnsupportedError`, whose message
   *   shows the nearest recorded one. Nothing is sent, and models need no key.
   * - `record` sends it. The file is replaced.
   * - `auto` answers it from the cassette if it is recorded, and otherwise sends and adds it.
   * - `refuse` fails it, recorded or not: a proof that a test asks no model.
   *
   * Defaults to the environment variable `RIVULET_CASSETTES`, or else to `replay`.
   */
  readonly mode?: Mode | undefined
  /**
   * How many times faster than recorded an answer is played: 1 keeps the times. Delays follow the `Clock`. Defaults to
   * `Infinity`, which does not wait at all.
   */
  readonly speed?: number | undefined
  /**
   * Changes an answer before it is played, for example with `Script.faultAt`. It gets the answer and the recorded request.
   * Answers are not changed by default.
   */
  readonly edit?: ((answer: Script, request: RedactedRequest) => Script) | undefined
  /** Texts to redact beside the rules. Both recorded and played requests are redacted before they are compared. */
  readonly redact?: RedactOptions | undefined
  /**
   * Fields of a request that do not count when requests are compared, as paths in which `*` is any field or item:
   * `"messages.*.id"`. `metadata`, `user`, `prompt_cache_key` and `safety_identifier` never count.
   */
  readonly ignore?: ReadonlyArray<string> | undefined
}

const modes: ReadonlyArray<Mode> = ["record", "replay", "auto", "refuse"]

// Not read as Config, as a test may replace the ConfigProvider, and the person who runs it decides.
const modeOf = (mode: string = process.env[modeVariable] ?? "replay"): Mode | undefined =>
  modes.find((each) => each === mode)

/**
 * Records the requests of calls under this layer, and of models made under it, or plays their answers. `name` is the path of
 * the file in the folder, without `.json`.
 *
 * **Details**
 *
 * A file is written in one step after each answer. If a reader leaves an answer, what came until then is recorded, and
 * playing it beyond that fails. If it left while it waited, as at a time limit, the played answer stalls in the same place.
 *
 * **Example** (An answer that breaks)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ChatModel } from "rivulet"
 * import * as Anthropic from "rivulet/Anthropic"
 * import { Cassette, Script } from "rivulet/Testing"
 *
 * const test = Effect.flip(ChatModel.invoke("Name three fish")).pipe(
 *   Effect.provide(Anthropic.layer({ model: "claude-haiku-4-5" })),
 *   Effect.provide(Cassette.layer("three-fish", { edit: Script.faultAt(700, Script.reset), speed: 1 }))
 * )
 * ```
 */
export const layer = (name: string, options: Options = {}): Layer.Layer<never, CassetteError> =>
  Layer.effect(
    HttpTransport,
    Effect.gen(function*() {
      const outer = yield* HttpTransport
      const path = join(options.folder ?? "test/cassettes", `${name}.json`)
      const mode = modeOf(options.mode)
      if (mode === undefined) {
        return yield* new CassetteError({ path, message: `The mode of a cassette is one of ${modes.join(", ")}` })
      }
      const recorded = yield* Effect.try({
        try: () => mode === "record" ? undefined : readTape(path),
        catch: (cause) =>
          new CassetteError({ path, message: `${path} is no cassette that can be read: ${String(cause)}` })
      })
      const tape = yield* Effect.acquireRelease(
        Effect.sync(() =>
          new Tape({
            name,
            path,
            mode,
            speed: options.speed ?? Infinity,
            ignore: options.ignore ?? [],
            redact: redaction(options.redact),
            edit: options.edit ?? identity
          }, recorded ?? [])
        ),
        (tape) => Effect.sync(() => tape.close())
      )
      return [...outer, {
        wrap: (next, services) => tape.fetch(next, services),
        keyless: mode === "replay" || mode === "refuse",
        live: mode === "record" || mode === "auto"
      }]
    })
  )
