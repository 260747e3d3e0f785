// Redaction takes secrets out of an exchange, however its bytes are cut, and leaves the rest.
import { assert, describe, it } from "@effect/vitest"
import { Redacted } from "effect"
import { redaction } from "../../src/internal/wire/redaction.ts"
import type { RedactOptions } from "../../src/internal/wire/redaction.ts"
import type { SentRequest } from "../../src/internal/wire/tap.ts"

const sent = (parts: Partial<SentRequest> & { readonly header?: Record<string, string> } = {}): SentRequest => ({
  method: "POST",
  url: "https://llm.example/v1/chat",
  headers: new Headers(parts.header),
  body: undefined,
  ...parts
})

const of = (parts: Parameters<typeof sent>[0], options?: RedactOptions) => redaction(options)(sent(parts))

const encode = (text: string) => new TextEncoder().encode(text)
const join = (reads: ReadonlyArray<Uint8Array>) => new TextDecoder().decode(Buffer.concat(reads))

const key = "s3cret/key+0123456789"

describe("reads of a body", () => {
  const body = `data: é𝄞 ${key}\n\ndata: and ${key}${key} once more\n\n`
  const clean = body.replaceAll(key, "<redacted>")
  const redact = of({ header: { "x-api-key": key } }).reads
  const bytes = encode(body)

  it("are without a secret wherever two reads cut it, and otherwise the same", () => {
    for (let at = 0; at <= bytes.length; at++) {
      assert.strictEqual(join(redact([bytes.subarray(0, at), bytes.subarray(at)])), clean, `cut at ${at}`)
    }
  })

  it("are without a secret byte by byte, and none comes before its time", () => {
    const reads = redact(Array.from(bytes, (byte) => Uint8Array.of(byte)))
    assert.strictEqual(join(reads), clean)
    assert.lengthOf(reads, bytes.length)
    // The place of a read in the text it was cut from bounds the place of what it shows.
    let shown = ""
    for (const [i, read] of reads.entries()) {
      shown += new TextDecoder().decode(read)
      const arrived = new TextDecoder().decode(bytes.subarray(0, i + 1)).replaceAll(key, "<redacted>")
      assert.isTrue(arrived.startsWith(shown) || shown.length <= arrived.length, `read ${i}`)
    }
  })

  it("are the very bytes if they hold no secret, whatever they are", () => {
    const reads = [Uint8Array.of(0xff, 0xfe, 0), encode("plain")]
    assert.strictEqual(redact(reads), reads)
  })
})

describe("a request", () => {
  it("is without credentials in headers, parameters and fields, by their names", () => {
    const { request } = of({
      url: "https://user:pass@llm.example/v1?api-version=2&key=abc&X-Token=t&starting_after=7",
      header: {
        authorization: "Bearer short",
        "api-key": "a",
        "X-Goog-Api-Key": "b",
        cookie: "c=d",
        "x-auth-token": "e",
        "x-ratelimit-remaining-tokens": "100",
        "anthropic-version": "2023-06-01"
      },
      body: JSON.stringify({
        model: "m",
        max_tokens: 5,
        tools: [{ type: "mcp", authorization: "f", headers: { "X-Api-Key": "g" } }],
        schema: { properties: { password: { type: "string" } } },
        prompt_cache_key: "kept"
      })
    })
    assert.strictEqual(
      request.url,
      "https://llm.example/v1?api-version=2&key=redacted&X-Token=redacted&starting_after=7"
    )
    assert.deepStrictEqual(request.headers, {
      "anthropic-version": "2023-06-01",
      "api-key": "<redacted>",
      authorization: "<redacted>",
      cookie: "<redacted>",
      "x-auth-token": "<redacted>",
      "x-goog-api-key": "<redacted>",
      "x-ratelimit-remaining-tokens": "100"
    })
    assert.deepStrictEqual(request.body, {
      model: "m",
      max_tokens: 5,
      tools: [{ type: "mcp", authorization: "<redacted>", headers: { "X-Api-Key": "<redacted>" } }],
      schema: { properties: { password: { type: "string" } } },
      prompt_cache_key: "kept"
    })
  })

  it("is without a secret that is repeated, in any form in which it can be read", () => {
    const { text } = of({
      header: { authorization: `Bearer ${key}`, "proxy-authorization": `Basic ${btoa(`me:${key}`)}` }
    })
    for (
      const form of [key, encodeURIComponent(key), btoa(key), JSON.stringify(key).slice(1, -1), key.replace("/", "\\/")]
    ) {
      assert.notInclude(text(`the key ${form} is wrong`), form)
    }
  })

  it("is without keys of known providers, whoever holds them", () => {
    const { text } = of({})
    const keys = [
      ["sk-ant", "api03", "abcdefghijklmnop"].join("-"),
      "sk-proj-abcdefghijklmnopqrstuvwx",
      "gsk_abcdefghijklmnopqrst",
      "xai-abcdefghijklmnopqrst",
      "hf_abcdefghijklmnopqrst",
      "AIzaSyA1234567890abcdefghijklmnopqrstu",
      "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSM"
    ]
    for (const each of keys) assert.strictEqual(text(`a ${each}, b`), "a <redacted>, b")
    for (
      const plain of ["sk-short", "a task-force-of-many-people", "msg_01abcdefghijklmnop", "resp_0123456789abcdef"]
    ) {
      assert.strictEqual(text(plain), plain)
    }
  })

  it("is without what the app names: texts, patterns, headers and parameters", () => {
    const { headers, request, text } = of({
      url: "https://llm.example/?tenant=acme",
      header: { "x-customer": "acme" },
      body: "Dear Jane, order 4711"
    }, {
      headers: ["X-Customer"],
      parameters: ["Tenant"],
      texts: ["Jane", /order \d+/i, Redacted.make("tiny")]
    })
    assert.strictEqual(request.url, "https://llm.example/?tenant=redacted")
    assert.deepStrictEqual(request.headers, { "x-customer": "<redacted>" })
    assert.strictEqual(request.body, "Dear <redacted>, <redacted>")
    assert.strictEqual(text("Janet is tiny; Order 5 and ORDER 6"), "Janet is <redacted>; <redacted> and <redacted>")
    assert.deepStrictEqual(headers(new Headers({ "set-cookie": "a", "openai-organization": "acme" })), {
      "openai-organization": "<redacted>",
      "set-cookie": "<redacted>"
    })
  })

  it("keeps words that a short key happens to be", () => {
    const { text } = of({ header: { "x-api-key": "any" } })
    assert.strictEqual(text("any fish"), "any fish")
  })
})
