// Differences from the sources that are looked at and right on our side, each with its reason. One holds as long as the
// source says the same: `theirs` is its value. `field` is `model` for a model that we do not know, and `guess` for one that
// has no rule of its own.

const rounded = "A rounded number"
const oneSource = "Told by one source, of models that few may use"
const group = "Our rule is for the family, and its context is the greatest of it"

export const accepted = [
  {
    source: "pi-ai",
    provider: "openai",
    models: [
      "gpt-5.4",
      "gpt-5.5",
      "gpt-5.6-luna",
      "gpt-5.6-sol",
      "gpt-5.6-terra",
      "gpt-6-astra",
      "gpt-6-luna",
      "gpt-6-sol",
      "gpt-6.1-sol",
      "gpt-6.1-terra",
      "gpt-6.2-astra",
      "gpt-6.2-sol"
    ],
    field: "context",
    theirs: 272_000,
    reason: "The length of an input from which it costs more"
  },
  {
    source: "genai-prices",
    provider: "openai",
    models: ["gpt-4.1", "gpt-4.1-mini", "gpt-5.5", "gpt-5.5-pro"],
    field: "context",
    theirs: 1_000_000,
    reason: rounded
  },
  {
    source: "genai-prices",
    provider: "google",
    models: [
      "gemini-2.5-flash-lite",
      "gemini-3-flash-preview",
      "gemini-3.1-flash-lite",
      "gemini-3.5-flash",
      "gemini-3.5-flash-lite",
      "gemini-3.6-flash",
      "gemini-3.7-flash",
      "gemini-3.8-flash"
    ],
    field: "context",
    theirs: 1_000_000,
    reason: rounded
  },
  ...[["over", 200_000], ["overIn", 6], ["overOut", 22.5]].map(([field, theirs]) => ({
    source: "genai-prices",
    provider: "anthropic",
    models: ["claude-sonnet-4-5"],
    field,
    theirs,
    reason: "The price of a longer context than the model has without a beta"
  })),
  ...[["in", 0.66], ["out", 1.98], ["read", 0.022]].map(([field, theirs]) => ({
    source: "genai-prices",
    provider: "deepseek",
    models: ["deepseek-v4-pro"],
    field,
    theirs,
    reason: "An older price: that of pi-ai is newer"
  })),
  ...[["in", 0.1], ["out", 0.3]].map(([field, theirs]) => ({
    source: "genai-prices",
    provider: "mistral",
    models: ["mistral-small-latest"],
    field,
    theirs,
    reason: "The price of the model that had the name before"
  })),
  ...["pi-ai", "genai-prices"].flatMap((source) => [
    { source, provider: "mistral", models: ["codestral-2508"], field: "context", theirs: 256_000, reason: group },
    { source, provider: "mistral", models: ["ministral-3b-2512"], field: "context", theirs: 131_072, reason: group }
  ]),
  ...[
    ["codestral-latest", "context", 256_000],
    ["ministral-3b-latest", "context", 131_072],
    ["mistral-medium-2505", "context", 131_072],
    ["mistral-small-2506", "context", 128_000],
    ["open-mistral-nemo", "context", 128_000],
    ["pixtral-12b", "context", 128_000],
    ["voxtral-small-2507", "context", 32_768],
    ["voxtral-small-latest", "context", 32_768]
  ].map(([model, field, theirs]) => ({
    source: "pi-ai",
    provider: "mistral",
    models: [model],
    field,
    theirs,
    reason: group
  })),
  ...[
    ["codestral-latest", 4096],
    ["ministral-3b-latest", 128_000],
    ["ministral-8b-latest", 128_000],
    ["mistral-medium-2508", 262_144],
    ["labs-devstral-small-2512", 256_000]
  ].map(([model, theirs]) => ({
    source: "pi-ai",
    provider: "mistral",
    models: [model],
    field: "maxOutput",
    theirs,
    reason: "Differs from what the same source says of the model's other names"
  })),
  {
    source: "pi-ai",
    provider: "mistral",
    models: ["labs-devstral-small-2512"],
    field: "context",
    theirs: 256_000,
    reason: "Told by one source"
  },
  ...[["in", 12.5], ["out", 75], ["read", 1.25], ["write", 15.625]].map(([field, theirs]) => ({
    source: "pi-ai",
    provider: "openai",
    models: ["gpt-5.6-cyber"],
    field,
    theirs,
    reason: oneSource
  })),
  ...[["context", 1_050_000], ["in", 20], ["out", 100], ["read", 2], ["write", 25]].map(([field, theirs]) => ({
    source: "pi-ai",
    provider: "openai",
    models: ["gpt-6-cyber"],
    field,
    theirs,
    reason: oneSource
  })),
  {
    source: "pi-ai",
    provider: "openai",
    models: ["gpt-daybreak-blue-latest", "gpt-daybreak-red-latest"],
    field: "model",
    reason: oneSource
  },
  {
    source: "pi-ai",
    provider: "openai",
    models: ["chat-latest"],
    field: "model",
    reason: "The name of another model from time to time"
  },
  {
    source: "pi-ai",
    provider: "mistral",
    models: ["deepseek-v4-1-flash-1017"],
    field: "model",
    reason: "DeepSeek served by Mistral: told by one source"
  },
  {
    source: "genai-prices",
    provider: "anthropic",
    models: ["claude-v1"],
    field: "guess",
    reason: "A name of 2023"
  },
  {
    source: "genai-prices",
    provider: "google",
    models: ["claude-4-opus", "claude-4-sonnet"],
    field: "guess",
    reason: "No names of a server: those of Vertex AI begin with claude-opus-4 and claude-sonnet-4"
  }
]
