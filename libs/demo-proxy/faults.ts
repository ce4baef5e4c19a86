import type { Duplex } from 'node:stream';

type Answer = readonly [status: number, reason: string, headers: Record<string, string>];

/** Status line, and headers beside it, of the faults that are an answer. */
const ANSWERS = {
  '407': [407, 'Proxy Authentication Required', { 'Proxy-Authenticate': 'Basic realm="demo"' }],
  'traffic-limit': [
    407,
    'Access Denied',
    { 'X-Error-Description': 'Access denied: traffic limit reached. Please contact support.' },
  ],
  '502': [502, 'Bad Gateway', { 'X-Error-Description': 'Bad gateway: session failed.' }],
  '504': [504, 'Timeout', { 'X-Error-Description': 'Timeout: request timed out. Please try again.' }],
  '522': [522, 'Timeout', {}],
  '525': [525, 'No Exit Found', {}],
} as const satisfies Record<string, Answer>;

const SILENT = ['refuse', 'reset', 'close', 'hang', 'garbage', 'slow', 'tls'] as const;

/**
 * What a proxy can do wrong: answer with an error, `refuse` connections, `reset` or `close` them without an answer, `hang`, send
 * `garbage`, answer after a long while (`slow`), or break the handshake of a proxy that is spoken to over TLS (`tls`).
 */
export type DemoFault = keyof typeof ANSWERS | (typeof SILENT)[number];

export const DEMO_FAULTS: readonly DemoFault[] = [
  ...(Object.keys(ANSWERS) as (keyof typeof ANSWERS)[]),
  ...SILENT,
];

/** The bytes of an answer with an empty body. */
export function answerOf(status: number, reason: string, headers: Record<string, string> = {}): string {
  const lines = Object.entries({ ...headers, 'Content-Length': '0', Connection: 'close' });
  return `HTTP/1.1 ${status} ${reason}\r\n${lines.map(([k, v]) => `${k}: ${v}\r\n`).join('')}\r\n`;
}

/** Does to a connection what the fault says; true when there is nothing left to do for the request. */
export function misbehave(
  fault: DemoFault | null,
  socket: Duplex & { resetAndDestroy?: () => void },
): boolean {
  if (fault === null || fault === 'slow') return false;
  const answer: Answer | undefined = (ANSWERS as Partial<Record<DemoFault, Answer>>)[fault];
  if (answer) socket.end(answerOf(...answer));
  else if (fault === 'garbage') socket.end('\u0000\u0001 this is no HTTP \u0002\r\n\r\n');
  else if (fault === 'close') socket.end();
  else if (fault === 'reset') {
    if (socket.resetAndDestroy) socket.resetAndDestroy();
    else socket.destroy();
  } else if (fault !== 'hang') socket.destroy();
  return true;
}
