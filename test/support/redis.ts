// The Redis that tests use, if there is one.
import { connect } from "node:net"

/** The address of Redis. */
export const redisUrl = process.env["REDIS_URL"] ?? "redis://127.0.0.1:6379"

/** How to get a Redis for the tests that need one. */
export const startRedis = "start one with `redis-server` or `docker run -p 6379:6379 redis`, or set REDIS_URL"

/** Whether something listens at the address. */
export const redisListens = (): Promise<boolean> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(redisUrl)
    const socket = connect({ host: hostname, port: Number(port === "" ? 6379 : port), timeout: 1000 })
    const end = (listens: boolean) => {
      socket.destroy()
      resolve(listens)
    }
    socket.once("connect", () => end(true)).once("error", () => end(false)).once("timeout", () => end(false))
  })
