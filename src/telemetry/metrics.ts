/**
 * Metrics of calls, tools and agents: the names and the buckets of OpenTelemetry's conventions for generative AI, and our
 * own for what they lack. They are effect's `Metric`s, so any exporter of Effect takes them. A call costs a few updates at
 * its end; a read costs a number in a list.
 */
import * as Context from "effect/Context"
import * as Metric from "effect/Metric"
import type { Usage } from "../Usage.ts"
import { requestAttributes } from "./conventions.ts"
import type { Attributes, Conventions } from "./conventions.ts"
import type { Failure } from "./failure.ts"

const seconds = {
  attributes: { unit: "s" },
  boundaries: [
    0.01,
    0.02,
    0.04,
    0.08,
    0.16,
    0.32,
    0.64,
    1.28,
    2.56,
    5.12,
    10.24,
    20.48,
    40.96,
    81.92
  ]
}
const tokens = {
  attributes: { unit: "{token}" },
  boundaries: [
    1,
    4,
    16,
    64,
    256,
    1024,
    4096,
    16_384,
    65_536,
    262_144,
    1_048_576,
    4_194_304,
    16_777_216,
    67_108_864
  ]
}

const duration = (name: string, description: string) => Metric.histogram(name, { description, ...seconds })
const count = (name: string, unit: string, description: string) =>
  Metric.counter(name, { description, incremental: true, attributes: { unit } })

const calls = "Time from the start of a call of a model to its end, with its retries"
const firstChunk = "Time from the start of a call to its first chunk"
const perChunk = "Time between the reads of a streamed answer"

/** The metrics of semantic-conventions-genai 0.1. */
const current = {
  duration: duration("gen_ai.client.inference.duration", calls),
  firstChunk: duration("gen_ai.client.inference.time_to_first_chunk", firstChunk),
  perChunk: duration("gen_ai.client.inference.time_per_output_chunk", perChunk)
}

/** The metrics of the conventions before it. */
const older = {
  duration: duration("gen_ai.client.operation.duration", calls),
  firstChunk: duration("gen_ai.client.operation.time_to_first_chunk", firstChunk),
  perChunk: duration("gen_ai.client.operation.time_per_output_chunk", perChunk)
}
const olderTokens = Metric.histogram("gen_ai.client.token.usage", { description: "Tokens of a call", ...tokens })

const inputTokens = count(
  "gen_ai.client.inference.usage.input_tokens",
  "{token}",
  "Tokens of requests, cached ones included"
)
const outputTokens = count(
  "gen_ai.client.inference.usage.output_tokens",
  "{token}",
  "Tokens of answers, reasoning included"
)
const cacheReadTokens = count(
  "gen_ai.client.inference.usage.cache_read.input_tokens",
  "{token}",
  "Input tokens read from a cache"
)
const cacheWriteTokens = count(
  "gen_ai.client.inference.usage.cache_write.input_tokens",
  "{token}",
  "Input tokens written to a cache"
)
const reasoningTokens = count(
  "gen_ai.client.inference.usage.reasoning.output_tokens",
  "{token}",
  "Output tokens of reasoning"
)

const tools = duration("gen_ai.execute_tool.duration", "Time that a tool takes")
const agents = duration("gen_ai.invoke_agent.duration", "Time that a run of an agent takes")

const cost = count("rivulet.client.cost", "USD", "Cost of calls, where it is known")
const retries = count("rivulet.client.retries", "{retry}", "Attempts after a failed one")
const failures = count("rivulet.client.failures", "{call}", "Calls that finally failed")
const left = count("rivulet.client.streams.left", "{stream}", "Answers whose reader left before their end")
const open = Metric.counter("rivulet.client.streams.open", {
  description: "Answers that are being read",
  attributes: { unit: "{stream}" }
})

/** How a call ended, as metrics tell it. */
export interface EndedCall {
  /** In seconds. */
  readonly duration: number
  /** In seconds; undefined if the answer was not streamed or had no chunk. */
  readonly firstChunk: number | undefined
  /** The times between reads, in seconds. */
  readonly perChunk: ReadonlyArray<number>
  readonly usage: Usage | undefined
  readonly responseModel: string | undefined
  readonly failure: Failure | undefined
  /** How the reader left, if it did. */
  readonly left: "left" | "interrupted" | undefined
}

/** The metrics of an app. */
export class Metrics {
  readonly conventions: Conventions
  /** The attributes of the last calls. */
  readonly #known = new Map<string, Record<string, string>>()

