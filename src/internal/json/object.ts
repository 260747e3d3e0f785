/**
 * The two things every module that handles parsed JSON needs: a test for objects and a safe way to set a key. Used by
 * the JSON reader, JSON Schema, parsers and object generation. It must import nothing.
 */

/** Whether a value is an object and not an array. */
export const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Sets a key of an object or an array, as an own property even if the key is `__proto__`. */
export const setKey = <A>(container: Array<A> | { [key: string]: A }, key: string, value: A): void => {
  if (key === "__proto__") {
    Object.defineProperty(container, key, { value, writable: true, enumerable: true, configurable: true })
  } else (container as { [key: string]: A })[key] = value // the index of an array is a key as well
}
