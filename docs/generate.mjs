// Writes the pages that are made of the code: docs/models.md. `npm run docs` builds first.
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { markdownPage, rowsOf } from "../dist/cli/table.js"
import { builtIn } from "../dist/Providers.js"

const rows = await Effect.runPromise(rowsOf(builtIn))
writeFileSync(new URL("models.md", import.meta.url), markdownPage(rows))
