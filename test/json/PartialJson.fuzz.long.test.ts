import { fuzz } from "../support/jsonFuzz.ts"

fuzz(1_000_000)
