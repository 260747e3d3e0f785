#!/usr/bin/env node
/** The `rivulet` program. What it needs beyond the library's own dependencies is looked for before it is loaded. */
const missing = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND"
    ? /package '([^']+)'/.exec(error.message)?.[1]
    : undefined

try {
  await import("@effect/platform-node/NodeServices")
  const { main } = await import("./app.ts")
  main()
} catch (error) {
  const name = missing(error)
  if (name === undefined) throw error
  process.stderr.write(
    `rivulet: The command line needs ${name}, which is not installed: npm install @effect/platform-node @anthropic-ai/sdk\n`
  )
  process.exitCode = 1
}
