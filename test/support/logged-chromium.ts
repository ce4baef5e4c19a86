import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Flags of ours without which a browser takes its own ways. */
const WAYS =
  '--proxy-*|--webrtc-*|--force-webrtc-*|--host-resolver-rules=*|--disable-quic|--dns-prefetch-disable';

/** What a browser did on the network, by its own log. */
export interface NetLog {
  /** Of every request, `http://…`. */
  urls: Set<string>;
  /** `address:port` of every TCP connection that was tried. */
  connects: Set<string>;
  datagramsSent: number;
  /** Names that were given to a resolver. */
  resolved: Set<string>;
}

export interface LoggedChromium {
  program: string;
  /** What is written so far. */
  log(): NetLog;
  remove(): void;
}

/** A Chromium that writes down what it does on the network. `bare`: without the flags that close its own ways. */
export function loggedChromium(program: string, bare: boolean): LoggedChromium {
  const dir = mkdtempSync(join(tmpdir(), 'spoor-logged-'));
  // The browser may run as another user.
  chmodSync(dir, 0o777);
  const script = join(dir, 'chromium');
  const file = join(dir, 'net.json');
  const lines = [
    '#!/bin/sh',
    'for arg in "$@"; do',
    '  shift',
    '  case "$arg" in',
    ...(bare ? [`    ${WAYS}) ;;`] : []),
    '    *) set -- "$@" "$arg" ;;',
    '  esac',
    'done',
    `exec '${program}' --log-net-log='${file}' "$@"`,
  ];
  writeFileSync(script, `${lines.join('\n')}\n`);
  chmodSync(script, 0o755);
  return {
    program: script,
    log: () => read(file),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

interface Entry {
  type: number;
  params?: { url?: string; address?: string; host?: string; byte_count?: number };
}

/** One event a line; the last one may be half written. */
function read(file: string): NetLog {
  const [head = '', , ...lines] = readFileSync(file, 'utf8').split('\n');
  const { constants } = JSON.parse(`${head.replace(/,\s*$/, '')}}`) as {
    constants: { logEventTypes: Record<string, number> };
  };
  const { TCP_CONNECT_ATTEMPT, UDP_BYTES_SENT, HOST_RESOLVER_MANAGER_REQUEST } = constants.logEventTypes;
  const log: NetLog = { urls: new Set(), connects: new Set(), datagramsSent: 0, resolved: new Set() };
  for (const line of lines) {
    let entry: Entry;
    try {
      entry = JSON.parse(line.replace(/,$/, '')) as Entry;
    } catch {
      continue;
    }
    const { type, params = {} } = entry;
    if (params.url) log.urls.add(params.url);
    if (type === TCP_CONNECT_ATTEMPT && params.address) log.connects.add(params.address);
    if (type === UDP_BYTES_SENT) log.datagramsSent += 1;
    if (type === HOST_RESOLVER_MANAGER_REQUEST && params.host) log.resolved.add(params.host);
  }
  return log;
}
