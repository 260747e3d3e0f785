// Apps served by a real node:http server, for tests of `rivulet/Serve`.
import { Effect } from "effect"
import type { Layer, Scope } from "effect"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import * as Net from "node:net"
import OpenAI from "openai"
import * as Serve from "rivulet/Serve"

/** A server of an app, on loopback. */
export interface Served extends Serve.FetchServer {
  readonly url: string
  readonly port: number
  readonly openai: OpenAI
}

/** Serves an app until the scope closes. */
export const serve = <R, E>(
  app: Serve.App<NoInfer<R>>,
  layer: Layer.Layer<R, E>
): Effect.Effect<Served, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const made = Serve.toFetch(app, layer)
      const server = Http.createServer(Serve.toNode(made.fetch))
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      const { port } = server.address() as AddressInfo
      const url = `http://127.0.0.1:${port}`
      const openai = new OpenAI({ apiKey: "any", baseURL: `${url}/v1`, maxRetries: 0 })
      return { ...made, server, port, url, openai }
    }),
    ({ close, server }) =>
      Effect.promise(async () => {
        await close()
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      })
  )

/** The body of a request, with a message of a user unless another is given. */
export const body = (fields: object = {}): string =>
  JSON.stringify({ model: "chat", messages: [{ role: "user", content: "Hi" }], ...fields })

/** Posts to the chat route. */
export const post = (url: string, content: string, headers: { readonly [name: string]: string } = {}) =>
  fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: content
  })

/** Sends bytes as they are, and gives all that the server sends until it closes, or until `until` holds. */
export const raw = (port: number, text: string, until: (received: string) => boolean = () => false): Promise<string> =>
  new Promise((resolve, reject) => {
    let received = ""
    const socket = Net.connect(port, "127.0.0.1", () => socket.write(text))
    socket.setEncoding("utf8")
    socket.on("data", (data: string) => {
      received += data
      if (until(received)) socket.destroy()
    })
    socket.on("error", (error) => received === "" ? reject(error) : resolve(received))
    socket.on("close", () => resolve(received))
  })

/** The data of all frames in a body. */
export const framesOf = (text: string): ReadonlyArray<string> =>
  text.split("\n\n").filter((frame) => frame.startsWith("data: ")).map((frame) => frame.slice("data: ".length))
