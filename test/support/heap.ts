import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

setFlagsFromString("--expose-gc")
const gc = runInNewContext("gc") as () => void // what the flag adds; it has no type

/** The bytes in use on the heap when everything that can be collected has been. */
export const heapUsed = async (): Promise<number> => {
  // Finalizers run after a collection and free more; a few rounds settle it.
  for (let i = 0; i < 5; i++) {
    gc()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return process.memoryUsage().heapUsed
}
