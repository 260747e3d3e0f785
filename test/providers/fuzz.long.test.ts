import { fuzzBodies } from "../support/bodyFuzz.ts"

fuzzBodies(100_000)
