/**
 * Collects the problems of a request while it is encoded. Made by `encodeRequest` of each wire and passed to the
 * functions that encode its parts, so that these return plain JSON.
 */
import { InvalidRequestError, UnsupportedError } from "../../ChatModelError.ts"
import type { Reason } from "../../ChatModelError.ts"

/** Warnings for the log and the metadata, and the first problem that makes the request impossible. */
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
