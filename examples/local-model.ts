// Uses a local model with Ollama, at its default address or at OLLAMA_BASE_URL. No key and no account are needed.
import { Effect, Stream } from "effect"
import { ChatModel } from "rivulet"
import * as OpenAiCompatible from "rivulet/OpenAiCompatible"

const Local = OpenAiCompatible.layer({ preset: "ollama", model: "qwen3:4b" })

// Reasoning and text arrive in separate parts, even if the server mixes them.
const program = ChatModel.stream("What is six times seven?").pipe(
  Stream.runForEach(({ parts }) =>
    Effect.sync(() => {
      for (const part of parts) {
        if (part.type === "reasoning") process.stdout.write(part.text.toUpperCase())
        if (part.type === "text") process.stdout.write(part.text)
      }
    })
  )
)

await Effect.runPromise(program.pipe(Effect.provide(Local)))
process.stdout.write("\n")
