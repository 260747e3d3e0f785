import { describe } from "@effect/vitest"
import { longCancellation, subjects } from "../support/cancellation.ts"

for (const [name, subject] of Object.entries(subjects)) describe(name, () => longCancellation(subject))
