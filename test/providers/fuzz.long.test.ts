import { fuzzBodies } from "../support/bodyFuzz.ts"

/** The bodies of each wire. CI sets fewer, as all of them take a minute of two processors. */
const bodies = Number(process.env["FUZZ_BODIES"] ?? 100_000)

fuzzBodies(bodies)
