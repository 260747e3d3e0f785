/**
 * Makes strings: plain ones, and those of the formats of JSON Schema. All are well-formed Unicode. Imports only the
 * numbers.
 *
 * @internal
 */
import type { Numbers } from "./choices.ts"

/** Short texts that programs often mishandle. The simplest come first. */
const awkward = [
  "a",
  " ",
  "0",
  "-1",
  "null",
  "A b",
  "é",
  "𝕏",
  "a\nb",
  "\t",
  "\"",
  "\\",
  "'",
  "<b>",
  "../x",
  "__proto__",
  "%00",
  "🐠🐠"
] as const

const usual = [..."aeiounrstlbcdfghjkmpvwyz   AEST0123456789"]
const unusual = [..."-_.,:;!?'\"\\/()[]{}<>&%$#@~\n\tßéЖ漢字אب𝕏🐠"]

/** A text of this many code points, `max` counted from `min`. */
export const textOf = (numbers: Numbers, min: number, max: number): string => {
  if (numbers.simplest) return "a".repeat(min)
  const one = awkward[numbers.below(awkward.length * 2)]
  if (one !== undefined) {
    const { length } = [...one]
    if (length >= min && length <= max) return one
  }
  const length = min + numbers.below(max - min + 1)
  let text = ""
  for (let i = 0; i < length; i++) {
    const characters = numbers.below(8) === 7 ? unusual : usual
    text += characters[numbers.below(characters.length)] ?? ""
  }
  return text
}

const vocabulary =
  "ok the a pond fish is in of gold water it swims and blue moon small deep we see one two three still river light"
    .split(" ")

/** A sentence of this many words. The simplest is `ok`. */
export const sentence = (numbers: Numbers, count: number): string => {
  let text = ""
  for (let i = 0; i < count; i++) {
    const word = numbers.below(16) === 15 ? textOf(numbers, 1, 8) : vocabulary[numbers.below(vocabulary.length)] ?? ""
    text += i === 0 ? word : ` ${word}`
  }
  return text
}

const padded = (value: number, length: number): string => String(value).padStart(length, "0")

const hex = (numbers: Numbers, length: number): string =>
  Array.from({ length }, () => "0123456789abcdef"[numbers.below(16)]).join("")

const date = (numbers: Numbers): string => {
  const year = 2000 + numbers.below(60)
  const month = 1 + numbers.below(12)
  return `${year}-${padded(month, 2)}-${padded(1 + numbers.below(28), 2)}`
}

const time = (numbers: Numbers): string =>
  [24, 60, 60].map((bound) => padded(numbers.below(bound), 2)).join(":") +
  (numbers.below(2) === 0 ? "" : `.${padded(numbers.below(1000), 3)}`) +
  numbers.pick(["Z", "Z", "Z", "+02:00", "-11:30"])

const label = (numbers: Numbers): string => numbers.pick(["a", "pond", "gold-fish", "x1", "moon"])
const host = (numbers: Numbers): string => `${label(numbers)}.${numbers.pick(["example", "test", "example.com"])}`
const uri = (numbers: Numbers): string =>
  `${numbers.pick(["https", "http"])}://${host(numbers)}${
    numbers.pick(["", "/", `/${label(numbers)}`, `/${label(numbers)}?q=${numbers.below(100)}`, "/#top"])
  }`

const formats: { readonly [format: string]: (numbers: Numbers) => string } = {
  "date-time": (numbers) => `${date(numbers)}T${time(numbers)}`,
  date,
  time,
  duration: (numbers) =>
    numbers.pick(["PT0S", `P${1 + numbers.below(30)}D`, `PT${1 + numbers.below(90)}M`, "P1Y2M3DT4H5M6S"]),
  email: (numbers) => `${label(numbers)}@${host(numbers)}`,
  "idn-email": (numbers) => `${label(numbers)}@${host(numbers)}`,
  hostname: host,
  "idn-hostname": host,
  ipv4: (numbers) => [1, 2, 3, 4].map(() => numbers.below(256)).join("."),
  ipv6: (numbers) => Array.from({ length: 8 }, () => hex(numbers, 4)).join(":"),
  uri,
  "uri-reference": uri,
  iri: uri,
  "iri-reference": uri,
  url: uri,
  uuid: (numbers) => {
    const digits = hex(numbers, 30)
    const variant = "89ab"[numbers.below(4)] ?? "8"
    return [digits.slice(0, 8), digits.slice(8, 12), `4${digits.slice(12, 15)}`, variant + digits.slice(15, 18)]
      .concat(digits.slice(18, 30)).join("-")
  },
  regex: (numbers) => numbers.pick(["a", "^a*$", "[a-z]+", "\\d{3}"]),
  "json-pointer": (numbers) => numbers.pick(["", "/a", "/a/0", "/a~1b"]),
  byte: (numbers) => numbers.pick(["", "YQ==", "Z29sZGZpc2g="]),
  base64: (numbers) => numbers.pick(["", "YQ==", "Z29sZGZpc2g="])
}

/** A text of a format, `undefined` for a format without a rule, which is free text. */
export const formatted = (format: unknown, numbers: Numbers): string | undefined =>
  typeof format === "string" && Object.hasOwn(formats, format) ? formats[format]?.(numbers) : undefined
