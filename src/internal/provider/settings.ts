/**
 * Settings of a provider: those that the app passes, those from its environment, and those from `Config`; and the secrets
 * among them. Called by each provider's public module (`src/Anthropic.ts` and so on), which adds nothing but the names of
 * its settings and their variables, and by hosts, which pass on the secrets. Must import no provider.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { ModelFacts } from "../facts/settings.ts"
import type { FactsSettings } from "../facts/settings.ts"
import { HttpTransport } from "../http/transport.ts"
import type { Transports } from "../http/transport.ts"

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
      // The options keep their types; a value that was found has the type of its setting.
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

/** The settings of an app for its models, provided by layers. */
export interface AppSettings extends FactsSettings {
  /** The transports of the context in which the model is made. Absent: there were none. */
  readonly transports?: Transports | undefined
}

/** Reads the settings from the layers of the context. Runs when a model is made. */
export const appSettings: Effect.Effect<AppSettings> = Effect.zipWith(
  ModelFacts,
  HttpTransport,
  (settings, transports) => transports.length === 0 ? settings : { ...settings, transports }
)

// -----------------------------------------------------------------------------
// secrets
// -----------------------------------------------------------------------------

/** Headers by name. A Redacted value is a secret, and so is a plain one of 8 characters unless its header is public. */
export type HeaderOptions = { readonly [name: string]: string | Redacted.Redacted<string> }

/** Removes secrets from a text. */
export type Scrub = (text: string) => string

/** A shorter plain text is no secret. A shorter secret is removed only where it is a word of its own. */
const leastLength = 8

/** Headers that say what the app is and what it accepts. */
const publicHeaders =
  /^(accept(-.+)?|cache-control|connection|content-.+|host|origin|(http-)?referer|user-agent|x-title|.*(version|beta))$/i

/** Parameters of a base URL that say what is asked for. */
const publicParameters = /version|deployment|region/i

/** Headers whose values hold a secret after a scheme or a name. */
const credentialHeaders = /authorization|cookie/i

/**
 * The secrets of a provider's settings: the Redacted ones among `values`, those in headers, and those in the query of
 * the base URL.
 */
export const secretsOf = (
  values: ReadonlyArray<unknown>,
  headers: HeaderOptions,
  baseUrl: string | undefined
): ReadonlyArray<string> => [
  ...values.flatMap((value) => Redacted.isRedacted(value) ? secretText(value) ?? [] : []),
  ...Object.entries(headers).flatMap(([name, value]) => headerSecrets(name, value)),
  ...parametersOf(baseUrl).flatMap(([name, value]) =>
    value.length < leastLength || publicParameters.test(name) ? [] : value
  )
]

const headerSecrets = (name: string, value: unknown): ReadonlyArray<string> => {
  const text = secretText(value)?.trim() ?? ""
  const redacted = Redacted.isRedacted(value)
  if (!redacted && (text.length < leastLength || publicHeaders.test(name))) return []
  if (!redacted && !credentialHeaders.test(name)) return [text]
  const pieces = text.split(/[\s,;=]+/).filter((piece) => piece.length >= leastLength)
  return [text, ...pieces, ...basicCredentials(text)]
}

/** `user:password` of Basic authorization, and the password. */
const basicCredentials = (header: string): ReadonlyArray<string> => {
  const [, encoded] = /^basic\s+([a-z0-9+/]+)=*$/i.exec(header) ?? []
  if (encoded === undefined || encoded.length % 4 === 1) return []
  const credentials = new TextDecoder().decode(Uint8Array.from(atob(encoded), (byte) => byte.charCodeAt(0)))
  return [credentials, credentials.slice(credentials.indexOf(":") + 1)]
}

const parametersOf = (url: string | undefined): ReadonlyArray<readonly [name: string, value: string]> =>
  url !== undefined && URL.canParse(url) ? [...new URL(url).searchParams] : []

/**
 * Replaces secrets by `<redacted>`, in case a server or a library repeats one: as they are, in base64, and with
 * punctuation escaped for JSON, a URL or HTML. Of two that start at the same place, the longer one is replaced.
 */
export const scrubber = (secrets: ReadonlyArray<string>): Scrub => {
  const known = new Set(secrets.flatMap((secret) => [secret, ...inBase64(secret)]))
  known.delete("")
  if (known.size === 0) return (text) => text
  const longestFirst = [...known].toSorted((a, b) => b.length - a.length)
  const pattern = new RegExp(longestFirst.map(inAnyForm).join("|"), "g")
  return (text) => text.replace(pattern, "<redacted>")
}

const inBase64 = (secret: string): ReadonlyArray<string> =>
  // btoa takes characters of one byte, of which headers consist.
  secret.length < leastLength || /[^\0-\xff]/.test(secret) ? [] : [btoa(secret).replace(/=+$/, "")]

/** A pattern for a secret. Nothing escapes a letter or a digit, so they stand for themselves. */
const inAnyForm = (secret: string): string => {
  const forms = secret.replace(/\W/g, formsOf)
  // The letters of a short secret are in many words.
  return secret.length < leastLength ? `(?<!\\w)${forms}(?!\\w)` : forms
}

/** A pattern for `/`, say: itself, `\/`, `\u002f`, `&#x2F;`, `&#47;` or `%2F`. */
const formsOf = (character: string): string => {
  const code = character.charCodeAt(0)
  const forms = [
    `\\\\*${code < 0x80 ? `\\${character}` : character}`,
    `\\\\+u0*${hex(code)}`,
    `&#(?:[xX]0*${hex(code)}|0*${code});`,
    Array.from(new TextEncoder().encode(character), (byte) => `%${hex(byte)}`).join(""),
    ...(entities.get(character) ?? [])
  ]
  return `(?:${forms.join("|")})`
}

/** Hexadecimal digits in either case. */
const hex = (code: number): string =>
  code.toString(16).replace(/[a-f]/g, (letter) => `[${letter}${letter.toUpperCase()}]`)

const entities = new Map([["&", ["&amp;"]], ["<", ["&lt;"]], [">", ["&gt;"]], ["\"", ["&quot;"]], ["'", ["&apos;"]]])
