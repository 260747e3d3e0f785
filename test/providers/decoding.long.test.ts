import { decoding } from "../support/decoding.ts"

decoding(100)
