/** Long messages as bytes: these pass the editor's processes untouched, which read and write every object on the way. */

export interface PackedMessage {
  /** As in the message, for those who look at passing messages. */
  readonly type: unknown;
  /** The whole message as JSON. */
  readonly packed: Uint8Array;
}

/** In characters of JSON; shorter messages go as they are. */
const longMessage = 4096;

export function packed(message: { readonly type?: unknown }): unknown {
  const text = JSON.stringify(message);
  if (text.length < longMessage) return message;
  return { type: message.type, packed: new TextEncoder().encode(text) } satisfies PackedMessage;
}

export function unpacked(message: unknown): unknown {
  const bytes = (message as Partial<PackedMessage> | null)?.packed;
  return bytes instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(bytes)) : message;
}
