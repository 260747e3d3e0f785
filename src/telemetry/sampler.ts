/**
 * The samplers of OpenTelemetry, which decide for a trace whether its spans are sent. Used by the exporter of the
 * environment.
 */
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"

/**
 * A tracer with the sampler of this name, or undefined if every span is sent: `always_on`, `always_off`, `traceidratio`,
 * and these behind `parentbased_`. An unknown name counts as `parentbased_always_on`, as does none.
 */
export const sampler = (
  name: string | undefined,
  argument: string | undefined
): ((tracer: Tracer.Tracer) => Tracer.Tracer) | undefined => {
  const [, parentBased, kind] = /^(parentbased_)?(always_on|always_off|traceidratio)$/.exec(name ?? "") ?? []
  if (kind === undefined || kind === "always_on") return undefined
  const ratio = kind === "always_off" ? 0 : ratioOf(argument)
  return (tracer) =>
    Tracer.make({
      context: tracer.context,
      span: (options) => {
        const { parent } = options
        // A span of this process has decided for those inside it.
        if (Option.isSome(parent) && (parentBased !== undefined || parent.value._tag === "Span")) {
          return tracer.span(options)
        }
        // A new trace has a random id. With a parent elsewhere, everybody decides by the same id.
        const chance = Option.isSome(parent) ? fraction(parent.value.traceId) : Math.random()
        return tracer.span({ ...options, sampled: options.sampled && chance < ratio })
      }
    })
}

const ratioOf = (argument: string | undefined): number => {
  const ratio = argument === undefined ? 1 : Number(argument)
  return ratio >= 0 && ratio <= 1 ? ratio : 1
}

/** The last digits of an id as a number from 0 to 1. */
const fraction = (traceId: string): number => Number.parseInt(traceId.slice(-12), 16) / 2 ** 48
