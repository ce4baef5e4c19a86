import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { headers, type Msg, type MsgHdrs } from '@nats-io/transport-node';

const [zip, unzip] = [promisify(gzip), promisify(gunzip)];

/** What stands for a message of its own kind, without a body. */
const STATE = 'Spoor-Node';
const PART = 'Spoor-Part';
export type NodeState = 'working' | 'busy';

/** Compressed or not: a page of 2 MiB whose every character has to be escaped in JSON fits in. */
const MAX_BYTES = 16 * 1024 * 1024;
/** Room that the headers of a part take of what a message may have. */
const HEADER_BYTES = 1024;
const MAX_PARTS = 4096;

export function stateHeaders(state: NodeState): MsgHdrs {
  const all = headers();
  all.set(STATE, state);
  return all;
}

export const stateOf = ({ headers }: Msg): string | null => headers?.get(STATE) || null;

/** No server takes a message that is longer than its max_payload, so an answer comes in as many as it needs. */
export async function pack(
  value: unknown,
  maxPayload: number,
): Promise<{ data: Uint8Array; headers: MsgHdrs }[]> {
  const bytes = await zip(Buffer.from(JSON.stringify(value)));
  const size = Math.max(1024, maxPayload - HEADER_BYTES);
  const count = Math.ceil(bytes.length / size);
  return Array.from({ length: count }, (_, i) => {
    const all = headers();
    all.set(PART, `${i}/${count}`);
    return { data: bytes.subarray(i * size, (i + 1) * size), headers: all };
  });
}

/** Puts an answer together again. One sender's messages come in their order, so a part that does not is one that got lost. */
export class Parts {
  private readonly parts: Uint8Array[] = [];
  private size = 0;

  /** @returns the whole when this was its last part @throws Error when it cannot be whole any more */
  add(message: Msg): Buffer | null {
    const [, index, count] = /^(\d{1,4})\/(\d{1,4})$/.exec(message.headers?.get(PART) ?? '') ?? [];
    this.size += message.data.length;
    if (Number(index) !== this.parts.length || Number(count) > MAX_PARTS || this.size > MAX_BYTES)
      throw new Error('a part is missing, or there are too many');
    this.parts.push(message.data);
    return this.parts.length === Number(count) ? Buffer.concat(this.parts) : null;
  }
}

/** @throws Error when it is not what `pack` has made */
export async function unpack(bytes: Buffer): Promise<unknown> {
  return JSON.parse((await unzip(bytes, { maxOutputLength: MAX_BYTES })).toString()) as unknown;
}
