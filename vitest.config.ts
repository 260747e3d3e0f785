import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import "./test/support/node20.ts"

const src = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url))

// Tests import the package by its own name, as a user does; here that name is the source.
export default defineConfig({
  resolve: {
    alias: [
      { find: /^rivulet$/, replacement: src("index.ts") },
      { find: /^rivulet\/(.*)$/, replacement: src("$1.ts") }
    ]
  },
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 30_000
  }
})
