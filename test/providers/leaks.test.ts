import { leaks } from "../support/leaks.ts"

leaks(100)
