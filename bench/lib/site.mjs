import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const SERVER = fileURLToPath(new URL('../site/server.mjs', import.meta.url));

/** A site of so many pages in a process of its own, whose CPU nobody is charged for. */
export async function startSite(pages, { latencyMs = 0, hosts = 1 } = {}) {
  const child = fork(SERVER, [String(pages), String(latencyMs), String(hosts)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: ['--max-old-space-size=4096'],
  });
  const [{ port }] = await once(child, 'message');
  const ask = async (what) => {
    child.send(what);
    const [{ requests, paths }] = await once(child, 'message');
    return what === 'paths' ? paths : requests;
  };
  return {
    pages,
    host: `127.0.0.1:${port}`,
    url: `http://127.0.0.1:${port}/`,
    /** Loopback addresses that all give the same pages. */
    hosts: Array.from({ length: hosts }, (_, i) => `127.0.0.${i + 1}:${port}`),
    /** Pages that fail once fail again; returns how many requests there were. */
    reset: () => ask('reset'),
    /** How many there were since then. */
    requests: () => ask('count'),
    /** Of all pages that answer 200. */
    paths: () => ask('paths'),
    close: () => child.disconnect(),
  };
}
