/**
 * Spreading optional fields. Used by every module that builds objects whose optional fields are absent rather than
 * `undefined`. It must import nothing.
 */

/** An object with one field, or an empty one if the value is `undefined`: `{ ...optional("usage", usage) }`. */
export const optional = <K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } =>
  // A computed key has the type `string`; this one can only be `key`.
  value === undefined ? {} : { [key]: value } as { readonly [P in K]: V }
