import { BrowserFault, type BrowserFaultKind } from '#libs/engine/ports';

const NET = /net::ERR_[A-Z0-9_]+/;

function kindOf(message: string): BrowserFaultKind {
  if (NET.test(message)) return 'net';
  if (/^[\w.]+: Timeout [\d.]+ms exceeded/.test(message)) return 'timeout';
  if (/crash/i.test(message)) return 'crashed';
  if (/has been closed|is closed|closed|disconnected|detached/i.test(message)) return 'gone';
  if (/not a valid selector|while parsing (css )?selector|Unexpected token/i.test(message)) return 'selector';
  return 'failed';
}

/** An error of Playwright in few words: its call logs and the method's name are nothing for clients. */
export function faultOf(error: unknown): BrowserFault {
  if (error instanceof BrowserFault) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (text.includes('Download is starting')) return new BrowserFault('net', 'net::ERR_ABORTED');
  if (text.includes('Cannot navigate to invalid URL')) return new BrowserFault('net', 'net::ERR_INVALID_URL');
  const kind = kindOf(text);
  const net = NET.exec(text)?.[0];
  const words: Record<BrowserFaultKind, string> = {
    net: net ?? 'net::ERR_FAILED',
    crashed: 'the page crashed',
    gone: 'connection is closed',
    timeout: 'it did not happen in time',
    selector: 'not a CSS selector',
    failed: 'the browser refused',
  };
  return new BrowserFault(kind, words[kind], { cause: error });
}

/** Runs what Playwright does, in the words of the port. */
export async function inPort<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw faultOf(error);
  }
}
