// A reader of protobuf messages: as much as the messages of OpenTelemetry need. A schema names the fields.

/** The kind of a field: a scalar, or a message with fields of its own. An array: the field may be there several times. */
export type Kind = "string" | "hex" | "bool" | "int" | "fixed64" | "double" | "fixed64s" | "doubles" | Fields | [Fields]

export interface Fields {
  readonly [tag: number]: readonly [name: string, kind: Kind]
}

/** Reads a message. An unknown field is left out. */
export const readMessage = (bytes: Uint8Array, fields: Fields): Record<string, unknown> => {
  const message: Record<string, unknown> = {}
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n;; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined) throw new Error("the message is cut off")
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  while (at < bytes.length) {
    const key = Number(varint())
    const [name, kind] = fields[key >>> 3] ?? []
    switch (key & 7) {
      case 0: {
        const value = varint()
        if (name !== undefined) message[name] = kind === "bool" ? value !== 0n : Number(BigInt.asIntN(64, value))
        break
      }
      case 1: {
        const float = kind === "double" || kind === "doubles"
        const value = float ? view.getFloat64(at, true) : view.getBigUint64(at, true)
        at += 8
        if (name === undefined) break
        // Numbers of a list may also come one by one.
        const isList = kind === "doubles" || kind === "fixed64s"
        message[name] = isList ? [...(message[name] as Array<unknown> ?? []), Number(value)] : value
        break
      }
      case 2: {
        const length = Number(varint())
        if (at + length > bytes.length) throw new Error("the message is cut off")
        const part = bytes.subarray(at, at + length)
        at += length
        if (name === undefined || kind === undefined) break
        if (Array.isArray(kind)) {
          message[name] = [...(message[name] as Array<unknown> ?? []), readMessage(part, kind[0])]
        } else if (typeof kind === "object") message[name] = readMessage(part, kind)
        else if (kind === "hex") message[name] = Buffer.from(part).toString("hex")
        else if (kind === "fixed64s" || kind === "doubles") message[name] = numbers(part, kind)
        else message[name] = Buffer.from(part).toString("utf8")
        break
      }
      case 5:
        at += 4
        break
      default:
        throw new Error(`field ${key >>> 3} has the wire type ${key & 7}`)
    }
  }
  return message
}

const numbers = (bytes: Uint8Array, kind: "fixed64s" | "doubles"): Array<number> => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from(
    { length: bytes.length / 8 },
    (_, i) => kind === "doubles" ? view.getFloat64(i * 8, true) : Number(view.getBigUint64(i * 8, true))
  )
}
