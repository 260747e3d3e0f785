// Leaving loops, again and again: neither thread keeps anything of them.
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { AnthropicServer, Script } from "rivulet/Testing"
import { built, start, withKey } from "../cli/program.ts"

/** The bytes that one loop may leave in a heap, which is the noise of compiled code and caches. */
const perLoop = 2000

it.live("200 loops that are left", () =>
  Effect.gen(function*() {
    const server = yield* AnthropicServer.make({ script: Script.endless({ token: " more", delay: "1 millis" }) })
    writeFileSync(
      join(built, "heap.mjs"),
      `import { Effect } from "effect"
import { Runnable } from "rivulet"
// Finalizers run after a collection and free more; a few rounds settle it.
const round = () => new Promise((resolve) => { gc(); setImmediate(resolve) })
export default Runnable.fn(() => Effect.promise(async () => {
  for (let i = 0; i < 5; i++) await round()
  return process.memoryUsage().heapUsed
}))`
    )
    const file = join(built, "leaks.mjs")
    writeFileSync(
      file,
      `import * as Sync from "rivulet/Sync"
const heap = () => { gc(); gc(); return process.memoryUsage().heapUsed }
const loops = (count) => {
  for (let i = 0; i < count; i++) {
    let n = 0
    for (const _ of Sync.stream("Hi", { model: "anthropic:claude-haiku-4-5" })) if (++n === 5) break
  }
  return [heap(), Sync.invoke(0, { module: new URL("./heap.mjs", import.meta.url) })]
}
const before = loops(400) // by then code is compiled and pools are filled
const after = loops(200)
console.log(JSON.stringify(after.map((bytes, i) => (bytes - before[i]) / 200)))`
    )
    const { code, stderr, stdout } = yield* (yield* start(process.execPath, ["--expose-gc", file], {
      env: withKey(server.url)
    })).ended
    assert.strictEqual(code, 0, stderr)
    const [caller = Infinity, worker = Infinity] = JSON.parse(stdout) as ReadonlyArray<number>
    assert.isBelow(caller, perLoop)
    assert.isBelow(worker, perLoop)
    const requests = yield* server.requests
    assert.strictEqual(requests.length, 600)
    for (const request of requests) assert.strictEqual((yield* request.closed).by, "client")
  }), 120_000)
