import { longSuite } from "../support/recorded.ts"
import { responsesApi } from "../support/recordedSubjects.ts"

longSuite(responsesApi)
