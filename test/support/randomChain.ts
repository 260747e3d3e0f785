import { Effect, Layer, Schedule, Stream } from "effect"
import { ChatModelError, OutputParser, Runnable } from "rivulet"
import { ScriptedChatModel } from "rivulet/Testing"
import type { Random } from "./jsonTexts.ts"

type Text = Runnable.Runnable<string, string, unknown, never, string, string>

/** What a random chain holds open. */
export interface Open {
  sources: number
}

/** A chain from text to text, put together at random, that may fail, stall, report things and read only a part. */
export const randomChain = (random: Random, depth: number, open: Open): Text => {
  const { below, pick } = random
  const soon = () => `${below(4)} millis` as const

  const model = () => {
    const said = ScriptedChatModel.text(["a", "b", "c"], { delay: soon() })
    const { [below(6)]: broken } = [
      ScriptedChatModel.fail(new ChatModelError.InternalProviderError({ message: "broken" })),
      ScriptedChatModel.stall
    ]
    const reply = broken === undefined ? said : [...said.slice(0, below(5)), broken]
    return ScriptedChatModel.make(() => reply, { options: { maxRetries: 0 } }).model
  }

  const counted = <E, R>(stream: Stream.Stream<string, E, R>) =>
    Stream.suspend(() => {
      open.sources++
      return Stream.ensuring(stream, Effect.sync(() => open.sources--))
    })
  const header = Stream.fromEffect(Effect.as(Runnable.emit("header", 1), "> "))

  const leaves: ReadonlyArray<() => Text> = [
    () => Runnable.fn((text: string) => `${text}1`),
    () => Runnable.map((slice: string) => `${slice}2`),
    () => Runnable.sequence(Runnable.fn((text: string) => text || "x"), model(), OutputParser.string),
    () => {
      const fails = below(3) === 0
      return Runnable.fn((text: string) =>
        Effect.sleep(soon()).pipe(
          Effect.andThen(Runnable.emit("worked", 1)),
          Effect.andThen(fails ? Effect.fail("no") : Effect.succeed(text))
        )
      )
    },
    () => {
      const kind = below(3)
      return Runnable.transform(
        "T",
        (slices: Stream.Stream<string>) =>
          counted(kind === 0 ? Stream.concat(header, slices) : kind === 1 ? Stream.take(slices, 1) : slices)
      )
    }
  ]
  if (depth === 0) return pick(leaves)()

  const inner = () => randomChain(random, depth - 1, open)
  const nodes: ReadonlyArray<() => Text> = [
    () => Runnable.sequence(inner(), inner()),
    () => Runnable.sequence(Runnable.parallel({ a: inner(), b: inner() }), Runnable.pick("a")),
    () => {
      const step = inner()
      return Runnable.fn((text: string) => step.invoke(text))
    },
    () => {
      const step = inner()
      return Runnable.fn((text: string) => Stream.mkString(step.stream(text)))
    },
    () => {
      const step = inner()
      return Runnable.fn((_text: string) => step)
    },
    () => inner().pipe(Runnable.withFallbacks([inner()])),
    () =>
      inner().pipe(Runnable.provide(Layer.effectDiscard(
        Effect.acquireRelease(Effect.sync(() => open.sources++), () => Effect.sync(() => open.sources--))
      ))),
    () => {
      const first = below(2) === 0
      return Runnable.branch([[(_text: string) => first, inner()]], inner())
    },
    () =>
      Runnable.sequence(
        Runnable.fn((text: string) => [text, text]),
        Runnable.each(inner()),
        Runnable.fn((texts: ReadonlyArray<string>) => texts.join(""))
      ),
    () =>
      inner().pipe(
        Runnable.withConfig({ name: "configured", tags: ["t"] }),
        Runnable.withRetry({ times: 1, schedule: Schedule.spaced("1 millis") }),
        Runnable.withTimeout("20 millis")
      )
  ]
  return pick(nodes)()
}
