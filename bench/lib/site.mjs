import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const SERVER = fileURLToPath(new URL('../site/server.mjs', import.meta.url));

/** A site of so many pages in a process of its own, whose CPU nobody is charged for. */
export async function startSite(pages, { latencyMs = 0 } = {}) {
  const child = fork(SERVER, [String(pages), String(latencyMs)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: ['--max-old-space-size=4096'],
  });
  const [{ port }] = await once(child, 'message');
  const ask = async (what) => {
    child.send(what);
    const [{ requests }] = await once(child, 'message');
    return requests;
  };
  return {
    pages,
    host: `127.0.0.1:${port}`,
    url: `http://127.0.0.1:${port}/`,
    /** Pages that fail once fail again; returns how many requests there were. */
    reset: () => ask('reset'),
    /** How many there were since then. */
    requests: () => ask('count'),
    close: () => child.disconnect(),
  };
}
