/**
 * Settings of a provider: those that the app passes, those from its environment, and those from `Config`. Called by each
 * provider's public module (`src/Anthropic.ts` and so on), which adds nothing but the names of its settings and their
 * variables. Must import no provider.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"

/** A setting without a variable. */
export const absent: Config.Config<undefined> = Config.succeed(undefined)

/** A key or a token from the environment, as it stands: the first call says what is wrong with a blank one. */
export const secret = (variable: string | undefined): Config.Config<Redacted.Redacted<string> | undefined> =>
  variable === undefined
    ? absent
    : Config.map(Config.option(Config.Redacted(variable)), Option.getOrUndefined)

/** Any other setting from the environment. A blank one counts as absent, as it does for the official SDKs. */
export const text = (variable: string | undefined): Config.Config<string | undefined> =>
  variable === undefined
    ? absent
    : Config.map(
      Config.option(Config.String(variable)),
      (value) => Option.getOrUndefined(Option.filter(value, (text) => text.trim() !== ""))
    )

/** Completes options with settings from the environment. An option that is not `undefined` wins. */
export const withEnvironment = <Options extends object, Name extends keyof Options & string>(
  options: Options,
  environment: { readonly [N in Name]: Config.Config<Options[N]> }
): Effect.Effect<Options, Config.ConfigError> =>
  Effect.map(Config.all(environment), (found) => ({ ...options, ...found, ...defined(options) }))

const defined = <A extends object>(fields: A): Partial<A> =>
  // Object.fromEntries does not keep the types of the fields.
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<A>

/** Settings as `Config`s, and the plain options beside them. */
interface Configured {
  readonly options?: object | undefined
}

/** The options that a {@link Configured} stands for. */
type OptionsOf<C extends Configured> =
  & { readonly [N in keyof C as N extends "options" ? never : N]: ValueOf<C[N]> }
  & NonNullable<C["options"]>

type ValueOf<C> = C extends Config.Config<infer A> ? A : undefined

/** Reads the settings of an app's own configuration. The first that is missing or wrong is the failure. */
export const readConfig = Effect.fnUntraced(function*<C extends Configured>(
  { options, ...settings }: C
): Effect.fn.Return<OptionsOf<C>, Config.ConfigError> {
  const read: { [name: string]: unknown } = {}
  for (const [name, config] of Object.entries(settings)) {
    if (Config.isConfig(config)) read[name] = yield* config
  }
  // Each setting has been replaced by what its Config gives.
  return { ...options, ...read } as OptionsOf<C>
})
