// A process that leaves many endless answers and reports how many bytes of heap each of them kept.
import { iterable } from "../clients.mjs"
import { gc, median } from "../lab.mjs"
import { leaveAfterThree } from "./cancel.mjs"

const [, , url = "", count = ""] = process.argv
const breaks = Number(count)
const parts = 5
const read = await iterable.make(url)

const settledHeap = async () => {
  // Sockets are closed and finalizers run in later turns of the loop.
  await new Promise((resolve) => setTimeout(resolve, 200))
  gc()
  gc()
  return process.memoryUsage().heapUsed
}

const leaveTimes = async (/** @type {number} */ times) => {
  for (let i = 0; i < times; i++) await leaveAfterThree(read)
}

// Code is compiled and cached only once, so that comes before the measurement. The little that is left shows as an
// outlier, which the median ignores.
await leaveTimes(breaks)
const growth = []
let before = await settledHeap()
for (let i = 0; i < parts; i++) {
  await leaveTimes(breaks / parts)
  const after = await settledHeap()
  growth.push((after - before) / (breaks / parts))
  before = after
}
process.send?.(median(growth), () => process.exit())
