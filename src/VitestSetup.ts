/**
 * Forbids tests to call real providers.
 *
 * **When to use**
 *
 * Name it in `setupFiles` of Vitest, or import it first in the setup file of another test runner. A call that no cassette
 * answers and that does not stay on this machine then fails with an error that says what to do. `forbidLiveCalls` of
 * `rivulet/Testing` allows it for a part of a test.
 *
 * **Example** (vitest.config.ts)
 *
 * ```text
 * export default defineConfig({ test: { setupFiles: ["rivulet/VitestSetup"] } })
 * ```
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
import { forbiddenByDefault } from "./internal/http/transport.ts"

Reflect.set(globalThis, forbiddenByDefault, true)
