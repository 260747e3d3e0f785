/**
 * Settings of a provider: those that the app passes, those from its environment, and those from `Config`. Called by each
 * provider's public module (`src/Anthropic.ts` and so on), which adds nothing but the names of its settings and their
 * variables. Must import no provider.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

/** A key or a token from the environment, as it stands: the first call says what is wrong with a blank one. */
const secret = (variable: string | undefined): Config.Config<unknown> =>
  variable === undefined ? absent : Config.map(Config.option(Config.Redacted(variable)), Option.getOrUndefined)

/** Any other setting from the environment. A blank one counts as absent, as it does for the official SDKs. */
const text = (variable: string | undefined): Config.Config<unknown> =>
  variable === undefined
    ? absent
    : Config.map(
      Config.option(Config.String(variable)),
      (value) => Option.getOrUndefined(Option.filter(value, (text) => text.trim() !== ""))
    )

const absent: Config.Config<undefined> = Config.succeed(undefined)

/** The settings that are read from the environment, with their variables. Without a variable a setting is not read. */
interface Variables<Name extends string> {
  /** Keys and tokens. */
  readonly secrets: { readonly [N in Name]?: string | undefined }
  /** Settings that may be told. */
  readonly texts: { readonly [N in Name]?: string | undefined }
}

/** Completes options with settings from the environment. An option that is not `undefined` wins. */
export const withEnvironment = <Options extends object>(
  options: Options,
  { secrets, texts }: Variables<keyof Options & string>
): Effect.Effect<Options, Config.ConfigError> =>
  Effect.map(
    Config.all({ ...mapValues(secrets, secret), ...mapValues(texts, text) }),
    (found) => {
      const settings: { readonly [name: string]: unknown } = { ...found, ...defined(options) }
      // The options stay what they are; what was found has the types of the settings that it stands for.
      return { ...options, ...settings, ...mapValues(secrets, (_, name) => asSecret(settings[name])) } as Options
    }
  )

const mapValues = <A, B>(
  fields: { readonly [name: string]: A },
  f: (value: A, name: string) => B
): { readonly [name: string]: B } =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, f(value, name)]))

/** JavaScript may give a key as a plain string or null, whatever the types say. */
const asSecret = (value: unknown): unknown => typeof value === "string" ? Redacted.make(value) : value ?? undefined

/**
 * The text of a secret. Undefined if there is none to be had: the secret was wiped, holds no text, or was made by
 * another copy of `effect`.
 */
export const secretText = (secret: unknown): string | undefined => {
  try {
    const value = Redacted.isRedacted(secret) ? Redacted.value(secret) : secret
    return typeof value === "string" ? value : undefined
  } catch {
    return undefined
  }
}

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
    // JavaScript may give the setting itself.
    read[name] = Config.isConfig(config) ? yield* config : config
  }
  // Each setting has been replaced by what its Config gives.
  return { ...options, ...read } as OptionsOf<C>
})
