/**
 * The check of a guard that is a function of the app: its input, its verdicts, and their conversion to changes of the
 * text. Used by `withGuard.ts`.
 */
import * as Effect from "effect/Effect"
import type { ChatModelError } from "../../../ChatModelError.ts"
import { CurrentRun } from "../../events/currentRun.ts"
import { nameOf } from "../../excerpt.ts"
import { isObject } from "../../json/object.ts"
import type { ModelRequest } from "../transform.ts"
import type { Asked } from "./filter.ts"
import type { Decide } from "./guard.ts"
import type { Change, Decision } from "./rules.ts"
import type { Kind, TextWindow } from "./window.ts"

/** The text that a check judges. */
export interface Window {
  /** The text that has not been shown, as the model wrote it. */
  readonly text: string
  /** The text in front of it, as the model wrote it. Only its end is kept, at least as much as a window has. */
  readonly before: string
  /** The kind of the text: the answer, the words with which the model declined, or its reasoning. */
  readonly kind: Kind
  /** Whether the text ends here. If not, its last `window` characters come again with the next check. */
  readonly last: boolean
}

/** A part of a window's text to replace. Positions are in UTF-16 units, as in `String.slice`. */
export interface Range {
  /** The position of the first character. */
  readonly start: number
  /** The position after the last character. */
  readonly end: number
  /** The text in its place. Defaults to `[redacted]`. */
  readonly replacement?: string | undefined
}

/** The result of a check. */
export type Verdict =
  | { readonly _tag: "Pass" }
  | {
    readonly _tag: "Redact"
    /** The parts to replace. */
    readonly ranges: ReadonlyArray<Range>
  }
  | {
    readonly _tag: "Stop"
    /** The reason, which the error of the call tells. */
    readonly reason: string
    /** The position in the window's text from which nothing is shown. Defaults to 0. */
    readonly at?: number | undefined
  }

/** A check of an app. */
export type Check<R> = (window: Window, request: ModelRequest) => Effect.Effect<Verdict, ChatModelError, R>

/** Decides about held text with the check of an app. The events of the check are not those of the model. */
export const deciding = (check: Check<never>): Decide => (asked, window, request) => {
  const { from, kind, text } = window
  const judged = { text: text.slice(from), before: text.slice(0, from), kind, last: asked.last }
  return Effect.suspend(() => check(judged, request())).pipe(
    Effect.provideService(CurrentRun, undefined),
    Effect.map((verdict) => decisionOf(verdict, asked, window))
  )
}

const decisionOf = (verdict: Verdict, { before }: Asked, { from, text }: TextWindow): Decision => {
  if (!isObject(verdict)) throw notVerdict(verdict)
  const within = (position: number) => Math.min(Math.max(from, from + position), text.length)
  switch (verdict._tag) {
    case "Pass":
      return { changes: [] }
    case "Stop":
      return { changes: [], stop: { at: within(verdict.at ?? 0), reason: verdict.reason } }
    case "Redact": {
      const changes: Array<Change> = []
      let at = from
      for (const { end, replacement = redacted, start } of verdict.ranges.toSorted((a, b) => a.start - b.start)) {
        const first = Math.max(at, within(start))
        // A part that begins in text that stays held comes again, and may be longer then.
        if (first >= before || within(end) <= first) continue
        at = within(end)
        changes.push({ start: first, end: at, replacement })
      }
      return { changes }
    }
    default:
      throw notVerdict(verdict)
  }
}

/** The defect of a check without types. */
const notVerdict = (value: unknown) =>
  new TypeError(
    `withGuard: check must give ModelGuard.pass, ModelGuard.redact or ModelGuard.stop, not ${nameOf(value)}`
  )

/** The default text in place of a part that a guard takes out. */
export const redacted = "[redacted]"
