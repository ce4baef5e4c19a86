// The browser service beside plain Playwright: the same Chromium, the same pages, one after the other and four at once; and what a worker
// has in memory over two thousand pages.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { findChromium } from '#libs/adapters/browser';
import { loadProto } from '#libs/adapters/hive-grpc';
import { cacheDir } from '#libs/adapters/servers';
import { loadConfig, loadHiveConfig } from '#libs/config';
import { openHive } from '#libs/hosting/hive';
import { startHive } from '#apps/hive';
import { startSite } from '../lib/site.mjs';
import { treeOf } from '../lib/processes.mjs';
import { workFolder } from '../lib/spoor.mjs';
import { row } from '../lib/stats.mjs';

const PAGES = 150;
const WARM = 20;
const LANES = [1, 4];
const MEMORY_AT = [250, 500, 1000, 1500, 2000];
const PORT = 20_000 + (process.pid % 10_000);

const grpc = createRequire(import.meta.url)('@grpc/grpc-js');

/** CPU s so far of this process, which both ways run in, and of the browsers below it. */
const cpuSeconds = () => [...treeOf(process.pid).values()].reduce((sum, { cpu }) => sum + cpu, 0);

/** Takes URLs in so many lanes. @returns pages a second, and CPU ms a page */
async function rate(visits, urls) {
  let next = 0;
  const cpu = cpuSeconds();
  const started = performance.now();
  await Promise.all(
    visits.map(async (visit) => {
      while (next < urls.length) await visit(urls[next++]);
    }),
  );
  const ms = performance.now() - started;
  return { perSecond: (urls.length * 1000) / ms, cpuMs: ((cpuSeconds() - cpu) * 1000) / urls.length };
}

/** One context and one page for each lane, used again and again. */
async function plainly(program, lanes, urls) {
  const browser = await chromium.launch({ executablePath: program, chromiumSandbox: false });
  try {
    const visits = await Promise.all(
      Array.from({ length: lanes }, async () => {
        const page = await (await browser.newContext()).newPage();
        return async (url) => {
          await page.goto(url, { waitUntil: 'load' });
          if ((await page.content()).length < 1000) throw new Error('a page is missing');
        };
      }),
    );
    await rate(visits, urls.slice(0, WARM));
    return await rate(visits, urls);
  } finally {
    await browser.close();
  }
}

function callerOf(port) {
  const service = loadProto('worker.proto')['scraper.worker.WorkerService'];
  const { path, requestSerialize, responseDeserialize } = service.ScrapePage;
  const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
    'grpc.max_receive_message_length': 16 * 2 ** 20,
  });
  const call = (request) =>
    new Promise((resolve, reject) =>
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, answer) =>
        error ? reject(error) : resolve(answer),
      ),
    );
  return { call, close: () => client.close() };
}

async function withService(host, lanes, use) {
  const folder = workFolder();
  const env = {
    ...{ SPOOR_HOME: folder.home, SPOOR_ALLOW_PRIVATE: host, SPOOR_LOG_LEVEL: 'error' },
    ...{ COORDINATOR_MODE: 'local', SPOOR_HIVE_ROLES: 'worker', SPOOR_HIVE_WORKER_PORT: String(PORT) },
    ...{ WORKER_MAX_CONTEXTS: String(lanes), SPOOR_CHROMIUM: process.env.SPOOR_CHROMIUM ?? '' },
  };
  const hive = await openHive({ config: loadConfig(env), hive: loadHiveConfig(env) });
  const running = await startHive(hive);
  const caller = callerOf(PORT);
  try {
    const scrape = async (url) => {
      const answer = await caller.call({ url, waitStrategy: 'load' });
      if (!answer.success || answer.content.length < 1000)
        throw new Error(answer.errorMessage || 'a page is missing');
    };
    return await use(scrape);
  } finally {
    caller.close();
    await running.close(0);
    await hive.close();
    folder.remove();
  }
}

const served = (host, lanes, urls) =>
  withService(host, lanes, async (scrape) => {
    const visits = Array.from({ length: lanes }, () => scrape);
    await rate(visits, urls.slice(0, WARM));
    return rate(visits, urls);
  });

