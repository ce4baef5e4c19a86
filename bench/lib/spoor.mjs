import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measure } from './processes.mjs';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const COMMAND = join(root, 'scripts/spoor.mjs');
/** No wait between requests: what is measured is the engine, not its politeness. */
export const IMPOLITE = ['--concurrency', '32', '--per-host', '32', '--delay', '0', '--robots', 'obey'];

/** A folder of its own for one run; `SPOOR_HOME` and the result file go there. */
export function workFolder() {
  const dir = mkdtempSync(join(tmpdir(), 'spoor-bench-'));
  return { dir, home: join(dir, 'home'), remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** `spoor <args>` with all that it starts, measured. @param profile folder for CPU profiles, if any */
export function spoor(args, { home, env = {}, profile, ...options }) {
  const flags = profile ? ['--cpu-prof', `--cpu-prof-dir=${profile}`] : [];
  return measure(process.execPath, [...flags, COMMAND, ...args], {
    env: { NODE_ENV: 'production', SPOOR_HOME: home, ...env },
    cwd: root,
    ...options,
  });
}

/**
 * Crawls a site once, in a new home, servers included.
 * @returns what `measure` does, and the pages of the result file that answered 200
 */
export async function crawlSite(site, args, { profile, env = {} } = {}) {
  const folder = workFolder();
  try {
    await site.reset();
    const out = join(folder.dir, 'items.jsonl');
    const measured = await spoor(['crawl', ...args, '--out', out, '--output', 'json'], {
      ...{ home: folder.home, profile },
      env: { SPOOR_ALLOW_PRIVATE: site.host, ...env },
    });
    if (measured.code !== 0) throw new Error(`the crawl ended with code ${measured.code}`);
    const lines = readFileSync(out, 'utf8').split('\n').filter(Boolean);
    const ok = new Set();
    for (const line of lines) {
      const { statusCode, finalUrl } = JSON.parse(line);
      if (statusCode === 200) ok.add(finalUrl);
    }
    if (ok.size !== site.pages) throw new Error(`${ok.size} of ${site.pages} pages were recorded`);
    return measured;
  } finally {
    folder.remove();
  }
}
