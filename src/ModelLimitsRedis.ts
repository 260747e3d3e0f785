/**
 * Limits of requests and tokens that several processes share, in Redis: {@link withRateLimit}.
 *
 * **When to use**
 *
 * Use it if more than one process calls a provider with one account. For a single process use `ModelLimits`.
 *
 * **Details**
 *
 * The limit is a log of starts in one sorted set for each `key`, which a script reads and writes as one step, by the clock
 * of Redis. `RateLimiter` of `effect/persistence` would let through up to twice its limit within one window, because its
 * buckets and counters are refilled while the window goes on.
 *
 * This module needs the service `Redis` of `effect/persistence/Redis`, an unstable module of Effect. In Node.js
 * `NodeRedis.layer` of `@effect/platform-node` provides it.
 *
 * @module
 * @since 0.1.0
 * @stability unstable
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redis from "effect/persistence/Redis"
import type { Admission, Limiter, LimitStore } from "./internal/model/limiter.ts"
import { makeLimiter } from "./internal/model/limiter.ts"
import { checkedLimits, limitedBy } from "./internal/model/rateLimit.ts"
import type { RateLimitOptions } from "./internal/model/rateLimit.ts"
import type { WindowLimit } from "./internal/model/windows.ts"
import { effectWrapper } from "./internal/model/wrap.ts"
import type { EffectWrapper } from "./internal/model/wrap.ts"

/** The limits of a model, and their name in Redis. At least one limit of requests or tokens is needed. */
export interface RedisRateLimitOptions extends RateLimitOptions {
  /** The name of the limit, the same in all processes that share it, such as `anthropic-production`. */
  readonly key: string
  /** The most calls of this process, not of all, that run at the same time. At least 1. Defaults to no limit. */
  readonly concurrency?: number | undefined
}

/**
 * Limits how many requests and tokens all processes together send to a model, or the model of a layer, within any window of
 * time.
 *
 * **Details**
 *
 * It does all that `ModelLimits.withRateLimit` does, with these differences:
 *
 * - A window is measured by the clock of Redis, at the time of the start of a call. A request that takes longer from there
 *   to the provider than a later one comes closer to it.
 * - Calls wait in the order in which they came within each process. Processes take turns at random.
 * - `concurrency` counts the calls of one process.
 * - A call waits at most 5 seconds for Redis. If Redis does not answer, the call fails with `NetworkError` and nothing is
 *   sent. A retry of a running call is made all the same, with a warning in the log.
 * - A call costs a round trip to Redis before it starts, and one after its end if tokens are limited. Redis counts in a time
 *   linear in the starts within a window if tokens are limited, else logarithmic.
 *
 * **Example** (One limit for all servers)
 *
 * ```ts
 * import { Layer } from "effect"
 * import type { Redis, RedisError } from "effect/persistence/Redis"
 * import * as Anthropic from "rivulet/Anthropic"
 * import * as ModelLimitsRedis from "rivulet/ModelLimitsRedis"
 *
 * // Such as NodeRedis.layer({ url: "redis://127.0.0.1:6379" }) of @effect/platform-node.
 * declare const RedisLive: Layer.Layer<Redis, RedisError>
 *
 * const limited = ModelLimitsRedis.withRateLimit({ key: "anthropic", requestsPerMinute: 50, tokensPerMinute: 30_000 })
 * const Model = Anthropic.layer({ model: "claude-haiku-4-5" }).pipe(limited, Layer.provide(RedisLive))
 * ```
 */
export const withRateLimit = (options: RedisRateLimitOptions): EffectWrapper<never, Redis.Redis> => {
  const checked = checkedLimits("ModelLimitsRedis.withRateLimit", options)
  if (checked.windows.length === 0) {
    throw new TypeError("ModelLimitsRedis.withRateLimit: give at least one limit of requests or tokens")
  }
  // All models of this wrapper wait in one line.
  const limiters = new WeakMap<Redis.Redis["Service"], Limiter<unknown>>()
  return effectWrapper((model) =>
    Effect.map(Redis.Redis, (redis) => {
      const limiter = limiters.get(redis) ??
        makeLimiter(makeStore(redis, options.key, checked.windows), checked.concurrency)
      limiters.set(redis, limiter)
      return limitedBy(limiter, checked)(model)
    })
  )
}

// -----------------------------------------------------------------------------
// the store
// -----------------------------------------------------------------------------

/** A start in Redis: the member of the sorted set is its id and its tokens. */
interface Start {
  readonly id: string
  tokens: number
}

const memberOf = ({ id, tokens }: Start): string => `${id}:${tokens}`

