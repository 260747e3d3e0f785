/**
 * The routes of all wires. A new wire adds its entries here.
 */
import { PublicError } from "./publicError.ts"
import type { Wire } from "./wire.ts"
import { modelList, oneModel, openAiChat } from "./wires/openAiChat.ts"

/** The facts about a server that its routes may tell. */
export interface About {
  /** The names of the chats. */
  readonly names: ReadonlyArray<string>
  /** When the server was made, in milliseconds since 1970. */
  readonly createdAt: number
}

/** A route: one that runs a chat, or one that tells something of the server. */
export type Route =
  & {
    readonly path: RegExp
    /** How errors look here. */
    readonly wire: Wire
  }
  & (
    | { readonly method: "POST" }
    | {
      readonly method: "GET"
      /** The body of the response. `id` is what the first group of `path` matches. */
      readonly body: (about: About, id: string) => string | PublicError
    }
  )

/** The error of a chat that does not exist. */
export const noChat = new PublicError({
  kind: "not_found",
  status: 404,
  field: "model",
  message: "There is no such model here."
})

const routes: ReadonlyArray<Route> = [
  { method: "POST", path: /^\/v1\/chat\/completions$/, wire: openAiChat },
  {
    method: "GET",
    path: /^\/v1\/models$/,
    wire: openAiChat,
    body: ({ createdAt, names }) => modelList(names, createdAt)
  },
  {
    method: "GET",
    path: /^\/v1\/models\/(.+)$/,
    wire: openAiChat,
    body: ({ createdAt, names }, id) => names.includes(id) ? oneModel(id, createdAt) : noChat
  }
]

/** A route that was found, or why not. The wire is that in which to say so. */
export type Found =
  | { readonly route: Route; readonly id: string; readonly wire: Wire }
  | { readonly error: PublicError; readonly wire: Wire }

const noRoute = new PublicError({ kind: "not_found", status: 404, message: "There is nothing at this address." })
const otherMethod = new PublicError({ kind: "method", status: 405, message: "This address has another method." })

/** The route of a request. */
export const find = (method: string, path: string): Found => {
  const here = routes.flatMap((route) => {
    const match = route.path.exec(path)
    return match === null ? [] : [{ route, id: decoded(match[1] ?? ""), wire: route.wire }]
  })
  return here.find(({ route }) => route.method === method) ??
    (here[0] === undefined ? { error: noRoute, wire: openAiChat } : { error: otherMethod, wire: here[0].wire })
}

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
