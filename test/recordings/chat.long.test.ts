import { longSuite } from "../support/recorded.ts"
import { chatCompletions } from "../support/recordedSubjects.ts"

longSuite(chatCompletions)