const makeStore = (
  redis: Redis.Redis["Service"],
  key: string,
  windows: ReadonlyArray<WindowLimit>
): LimitStore<Start, unknown> => {
  // The braces keep both keys on one node of a cluster.
  const starts = `rivulet:limit:{${key}}:starts`
  const paused = `rivulet:limit:{${key}}:paused`
  const limits = windows.flatMap(({ requests, tokens, window }) => [finite(requests), finite(tokens), window])
  const logged = (effect: Effect.Effect<unknown, Redis.RedisError>) =>
    Effect.asVoid(
      Effect.catch(effect, ({ cause }) => Effect.logWarning(`The rate limit ${key} was not updated`, cause))
    )
  return {
    // A start whose call is left meanwhile stays. The limit is stricter until it is out of the window.
    enter: (tokens, delay) =>
      Effect.suspend(() => {
        const start: Start = { id: globalThis.crypto.randomUUID(), tokens }
        return Effect.map(
          redis.eval(enterScript)(starts, paused, memberOf(start), tokens, Math.ceil(delay * 1000), ...limits),
          (wait): Admission<Start> =>
            wait === 0 ? { _tag: "Admitted", entry: start } : { _tag: "Wait", duration: waitOf(wait) }
        )
      }).pipe(
        Effect.mapError(({ cause }) => cause),
        Effect.timeoutOrElse({
          duration: longestAnswer,
          orElse: () => Effect.fail(new Error(`Redis did not answer within ${Duration.format(longestAnswer)}`))
        })
      ),
    settle: (start, tokens) =>
      Effect.suspend(() => {
        const before = memberOf(start)
        start.tokens = tokens
        return logged(redis.eval(settleScript)(starts, before, memberOf(start)))
      }),
    pause: (duration) => logged(redis.eval(pauseScript)(paused, Math.ceil(Duration.toMillis(duration) * 1000)))
  }
}

/** How long a call waits for Redis. */
const longestAnswer = Duration.seconds(5)

/** An infinite limit as the script reads it. */
const finite = (limit: number): number => limit === Infinity ? -1 : limit

/** The time until the next try, for microseconds. Another process may make room at any time. */
const waitOf = (micros: number): Duration.Duration => Duration.millis(Math.min(1000, Math.ceil(micros / 1000)))

/**
 * Admits a start, and returns 0, or returns the microseconds until it may be admitted. As `Windows.enter` does it in memory.
 * Lua writes numbers with 14 digits unless they are formatted; a time has 16.
 */
const enterScript = Redis.script(
  (starts: string, paused: string, ...args: ReadonlyArray<string | number>) => [starts, paused, ...args],
  {
    numberOfKeys: 2,
    lua: `
local starts, paused = KEYS[1], KEYS[2]
local member, tokens, delay = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local function int(number) return string.format("%.0f", number) end
local function tokensOf(start) return tonumber(string.match(start, ":([^:]*)$")) end

local time = redis.call("TIME")
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local at = now + delay
local earliest = math.max(at, tonumber(redis.call("GET", paused) or "0"))
local longest = 0

for i = 4, #ARGV, 3 do
  local requests, limit, window = tonumber(ARGV[i]), tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
  longest = math.max(longest, window)
  local since = "(" .. int(at - window)
  if requests >= 0 then
    local count = redis.call("ZCOUNT", starts, since, "+inf")
    if count >= requests then
      local found = redis.call("ZRANGEBYSCORE", starts, since, "+inf", "WITHSCORES", "LIMIT", count - requests, 1)
      earliest = math.max(earliest, tonumber(found[2]) + window)
    end
  end
  if limit >= 0 then
    local found = redis.call("ZRANGEBYSCORE", starts, since, "+inf", "WITHSCORES")
    local needed, within = math.min(tokens, limit), 0
    for j = 1, #found, 2 do within = within + tokensOf(found[j]) end
    for j = 1, #found, 2 do
      if within + needed <= limit then break end
      within = within - tokensOf(found[j])
      earliest = math.max(earliest, tonumber(found[j + 1]) + window)
    end
  end
end

if earliest > at then return math.ceil(earliest - at) end
redis.call("ZADD", starts, int(at), member)
redis.call("ZREMRANGEBYSCORE", starts, "-inf", int(now - longest))
local last = redis.call("ZREVRANGE", starts, 0, 0, "WITHSCORES")
redis.call("PEXPIRE", starts, int(math.ceil((tonumber(last[2]) - now + longest) / 1000)))
return 0
`
  }
).withReturnType<number>()

/** Replaces the tokens of a start. */
const settleScript = Redis.script((starts: string, before: string, after: string) => [starts, before, after], {
  numberOfKeys: 1,
  lua: `
local at = redis.call("ZSCORE", KEYS[1], ARGV[1])
if not at then return end
redis.call("ZREM", KEYS[1], ARGV[1])
redis.call("ZADD", KEYS[1], at, ARGV[2])
`
})

/** Admits nothing for so many microseconds. A longer pause stays. */
const pauseScript = Redis.script((paused: string, micros: number) => [paused, micros], {
  numberOfKeys: 1,
  lua: `
local time = redis.call("TIME")
local till = tonumber(time[1]) * 1000000 + tonumber(time[2]) + tonumber(ARGV[1])
if till <= tonumber(redis.call("GET", KEYS[1]) or "0") then return end
redis.call("SET", KEYS[1], string.format("%.0f", till), "PX", math.ceil(tonumber(ARGV[1]) / 1000))
`
})
