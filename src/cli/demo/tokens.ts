/**
 * Cuts the demo model's answers into tokens. Called by `layer.ts`. Pure; imports nothing.
 */

/**
 * Cuts a text as a model's tokenizer would: a word includes the space before it, long words come in pieces, numbers in
 * threes, punctuation and line breaks alone. Joined, the tokens are the text.
 */
export const tokenize = (text: string): ReadonlyArray<string> => (text.match(pieces) ?? []).flatMap(cutWord)

const pieces = / ?[\p{L}\p{M}]+|['’]\p{L}+| ?\p{N}{1,3}|\n+|[ \t]+(?=\s)|[ \t]?[^\s\p{L}\p{M}\p{N}]|\s/gu

/** The longest word that is one token, and the length of the first piece of a longer one. */
const longest = 7
const firstPiece = 4
const laterPieces = 5

const cutWord = (piece: string): ReadonlyArray<string> => {
  const characters = Array.from(piece)
  const space = characters[0] === " " ? 1 : 0
  if (characters.length - space <= longest) return [piece]
  const cut = [characters.slice(0, space + firstPiece).join("")]
  for (let at = space + firstPiece; at < characters.length; at += laterPieces) {
    cut.push(characters.slice(at, at + laterPieces).join(""))
  }
  return cut
}
