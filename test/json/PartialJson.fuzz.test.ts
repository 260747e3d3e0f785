import { fuzz } from "../support/jsonFuzz.ts"

fuzz(40_000)
