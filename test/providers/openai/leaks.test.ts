import { Redacted } from "effect"
import * as OpenAi from "rivulet/OpenAi"
import { leavesNothing } from "../../support/leaks.ts"

leavesNothing("chat", (baseUrl) => OpenAi.make({ model: "m", api: "chat", apiKey: Redacted.make("sk-test"), baseUrl }))
