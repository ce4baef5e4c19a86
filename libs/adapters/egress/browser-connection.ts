import type { Socket } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import type { BrowserEgressLimits } from '#libs/engine/ports';
import { CapError } from './browser-refusals.js';

/** Counts what all connections of a page bring from the outside. */
export class PageMeter {
  received = 0;

  constructor(readonly limits: BrowserEgressLimits) {}

  /** Counts a stream's bytes as they come; `onCap` is called once, when it or the page has brought too many. */
  watch(stream: Readable, onCap: (error: CapError) => void): void {
    let bytes = 0;
    const count = (chunk: Buffer): void => {
      bytes += chunk.length;
      this.received += chunk.length;
      const { maxConnectionBytes, maxPageBytes } = this.limits;
      if (bytes <= maxConnectionBytes && this.received <= maxPageBytes) return;
      stream.removeListener('data', count);
      onCap(new CapError(bytes > maxConnectionBytes ? 'one connection brought too much' : 'it is too large'));
    };
    stream.on('data', count);
  }
}

export interface Ends {
  /** Something came from the outside. */
  onFirstByte(): void;
  /** Once, when both sides are done; `error` when something of the outside ended it. */
  onEnd(error: Error | null, hadAnswer: boolean): void;
}

/** Has the browser and the outside speak to each other until one of them ends, stays silent, or a cap is reached. */
export function join(browser: Duplex, outside: Socket, meter: PageMeter, ends: Ends): void {
  const { idleMs, maxConnectionMs } = meter.limits;
  let answered = false;
  let failure: Error | null = null;
  let open = 2;
  const cut = (error: Error): void => {
    failure ??= error;
    outside.destroy();
    browser.destroy();
  };
  const timer = setTimeout(() => cut(new CapError('a connection got too old')), maxConnectionMs);
  const closed = (): void => {
    if (--open > 0) return;
    clearTimeout(timer);
    ends.onEnd(failure, answered);
  };
  outside.setTimeout(idleMs, () => cut(new CapError('nothing moved on a connection')));
  outside.once('data', () => {
    answered = true;
    ends.onFirstByte();
  });
  outside.once('error', (error) => {
    failure ??= error;
    // Not reset as the outside was: Node keeps a socket for ever that is reset while it is being shut down.
    browser.destroy();
  });
  browser.once('error', () => outside.destroy());
  // What was received is still written out.
  outside.once('close', () => {
    if ('destroySoon' in browser) (browser as Socket).destroySoon();
    else browser.end();
    closed();
  });
  browser.once('close', () => {
    outside.destroy();
    closed();
  });
  meter.watch(outside, cut);
  outside.pipe(browser);
  browser.pipe(outside);
}
