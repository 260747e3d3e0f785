// An HTTP proxy as a process of its own: it prints its port, and then a line for each tunnel with the credentials it was
// asked with. It resolves every host to this machine.
import { createServer } from "node:http"
import { connect } from "node:net"

const server = createServer((_, response) => {
  response.writeHead(405).end()
})

server.on("connect", (request, socket, head) => {
  console.log(`CONNECT ${request.url} ${request.headers["proxy-authorization"] ?? "none"}`)
  const port = Number(request.url?.split(":")[1])
  const upstream = connect(port, "127.0.0.1", () => {
    socket.write("HTTP/1.1 200 Connection Established\r\n\r\n")
    upstream.write(head)
    upstream.pipe(socket)
    socket.pipe(upstream)
  })
  const close = () => {
    upstream.destroy()
    socket.destroy()
  }
  upstream.on("error", close)
  socket.on("error", close)
  socket.on("close", close)
})

server.listen(0, "127.0.0.1", () => console.log(`PORT ${server.address().port}`))
