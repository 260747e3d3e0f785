import { InvalidRequestError, UnsupportedError } from "../../ChatModelError.ts"
import type { Reason } from "../../ChatModelError.ts"

/** What comes up while a request is put together: what must be told, and the first thing that makes it impossible. */
export class EncodingIssues {
  readonly warnings: Array<string> = []
  problem: Reason | undefined

  warn(message: string): void {
    if (!this.warnings.includes(message)) this.warnings.push(message)
  }

  unsupported(field: string, message: string): void {
    this.problem ??= new UnsupportedError({ field, message: `${field}: ${message}` })
  }

  invalid(field: string, message: string): void {
    this.problem ??= new InvalidRequestError({ field, message: `${field}: ${message}` })
  }
}
