import { Redacted } from "effect"
import * as Anthropic from "rivulet/Anthropic"
import { leavesNothing } from "../../support/leaks.ts"

leavesNothing("messages", (baseUrl) => Anthropic.make({ model: "m", apiKey: Redacted.make("sk-test"), baseUrl }))
