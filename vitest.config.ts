import { fileURLToPath } from "node:url"
import { configDefaults, defineConfig } from "vitest/config"
import "./test/support/node20.ts"

const src = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url))

const long = "test/**/*.long.test.ts"

// Tests import the package by its own name, as a user does; here that name is the source. `vitest run --mode long` runs
// the long tests, and every other mode runs the quick ones.
export default defineConfig(({ mode }) => ({
  resolve: {
    alias: [
      { find: /^rivulet$/, replacement: src("index.ts") },
      { find: /^rivulet\/(.*)$/, replacement: src("$1.ts") }
    ]
  },
  test: {
    include: mode === "long" ? [long] : ["test/**/*.test.ts"],
    exclude: mode === "long" ? configDefaults.exclude : [...configDefaults.exclude, long],
    globalSetup: ["test/support/shared.ts"],
    // The default leaves a processor free, which is half of two.
    maxWorkers: "100%",
    // Files of one worker share their modules, which saves a third of the processor time. That is sound: no module of src
    // has state that changes, and a test that changes a global value (console, process.env, a process listener) restores
    // it. The long tests measure the heap, so each of their files has a worker of its own.
    isolate: mode === "long",
    testTimeout: 30_000,
    hookTimeout: 30_000
  }
}))
