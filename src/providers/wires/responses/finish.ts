/**
 * The status of a response. Called by the decoder at the end of a stream.
 */
import type { Finish, Reason } from "../../../Finish.ts"
import { objectAt, stringAt } from "../../../internal/provider/json.ts"
import type { JsonObject } from "../../../internal/provider/json.ts"
import { finishReason } from "../../../internal/provider/words.ts"

/** The facts about an output that decide the finish. */
export interface Outcome {
  /** Whether a call waits for an answer of the app. */
  readonly waits: boolean
  /** Whether the model refused. */
  readonly refused: boolean
}

/**
 * The finish of a response. `raw` is its `status`, which is `completed` also after tool calls and refusals, and
 * `incomplete` for every limit. The output and `incomplete_details` tell the rest.
 */
export const toFinish = (response: JsonObject, impliedStatus: string, outcome: Outcome): Finish => {
  const status = stringAt(response, "status")
  // Some servers do not update it.
  const raw = status === undefined || status === "in_progress" || status === "queued" ? impliedStatus : status
  const why = stringAt(objectAt(response, "incomplete_details") ?? {}, "reason") ?? ""
  const reason: Reason = raw === "incomplete"
    ? finishReason(why)
    : finishReason(raw) !== "stop"
    ? finishReason(raw)
    : outcome.waits
    ? "tool_calls"
    : outcome.refused
    ? "refusal"
    : "stop"
  return { reason, raw }
}
