import { Script } from "rivulet/Testing"
import { serve } from "../../support/anthropic.ts"
import { leaving } from "../../support/cancellation.ts"

leaving({
  serve,
  abc: Script.tokens(["a", "b", "c"]),
  tokensEnd: (wire) => wire.indexOf("event: content_block_stop"),
  endless: Script.endless({ delay: "1 millis" }),
  large: Script.repeated(440_000)
})
