// Combinators keep a chain streaming and typed: parallel, map, transform, retry, fallbacks, configuration and batches.
import { Effect, Schedule, Stream } from "effect"
import { ChatModel, ChatPrompt, OutputParser, Runnable } from "rivulet"
import { layer, print } from "./model.ts"

const report = (mood: string) =>
  Runnable.sequence(ChatPrompt.make(`A ${mood} report about {place}`), ChatModel.runnable, OutputParser.string)

const reports = Runnable.parallel({ calm: report("calm"), grave: report("grave") })

const capitals = Runnable.map((text: string) => text.toUpperCase())
const perLine = Runnable.transform("PerLine", (text: Stream.Stream<string>) => Stream.splitLines(text))

const resilient = report("short").pipe(
  Runnable.andThen(perLine),
  Runnable.withRetry({ schedule: Schedule.exponential("100 millis"), times: 3 }),
  Runnable.withFallbacks([report("spare")]),
  Runnable.withConfig({ name: "resilient", tags: ["contract"], metadata: { desk: "harbour" } })
)

const program = Effect.gen(function*() {
  // Each part is the slice of one branch, in the order of arrival.
  yield* reports.stream({ place: "the bay" }).pipe(Stream.runForEach((part) => Effect.sync(() => print({ part }))))
  const both: { readonly calm: string; readonly grave: string } = yield* reports.invoke({ place: "the bay" })
  print({ both })
  const loud: string = yield* report("loud").pipe(Runnable.andThen(capitals)).invoke({ place: "the bay" })
  print({ loud })
  yield* resilient.stream({ place: "the bay" }).pipe(Stream.runForEach((line) => Effect.sync(() => print({ line }))))
  yield* Runnable.streamEvents(resilient, { place: "the bay" }).pipe(
    Stream.take(1),
    Stream.runForEach(({ metadata, name, tags }) => Effect.sync(() => print({ name, tags, metadata })))
  )
  yield* report("brief").batchAsCompleted([{ place: "a" }, { place: "b" }], { concurrency: 2 }).pipe(
    Stream.runForEach(([index, result]) => Effect.sync(() => print({ index, result: result._tag })))
  )
})

await Effect.runPromise(program.pipe(Effect.provide(layer())))