  constructor(conventions: Conventions) {
    this.conventions = conventions
  }

  /** Starts to count a call. */
  call(services: Context.Context<never>, operation: string, provider: string, model: string): CallMetrics {
    return new CallMetrics(this, services, requestAttributes(this.conventions, operation, provider, model))
  }

  /** Counts the time of a tool or an agent, in seconds. */
  step(
    kind: "tool" | "agent",
    name: string,
    time: number,
    failure: Failure | undefined,
    services: Context.Context<never>
  ): void {
    const attributes = kind === "tool"
      ? { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name, "error.type": failure?.type }
      : { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": name, "error.type": failure?.type }
    const metric = kind === "tool" ? tools : agents
    metric.updateUnsafe(time, this.with(services, attributes))
  }

  /**
   * Services with the attributes of a metric. A metric finds its series by them, which is cheap if they are the same object
   * as before.
   */
  with(services: Context.Context<never>, attributes: Attributes): Context.Context<never> {
    const around = Context.get(services, Metric.CurrentMetricAttributes)
    const entries = [...Object.entries(around), ...Object.entries(attributes)].flatMap(([key, value]) =>
      value === undefined ? [] : [[key, String(value)] as const]
    )
    const key = JSON.stringify(entries)
    let all = this.#known.get(key)
    if (all === undefined) {
      if (this.#known.size >= maxKnown) this.#known.clear()
      this.#known.set(key, all = Object.fromEntries(entries))
    }
    return Context.add(services, Metric.CurrentMetricAttributes, all)
  }
}

/** How many different attributes are remembered. An app with more models than this finds their series more slowly. */
const maxKnown = 500

/** The metrics of one call. */
export class CallMetrics {
  readonly #metrics: Metrics
  readonly #services: Context.Context<never>
  readonly #attributes: Attributes
  readonly #base: Context.Context<never>

  constructor(metrics: Metrics, services: Context.Context<never>, attributes: Attributes) {
    this.#metrics = metrics
    this.#services = services
    this.#attributes = attributes
    this.#base = this.#with(attributes)
    open.updateUnsafe(1, this.#base)
  }

  retry(type: string): void {
    retries.updateUnsafe(1, this.#with({ ...this.#attributes, "error.type": type }))
  }

  end(call: EndedCall): void {
    open.updateUnsafe(-1, this.#base)
    const answered = { ...this.#attributes, "gen_ai.response.model": call.responseModel }
    const whole = call.responseModel === undefined ? this.#base : this.#with(answered)
    const ended = call.failure === undefined
      ? whole
      : this.#with({ ...answered, "error.type": call.failure.type })
    for (const metrics of this.#sets()) {
      metrics.duration.updateUnsafe(call.duration, ended)
      if (call.firstChunk !== undefined) metrics.firstChunk.updateUnsafe(call.firstChunk, whole)
      for (const time of call.perChunk) metrics.perChunk.updateUnsafe(time, whole)
    }
    if (call.usage !== undefined) this.#used(call.usage, answered, whole)
    if (call.failure !== undefined) failures.updateUnsafe(1, ended)
    if (call.left !== undefined) {
      left.updateUnsafe(1, this.#with({ ...this.#attributes, "rivulet.outcome": call.left }))
    }
  }

  #with(attributes: Attributes): Context.Context<never> {
    return this.#metrics.with(this.#services, attributes)
  }

  #sets() {
    return this.#metrics.conventions === "current"
      ? [current]
      : this.#metrics.conventions === "older"
      ? [older]
      : [current, older]
  }

  #used(usage: Usage, answered: Attributes, services: Context.Context<never>): void {
    if (this.#metrics.conventions !== "older") {
      add(inputTokens, usage.inputTokens, services)
      add(outputTokens, usage.outputTokens, services)
      add(cacheReadTokens, usage.cacheReadTokens, services)
      add(cacheWriteTokens, usage.cacheWriteTokens, services)
      add(reasoningTokens, usage.reasoningTokens, services)
    }
    if (this.#metrics.conventions !== "current") {
      const ofType = (type: string) => this.#with({ ...answered, "gen_ai.token.type": type })
      olderTokens.updateUnsafe(usage.inputTokens, ofType("input"))
      olderTokens.updateUnsafe(usage.outputTokens, ofType("output"))
    }
    add(cost, usage.cost?.total, services)
  }
}

const add = (counter: Metric.Counter<number>, value: number | undefined, services: Context.Context<never>): void => {
  if (value !== undefined && value !== 0) counter.updateUnsafe(value, services)
}
