// The model that the contract programs ask. The programs are the same on every wire; the environment chooses it.
import type { CallOptions } from "rivulet"
import * as Anthropic from "rivulet/Anthropic"
import * as OpenAi from "rivulet/OpenAi"

const wire = process.env["CONTRACT_WIRE"] ?? "messages"

export const layer = (options?: CallOptions.CallOptions) =>
  wire === "messages"
    ? Anthropic.layer({ model: "claude-haiku-4-5", ...options })
    : OpenAi.layer({ model: "gpt-5.4-mini", api: wire === "chat" ? "chat" : "responses", ...options })

/** Prints one line of JSON, which the expectations read. */
export const print = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}
