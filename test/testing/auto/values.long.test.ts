// Values of many random schemas, checked by another implementation of JSON Schema.
import { assert, it } from "@effect/vitest"
import { Ajv2020 } from "ajv/dist/2020.js"
import { Choices, Numbers } from "../../../src/testing/auto/choices.ts"
import { valueFor } from "../../../src/testing/auto/values.ts"
import { randomSchema } from "./randomSchema.ts"

it("the values of 500 random schemas fit", () => {
  let found = 0
  for (let i = 1; i <= 500; i++) {
    const schema = randomSchema(new Numbers(1000 + i))
    const validate = new Ajv2020({ strict: false }).compile(schema)
    for (let seed = 0; seed < 20; seed++) {
      const limit = seed % 2 === 0 ? Infinity : seed
      const value = valueFor(schema, new Choices({ seed, limit, fixed: new Map() }, 1), 4)
      if (value === undefined) break
      assert.isTrue(validate(value), `${JSON.stringify(value)} of ${JSON.stringify(schema)}`)
      found++
    }
  }
  // About every seventh of these schemas contradicts itself.
  assert.isAbove(found, 8000)
}, 300_000)
