import { describe } from "@effect/vitest"
import { cancellation, subjects } from "../support/cancellation.ts"

for (const [name, subject] of Object.entries(subjects)) describe(name, () => cancellation(subject))
