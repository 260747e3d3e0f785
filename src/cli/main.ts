#!/usr/bin/env node
/**
 * The `rivulet` program. It checks for the optional packages before it loads the commands, so that a missing one is one
 * line and not a stack trace. It must import nothing statically.
 */
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
    `rivulet: The command line needs ${name}, which is not installed. Run: npm install @effect/platform-node\n`
  )
  process.exitCode = 1
}
