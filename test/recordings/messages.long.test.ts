import { longSuite } from "../support/recorded.ts"
import { messages } from "../support/recordedSubjects.ts"

longSuite(messages)
