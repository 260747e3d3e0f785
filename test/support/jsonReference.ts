/** What `JSON.parse` makes of a text, with null for a number that a double cannot hold. */
export const parsed = (text: string) =>
  JSON.parse(text, (_, value: unknown) => value === Infinity || value === -Infinity ? null : value)

/**
 * The value of the start of a JSON text, read by a slow and plain implementation with recursion and regular expressions.
 * `undefined` if no value has begun.
 */
export const reference = (text: string): unknown => {
  let at = 0
  const over = () => at >= text.length
  const skip = () => {
    while (!over() && " \t\r\n".includes(text[at]!)) at++
  }
  const wrong = (): never => {
    throw new SyntaxError(`position ${at}`)
  }

  const readValue = (): unknown => {
    const rest = text.slice(at)
    if (rest.startsWith("{")) return readObject()
    if (rest.startsWith("[")) return readArray()
    if (rest.startsWith("\"")) return readString()
    for (const word of ["true", "false", "null"]) {
      if (rest.startsWith(word) || word.startsWith(rest)) {
        at += word.length
        return JSON.parse(word)
      }
    }
    return readNumber()
  }

  const readArray = (): unknown => {
    const items: Array<unknown> = []
    at++
    for (let first = true;; first = false) {
      skip()
      if (over()) return items
      if (first && text[at] === "]") break
      items.push(readValue())
      skip()
      if (over()) return items
      if (text[at] === "]") break
      if (text[at++] !== ",") wrong()
    }
    at++
    return items
  }

  const readObject = (): unknown => {
    const entries: Array<[string, unknown]> = []
    // Entries make own properties of any name, and of the same key the last one counts.
    const made = () => Object.fromEntries(entries)
    at++
    for (let first = true;; first = false) {
      skip()
      if (over()) return made()
      if (first && text[at] === "}") break
      if (text[at] !== "\"") wrong()
      const key = readString()
      skip()
      if (over()) return made()
      if (text[at++] !== ":") wrong()
      skip()
      if (over()) return made()
      entries.push([key, readValue()])
      skip()
      if (over()) return made()
      if (text[at] === "}") break
      if (text[at++] !== ",") wrong()
    }
    at++
    return made()
  }

  const readString = (): string => {
    const rest = text.slice(at)
    // oxlint-disable-next-line no-control-regex -- control characters are what a string must not have
    const whole = /^"(?:[^"\\\u0000-\u001f]|\\["\\/bfnrt]|\\u[\da-f]{4})*"/i.exec(rest)
    if (whole !== null) {
      at += whole[0].length
      return JSON.parse(whole[0])
    }
    // oxlint-disable-next-line no-control-regex -- as above
    const start = /^"((?:[^"\\\u0000-\u001f]|\\["\\/bfnrt]|\\u[\da-f]{4})*)(\\(?:u[\da-f]{0,3})?)?$/i.exec(rest)
    if (start === null) return wrong()
    at = text.length
    const [, body = "", tail = ""] = start
    const decode = (raw: string): string => JSON.parse(`"${raw}"`)
    if (tail === "") {
      const trimmed = body.trimEnd()
      return trimmed === body ? withoutHalf(decode(body)) : decode(trimmed)
    }
    const decoded = decode(body)
    return withoutHalf(decoded) === decoded ? decoded + (tail === "\\" ? tail : tail.slice(1)) : withoutHalf(decoded)
  }

  const readNumber = (): number | null => {
    const digits = /^[-+.\deE]*/.exec(text.slice(at))![0]
    const whole = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
    const start = /^-?(?:(?:0|[1-9]\d*)(?:\.\d*|(?:\.\d+)?[eE][+-]?\d*)?)?$/
    const isLast = at + digits.length === text.length
    if (digits === "" || !(isLast ? start : whole).test(digits)) return wrong()
    at += digits.length
    // Of a number that may go on, so many characters are looked at.
    const number = isLast ? digits === "-" ? -0 : parseFloat(digits.slice(0, 512)) : Number(digits)
    return Number.isFinite(number) ? number : null
  }

  skip()
  if (over()) return undefined
  const value = readValue()
  skip()
  if (!over()) wrong()
  return value
}

const withoutHalf = (text: string): string => text.replace(/[\ud800-\udbff]$/, "")
