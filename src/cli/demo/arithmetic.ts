/**
 * Finds and computes sums in prompts. Called by `answers.ts`. Pure; imports nothing.
 */

/** A sum in a prompt, and its value. */
export interface Sum {
  readonly expression: string
  readonly value: number
}

const spoken: ReadonlyArray<readonly [RegExp, string]> = [
  [/\bplus\b/gi, "+"],
  [/\bminus\b/gi, "-"],
  [/\b(?:times|multiplied by)\b|×|(?<=\d\s*)x(?=\s*\d)/gi, "*"],
  [/\bdivided by\b|÷/gi, "/"]
]

/** Computes the first sum in a text, such as `3 * (4 + 5)`; undefined if there is none, or none that can be read. */
export const sumIn = (text: string): Sum | undefined => {
  const written = spoken.reduce((text, [word, sign]) => text.replace(word, sign), text)
  const expression = /[-(\d][\d\s.()+*/-]*[)\d]/.exec(written)?.[0].trim()
  // A date and a number alone are no sums.
  if (expression === undefined || !/\d\s*[-+*/]/.test(expression) || /^\d{4}-\d\d?-\d\d?$/.test(expression)) {
    return undefined
  }
  const tokens = expression.match(/\d+(?:\.\d+)?|[-+*/()]/g) ?? []
  const reader = new Reader(tokens)
  const value = reader.sum()
  return reader.done && value !== undefined
    ? { expression: tokens.join(" ").replaceAll("( ", "(").replaceAll(" )", ")"), value }
    : undefined
}

/** Reads sums of products of numbers and brackets. Gives undefined for text that it cannot read. */
class Reader {
  readonly #tokens: ReadonlyArray<string>
  #at = 0

  constructor(tokens: ReadonlyArray<string>) {
    this.#tokens = tokens
  }

  get done(): boolean {
    return this.#at === this.#tokens.length
  }

  sum(): number | undefined {
    return this.#chain(["+", "-"], () => this.#chain(["*", "/"], () => this.#factor()))
  }

  #chain(signs: ReadonlyArray<string>, operand: () => number | undefined): number | undefined {
    let left = operand()
    while (left !== undefined && signs.includes(this.#tokens[this.#at] ?? "")) {
      const sign = this.#tokens[this.#at++]
      const right = operand()
      if (right === undefined) return undefined
      left = sign === "+" ? left + right : sign === "-" ? left - right : sign === "*" ? left * right : left / right
    }
    return left
  }

  #factor(): number | undefined {
    const token = this.#tokens[this.#at++]
    if (token === "-") {
      const value = this.#factor()
      return value === undefined ? undefined : -value
    }
    if (token !== "(") return token === undefined || !/^\d/.test(token) ? undefined : Number(token)
    const value = this.sum()
    return this.#tokens[this.#at++] === ")" ? value : undefined
  }
}
