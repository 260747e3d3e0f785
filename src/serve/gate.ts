/**
 * Who may ask: the checks of Host and Origin, which stand before anything else of a request is read, and the token of a
 * request. A page of another site can send requests to a server on this machine, and with a rebound name it can read the
 * answers. So the Host counts whether or not there is an Origin, and for every method.
 */
import * as Redacted from "effect/Redacted"
import { PublicError } from "./publicError.ts"

/** The values that the checks compare with. */
export interface GateSettings {
  /** The names by which the server is reached besides those of loopback. Undefined: any, which needs `auth`. */
  readonly hosts: ReadonlySet<string> | undefined
  /** The origins of other sites that may ask. */
  readonly origins: ReadonlySet<string>
  /** Whether nobody has to say who he is. */
  readonly open: boolean
}

const forbidden = (message: string): PublicError => new PublicError({ kind: "forbidden", status: 403, message })

const otherHost = forbidden("This Host is not served here.")
const otherOrigin = forbidden("This Origin may not ask here.")
const notLocal = forbidden("This server has no authentication, so it only answers requests from its own machine.")

/** The addresses from which requests came, where the host tells. */
const peers = new WeakMap<Request, string>()

/** Notes the address from which a request came. */
export const notePeer = (request: Request, address: string | undefined): void => {
  if (address !== undefined) peers.set(request, address)
}

const isLoopbackAddress = (address: string): boolean => /^(::ffff:)?127\.|^::1$/.test(address)

/** A host without its port, in lower case. Undefined if it is none. */
const nameOf = (host: string): string | undefined =>
  /^(\[[0-9a-f:.]+\]|[^:@/\\?#\s]+)(?::\d+)?$/i.exec(host)?.[1]?.toLowerCase()

const isLoopbackName = (name: string): boolean =>
  name === "localhost" || name === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(name)

const urlOf = (text: string): URL | undefined => {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}

/** The rights of a request: the origin that may read its response, if it is that of another site. */
export interface Passed {
  readonly allowedOrigin: string | undefined
}

/** Checks Host and Origin. */
export const pass = (request: Request, { hosts, open, origins }: GateSettings): Passed | PublicError => {
  const peer = peers.get(request)
  if (open && peer !== undefined && !isLoopbackAddress(peer)) return notLocal
  const host = request.headers.get("host") ?? urlOf(request.url)?.host ?? ""
  const name = nameOf(host)
  if (name === undefined) return otherHost
  const isKnown = isLoopbackName(name) || hosts?.has(name) === true || hosts?.has(host.toLowerCase()) === true
  if (!isKnown && (open || hosts !== undefined)) return otherHost
  const origin = request.headers.get("origin")
  if (origin !== null && origins.has(origin)) return { allowedOrigin: origin }
  const isOwn = origin !== null && urlOf(origin)?.host === host.toLowerCase()
  if (origin !== null && !isOwn) return otherOrigin
  return request.headers.get("sec-fetch-site") === "cross-site" ? otherOrigin : { allowedOrigin: undefined }
}

/** The headers with which a page of another site may read a response. */
export const corsHeaders = (allowedOrigin: string): { readonly [name: string]: string } => ({
  "access-control-allow-origin": allowedOrigin,
  "access-control-expose-headers": "x-request-id, x-rivulet-ignored, retry-after",
  vary: "Origin"
})

/** The answer to a preflight request of an allowed origin. */
export const preflight = (request: Request, allowedOrigin: string): Response =>
  new Response(null, {
    status: 204,
    headers: {
      ...corsHeaders(allowedOrigin),
      "access-control-allow-methods": "GET, POST",
      "access-control-allow-headers": request.headers.get("access-control-request-headers") ?? "content-type",
      "access-control-max-age": "600",
      ...(request.headers.get("access-control-request-private-network") === "true"
        ? { "access-control-allow-private-network": "true" }
        : undefined)
    }
  })

/** The token of a request, whichever header has it. */
export const tokenOf = (request: Request): Redacted.Redacted | undefined => {
  const { headers } = request
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.get("authorization") ?? "")?.[1]
  const token = bearer ?? headers.get("x-api-key") ?? headers.get("api-key")
  return token === null || token === "" ? undefined : Redacted.make(token)
}

/** Whether two secrets are equal. The time says nothing of where they differ. */
export const sameSecret = (given: string, expected: string): boolean => {
  const encoder = new TextEncoder()
  const a = encoder.encode(given)
  const b = encoder.encode(expected)
  let difference = a.length ^ b.length
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ (b[i % b.length] ?? 0)
  return difference === 0
}
