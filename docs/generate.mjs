// Writes the pages that are made of the code: docs/models.md. `npm run docs` builds first.
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { markdownPage, rowsOf } from "../dist/cli/table.js"
import { ModelRegistry } from "../dist/index.js"

const rows = await Effect.runPromise(Effect.flatMap(ModelRegistry.ModelRegistry, rowsOf))
writeFileSync(new URL("models.md", import.meta.url), markdownPage(rows))
