// What SPOOR_DURABILITY costs: acknowledged events/s, one at a time and 256 at once, and a crawl of the sample site. Each setting
// three times in turn, medians. Needs the build. usage: node bench/durability.mjs
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectLog } from '../dist/libs/adapters/jetstream/index.js';
import { startNatsServer, stopProcess } from '../dist/libs/adapters/servers/index.js';

const ROUNDS = 3;
const SECONDS = 4;
const SETTINGS = ['fast', 'safe'];
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

const links = Array.from({ length: 40 }, (_, i) => `/companies/company-${i}-international`);
const eventOf = (n) => {
  const url = `https://a.test/${n}`;
  return {
    ...{
      type: 'PageFetched',
      id: `0-bench0000:1:${n}:1`,
      jobId: '0-bench0000',
      time: new Date().toISOString(),
    },
    data: {
      ...{
        url,
        generation: 1,
        run: 1,
        try: 1,
        stage: 'page',
        depth: 1,
        attempt: 1,
        statusCode: 200,
        finalUrl: url,
      },
      ...{
        contentType: 'text/html',
        contentLength: 30000,
        receivedBytes: 8000,
        charset: 'utf-8',
        title: 'Page',
        h1: null,
      },
      ...{ headers: {}, redirects: [], items: [], error: null, timing: { startedAt: 0, durationMs: 12 } },
      robots: { policy: 'obey', allowed: true, confidence: 'high', reason: 'no rule', rule: null },
      links: { follow: { page: links }, skip: {} },
    },
  };
};

async function publishRate(setting, atOnce) {
  const dir = mkdtempSync(join(tmpdir(), 'spoor-bench-'));
  const server = await startNatsServer({
    ...{ storeDir: join(dir, 'store'), runDir: dir, logFile: join(dir, 'nats.log'), home: dir },
    syncAlways: setting === 'safe',
  });
  const log = await connectLog({ url: server.url, shards: 1, name: 'bench' });
  let next = 0;
  const until = performance.now() + SECONDS * 1000;
  const one = async () => {
    while (performance.now() < until) await log.eventLog.publishPage(eventOf(next++));
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  await log.close();
  await stopProcess(server, 'SIGTERM');
  rmSync(dir, { recursive: true, force: true });
  return next / SECONDS;
}

function crawl(setting) {
  const dir = mkdtempSync(join(tmpdir(), 'spoor-bench-'));
  const main = new URL('../dist/apps/cli/main.js', import.meta.url).pathname;
  const env = { ...process.env, SPOOR_HOME: join(dir, 'home'), SPOOR_DURABILITY: setting };
  const child = spawn(process.execPath, [main, 'crawl', '--output', 'json'], { cwd: dir, env });
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  return new Promise((resolve) =>
    child.on('close', () => {
      const { pages, durationMs } = JSON.parse(text);
      rmSync(dir, { recursive: true, force: true });
      resolve((pages.fetched * 1000) / durationMs);
    }),
  );
}

const measures = {
  'events/s, one at a time': (setting) => publishRate(setting, 1),
  'events/s, 256 at once': (setting) => publishRate(setting, 256),
  'pages/s, sample site': crawl,
};
for (const [name, measure] of Object.entries(measures)) {
  const found = Object.fromEntries(SETTINGS.map((setting) => [setting, []]));
  for (let round = 0; round < ROUNDS; round += 1)
    for (const setting of SETTINGS) found[setting].push(await measure(setting));
  const [fast, safe] = SETTINGS.map((setting) => median(found[setting]));
  console.log(
    `${name.padEnd(26)} fast ${fast.toFixed(0)}  safe ${safe.toFixed(0)}  safe/fast ${(safe / fast).toFixed(2)}`,
  );
}