/** MB that the processes of browsers below this process have for themselves. */
function browserMb() {
  const below = (pid) => {
    try {
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
        .trim()
        .split(' ')
        .filter(Boolean);
      return [pid, ...children.flatMap((child) => below(Number(child)))];
    } catch {
      return [];
    }
  };
  const kb = (pid) => {
    try {
      const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
      return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
    } catch {
      return 0;
    }
  };
  const isBrowser = (pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--headless');
    } catch {
      return false;
    }
  };
  return (
    below(process.pid)
      .filter(isBrowser)
      .reduce((sum, pid) => sum + kb(pid), 0) / 1024
  );
}

async function memory(host, urls, say) {
  return withService(host, 2, async (scrape) => {
    const rows = [];
    let done = 0;
    for (const count of MEMORY_AT) {
      const some = Array.from({ length: count - done }, (_, i) => urls[(done + i) % urls.length]);
      await rate([scrape, scrape], some);
      done = count;
      await sleep(500);
      globalThis.gc?.();
      const [browser, node] = [browserMb(), process.memoryUsage().rss / 2 ** 20];
      say(`${count} pages: browser ${Math.round(browser)} MB, Node ${Math.round(node)} MB`);
      rows.push(
        row(`one worker after ${count.toLocaleString('en')} pages: browser`, 'MB', [browser]),
        row(`one worker after ${count.toLocaleString('en')} pages: Node, with this bench`, 'MB', [node]),
      );
    }
    return rows;
  });
}

export async function run({ runs, say }) {
  const site = await startSite(PAGES * 3);
  const urls = await pagesOf(site);
  const places = {
    chosen: process.env.SPOOR_CHROMIUM || null,
    path: process.env.PATH ?? '',
    caches: [cacheDir(join(process.cwd(), '.spoor'))],
    forOthers: process.getuid?.() === 0,
  };
  const { program } = await findChromium(places);
  const rows = [];
  try {
    for (const lanes of LANES) {
      const [plain, service] = [[], []];
      for (let i = 0; i < runs; i += 1) {
        plain.push(await plainly(program, lanes, urls));
        service.push(await served(site.host, lanes, urls));
        const [was, is] = [plain.at(-1), service.at(-1)];
        say(
          `${lanes} at once: ${was.perSecond.toFixed(1)} pages/s and ${was.cpuMs.toFixed(0)} CPU ms plainly, ` +
            `${is.perSecond.toFixed(1)} and ${is.cpuMs.toFixed(0)} by the service`,
        );
      }
      const added = (of) => service.map((one, i) => (of(one) / of(plain[i]) - 1) * 100);
      const rowsOf = (name, values) => [
        row(
          `${name}, ${lanes} at once`,
          'pages/s',
          values.map(({ perSecond }) => perSecond),
        ),
        row(
          `${name}, ${lanes} at once`,
          'CPU ms/page',
          values.map(({ cpuMs }) => cpuMs),
        ),
      ];
      rows.push(
        ...rowsOf('plain Playwright, pages used again', plain),
        ...rowsOf('the service over gRPC, contexts used again', service),
        row(
          `time that the service adds, ${lanes} at once`,
          '%',
          added((one) => 1 / one.perSecond),
          'run by run',
        ),
        row(
          `CPU that the service adds, ${lanes} at once`,
          '%',
          added((one) => one.cpuMs),
          'run by run',
        ),
      );
    }
    rows.push(...(await memory(site.host, urls, say)));
    return rows;
  } finally {
    site.close();
  }
}

/** Pages of the site that answer 200, found as a crawl would. */
async function pagesOf(site) {
  const found = [];
  const seen = new Set([site.url]);
  const open = [site.url];
  while (found.length < PAGES && open.length > 0) {
    const url = open.shift();
    const response = await fetch(url, { redirect: 'manual' });
    const text = await response.text();
    if (response.status === 200 && text.length > 1000) found.push(url);
    for (const [, href] of text.matchAll(/href="([^"#]+)"/g)) {
      const next = new URL(href, url).href;
      if (!next.startsWith(site.url) || seen.has(next)) continue;
      seen.add(next);
      open.push(next);
    }
  }
  if (found.length < PAGES) throw new Error(`the site has only ${found.length} pages to render`);
  return found;
}
