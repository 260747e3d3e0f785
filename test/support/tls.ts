// A TLS front for a local server, certificates made by openssl, and a proxy as a process of its own.
import { Effect } from "effect"
import { execFileSync, spawn, spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { connect } from "node:net"
import type { AddressInfo, Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createServer } from "node:tls"
import { fileURLToPath } from "node:url"

/** Why the tests are skipped, or undefined. */
export const skipped = spawnSync("openssl", ["version"]).status === 0 ? undefined : "openssl is not installed"

/** An authority, a certificate of a server for `models.test` and this machine, and one of a client. All PEM. */
export const certificates = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "rivulet-tls-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
  ),
  (folder) => {
    const openssl = (...args: ReadonlyArray<string>) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" })
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    openssl("req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test CA")
    writeFileSync(join(folder, "names"), "subjectAltName=DNS:models.test,DNS:localhost,IP:127.0.0.1")
    for (const name of ["server", "client"]) {
      openssl(
        "req",
        "-new",
        ...key.slice(0, -2),
        "-keyout",
        `${name}.key`,
        "-out",
        `${name}.csr`,
        "-subj",
        `/CN=${name}`
      )
      const signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names"]
      openssl("x509", "-req", "-in", `${name}.csr`, ...signed, "-out", `${name}.pem`)
    }
    const read = (name: string) => readFileSync(join(folder, name), "utf8")
    return {
      ca: read("ca.pem"),
      caPath: join(folder, "ca.pem"),
      server: { cert: read("server.pem"), key: read("server.key") },
      client: { cert: read("client.pem"), key: read("client.key") }
    }
  }
)

/** A TLS server in front of one on this machine, which asks for a certificate of the authority if `mutual`. */
export const tlsFront = Effect.fnUntraced(function*(
  url: string,
  { ca, server: { cert, key } }: {
    readonly ca: string
    readonly server: { readonly cert: string; readonly key: string }
  },
  mutual: boolean
) {
  const target = Number(new URL(url).port)
  const sockets = new Set<Socket>()
  const clients: Array<string | undefined> = []
  const server = createServer({ ca, cert, key, requestCert: mutual, rejectUnauthorized: mutual }, (socket) => {
    clients.push(socket.getPeerCertificate()?.subject?.CN?.toString())
    const upstream = connect(target, "127.0.0.1")
    const close = () => {
      upstream.destroy()
      socket.destroy()
    }
    for (const each of [socket, upstream]) each.on("error", close).on("close", close)
    socket.pipe(upstream).pipe(socket)
  })
  server.on("connection", (socket) => {
    sockets.add(socket)
    socket.once("close", () => sockets.delete(socket))
  })
  server.on("tlsClientError", () => {})
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.void))
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        for (const socket of sockets) socket.destroy()
      })
  )
  // The address of a server on a TCP port has this type.
  return { port: (server.address() as AddressInfo).port, clients }
})

/** The proxy of connectProxy.mjs. `tunnels` are the lines that it printed so far. */
export const proxy = Effect.map(
  Effect.acquireRelease(
    Effect.callback<{ readonly port: number; readonly lines: Array<string>; readonly kill: () => void }>((resume) => {
      const child = spawn(process.execPath, [fileURLToPath(new URL("connectProxy.mjs", import.meta.url))], {
        stdio: ["ignore", "pipe", "inherit"]
      })
      const lines: Array<string> = []
      let text = ""
      child.stdout.setEncoding("utf8").on("data", (piece: string) => {
        const pieces = (text + piece).split("\n")
        text = pieces.pop() ?? ""
        lines.push(...pieces)
        const port = Number(/^PORT (\d+)$/.exec(lines[0] ?? "")?.[1])
        if (port > 0) resume(Effect.succeed({ port, lines, kill: () => child.kill() }))
      })
    }),
    ({ kill }) => Effect.sync(kill)
  ),
  ({ lines, port }) => ({ port, tunnels: () => lines.slice(1) })
)
