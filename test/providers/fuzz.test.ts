import { fuzzBodies } from "../support/bodyFuzz.ts"

fuzzBodies(300)
