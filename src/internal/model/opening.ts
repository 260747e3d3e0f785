/**
 * How a model opens a call, without events. Wrappers build on it, so that a wrapped model has the events of one model.
 * Models are kept aside of their public type: a copy of a model with another `stream` is opened by that `stream`.
 */
import * as Stream from "effect/Stream"
import type { AIMessageChunk } from "../../AIMessageChunk.ts"
import type { CallOptions } from "../../CallOptions.ts"
import type { ChatModelError } from "../../ChatModelError.ts"
import type { AIMessage } from "../../Message.ts"
import { CurrentRun } from "../events/currentRun.ts"
import { message } from "../step/fold.ts"
import { fromStream } from "../step/run.ts"
import type { Opener } from "../step/types.ts"
import type { ChatInput } from "./request.ts"
import type { Service } from "./service.ts"

/** Opens a call. Retries and time limits are inside. With `whole` the caller only wants the whole answer. */
export type OpenModel = (
  input: ChatInput,
  options: CallOptions | undefined,
  whole: boolean
) => Opener<AIMessageChunk, AIMessage, ChatModelError, never>

const openers = new WeakMap<Service, OpenModel>()

/** Registers how a model opens a call. */
export const register = (model: Service, open: OpenModel): Service => {
  openers.set(model, open)
  return model
}

/** How a model opens a call. A model that was not made here streams with its events silenced. */
export const openerOf = (model: Service): OpenModel =>
  openers.get(model) ??
    ((input, options) =>
      fromStream(
        Stream.suspend(() => Stream.provideService(model.stream(input, options), CurrentRun, undefined)),
        message
      ))
