// The API reference: every public module, and the guides beside it. A warning fails the build, so a {@link} or a
// relative link that leads nowhere does.
import { OptionDefaults } from "typedoc"

/** @type {Partial<import("typedoc").TypeDocOptions>} */
export default {
  name: "Rivulet",
  entryPoints: ["../../src/*.ts"],
  // It exports the modules again, which are entry points themselves.
  exclude: ["../../src/index.ts"],
  tsconfig: "tsconfig.json",
  out: "../api",
  readme: "../../README.md",
  projectDocuments: ["../*.md", "../../CONTRIBUTING.md", "../../CHANGELOG.md", "../../AGENTS.md"],
  blockTags: [...OptionDefaults.blockTags, "@stability"],
  excludeInternal: true,
  excludePrivate: true,
  // Members inherited from Effect's classes are documented there.
  excludeExternals: true,
  // There is no public repository to link to.
  disableSources: true,
  githubPages: false,
  treatWarningsAsErrors: true,
  // Types that only compute other types stay private on purpose.
  validation: { invalidLink: true, invalidPath: true, notExported: false }
}
