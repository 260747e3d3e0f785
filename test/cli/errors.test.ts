import { assert, describe, it } from "@effect/vitest"
import { ChatModelError, ModelRegistry } from "rivulet"
import { reportOf } from "../../src/cli/errors.ts"

describe("the report of a failure", () => {
  const failed = (provider: string, reason: ChatModelError.Reason, model = "x") =>
    reportOf(new ChatModelError.ChatModelError({ provider, model, reason }))

  it("names the variable of a wrong address, which is wrong usage", () => {
    const wrong = new ChatModelError.InvalidRequestError({
      field: "baseUrl",
      message: "baseUrl: must be an http or https URL"
    })
    const variables: ReadonlyArray<readonly [provider: string, variable: string]> = [
      ["anthropic", "ANTHROPIC_BASE_URL"],
      ["openai", "OPENAI_BASE_URL"],
      ["ollama", "OLLAMA_BASE_URL"],
      ["azure", "AZURE_OPENAI_BASE_URL"]
    ]
    for (const [provider, variable] of variables) {
      assert.deepStrictEqual(failed(provider, wrong), {
        line: `${variable}: must be an http or https URL`,
        code: 2
      })
    }
    assert.strictEqual(failed("openai", new ChatModelError.InvalidRequestError({ message: "no" })).code, 6)
  })

  it("suggests the model that may be meant", () => {
    const missing = new ChatModelError.NotFoundError({ message: "model not found" })
    assert.match(
      `${failed("anthropic", missing, "claude-haku-4-5").line}`,
      /not found\. Did you mean anthropic:claude-haiku-4-5\? List the models/
    )
    assert.notInclude(failed("anthropic", missing, "claude-haiku-4-5").line, "Did you mean")
    const unknown = (model: string) =>
      reportOf(
        new ModelRegistry.ModelRegistryError({
          model,
          message: `There is no model "${model}": say <provider>:<model>. Known are anthropic, demo`,
          known: ["anthropic", "demo"]
        })
      ).line
    assert.strictEqual(
      unknown("Antropic:claude-next"),
      "There is no model \"Antropic:claude-next\". Did you mean anthropic:claude-next? " +
        "List the models with: rivulet models"
    )
    assert.match(`${unknown("foo:bar")}`, /Known are anthropic, demo\. List the models/)
  })
})
