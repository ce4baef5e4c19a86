/** One operation of the NATS protocol, as bytes and as far as it concerns those who look at it on its way. */
export interface NatsFrame {
  bytes: Buffer;
  /** PUB, HPUB, MSG, HMSG, or another one, of one line. */
  op: string;
  subject: string;
  /** Headers and payload; empty where there is none. */
  body: Buffer;
}

const WITH_BODY = new Set(['PUB', 'HPUB', 'MSG', 'HMSG']);

/** Cuts a stream of bytes into the protocol's operations, whatever chunks it comes in. */
export class NatsFrames {
  private rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): NatsFrame[] {
    this.rest = this.rest.length > 0 ? Buffer.concat([this.rest, chunk]) : chunk;
    const frames: NatsFrame[] = [];
    for (let frame = this.next(); frame; frame = this.next()) {
      frames.push(frame);
      this.rest = this.rest.subarray(frame.bytes.length);
    }
    return frames;
  }

  private next(): NatsFrame | null {
    const end = this.rest.indexOf('\r\n');
    if (end === -1) return null;
    const words = this.rest.toString('latin1', 0, end).split(' ');
    const op = words[0]!.toUpperCase();
    if (!WITH_BODY.has(op)) return { bytes: this.rest.subarray(0, end + 2), op, subject: '', body: EMPTY };
    const from = end + 2;
    const to = from + Number(words.at(-1));
    if (this.rest.length < to + 2) return null;
    const body = this.rest.subarray(from, to);
    return { bytes: this.rest.subarray(0, to + 2), op, subject: words[1] ?? '', body };
  }
}

const EMPTY = Buffer.alloc(0);
