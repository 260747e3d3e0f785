/**
 * The key of a request: the same only for requests that a model answers alike. `withCache` and `withSharing` use it. It is
 * linear in the size of the request.
 */
import * as Result from "effect/Result"
import { merge } from "../../CallOptions.ts"
import type { CallOptions } from "../../CallOptions.ts"
import { plain } from "../returned.ts"
import { keyOf } from "../runnable/cached.ts"
import { withDefinitions } from "../tools/definitions.ts"
import type { Service } from "./service.ts"
import type { ModelRequest } from "./transform.ts"

/** Which requests count as equal. */
export interface RequestKeyOptions {
  /**
   * A name for the model, to tell apart models of one provider and name that answer differently: another server, or a
   * wrapper inside this one that changes the request or the answer. Defaults to none.
   */
  readonly name?: string | undefined
  /**
   * The part of the key that comes from the request. By default the messages and all options that can change the answer,
   * without regard to the order of object keys.
   */
  readonly key?: ((request: ModelRequest) => string) | undefined
}

/** The function that makes the keys of a model's requests. It returns undefined for a request without a key. */
export const requestKey = (
  caller: string,
  { model, options: defaults = {}, provider }: Service,
  { key, name = "" }: RequestKeyOptions
): (request: ModelRequest) => string | undefined => {
  const partOf = key === undefined
    ? ({ messages, options }: ModelRequest) => keyOfRequest(messages, merge(defaults, options))
    : plain(`${caller}: key`, key)
  return (request) => {
    const part = partOf(request)
    return part === undefined ? undefined : JSON.stringify(["model", name, provider, model, part])
  }
}

const keyOfRequest = (messages: ModelRequest["messages"], options: CallOptions): string | undefined => {
  // These change how a request is made, and labels are for the provider's records.
  const { maxRetries: _, metadata: _1, onRetry: _2, retrySchedule: _3, timeout: _4, ...asked } = options
  // Tools that cannot be sent fail the call, so they need no key.
  return Result.match(withDefinitions(asked), {
    onSuccess: (sent) => keyOf([messages, sent]),
    onFailure: () => undefined
  })
}
