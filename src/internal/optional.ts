/** A field, unless it has no value: for objects in which a field that says nothing is absent. */
export const given = <K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } =>
  // A computed key has the type `string`; here it can only be `key`.
  value === undefined ? {} : { [key]: value } as { readonly [P in K]: V }
