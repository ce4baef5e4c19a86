import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '#libs/config';
import { PagedSite, startDemoProxy, type DemoProxy } from '#libs/demo-proxy';
import { openResources, type Resources } from '#libs/hosting';
import { EXIT } from '../exit-codes.js';
import { say } from '../say.js';
import { runSpoor } from './run-spoor.js';

const PAGES = 400;
const FAILS_AT = 150;
/** One page after the other, so that it is this page and no later one that meets the failure first. */
const IN_FLIGHT = 1;
const USER = 'demo';
/** Where it can be told apart, the proxy speaks from an address of its own. */
const PROXY_ADDRESS = process.platform === 'linux' ? '127.0.0.2' : null;

interface Stage {
  dir: string;
  env: NodeJS.ProcessEnv;
  site: PagedSite;
  proxy: DemoProxy;
  resources: Resources;
}

/** One line of the proof: what was found, and what must be. */
type Fact = [what: string, found: unknown, expected: unknown];

/**
 * A crawl whose proxy fails, from the failure to the end, by the commands that a person would type; then what the site saw of it.
 * Everything happens in a folder of its own, which goes in the end. @returns whether the proof holds
 */
export async function proxyDemo(): Promise<boolean> {
  const dir = mkdtempSync(join(tmpdir(), 'spoor-demo-'));
  const password = 'the-old-password';
  const proxy = await startDemoProxy({
    user: USER,
    password,
    ...(PROXY_ADDRESS === null ? {} : { localAddress: PROXY_ADDRESS }),
  });
  const onBreak = (): void => void proxy.fault('407');
  const site = new PagedSite({ pages: PAGES, breakAt: FAILS_AT, onBreak, proxyAddress: PROXY_ADDRESS });
  let resources: Resources | null = null;
  try {
    await site.listen();
    const env = environment(dir, site);
    writeJob(dir, site);
    setProxy(dir, proxy.url);
    say(
      `A site of ${PAGES} pages, and a proxy with a password before it. SPOOR_HOME is ${env['SPOOR_HOME']}.`,
    );
    // Held open here, so that the servers do not start anew with each command.
    resources = await openResources({ ...loadConfig(env, dir), logLevel: 'error' }, { name: 'demo' });
    return await play({ dir, env, site, proxy, resources });
  } finally {
    await resources?.close();
    await site.close();
    await proxy.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Nothing of the caller's engine or proxies: neither its servers nor its settings. */
function environment(dir: string, { host }: PagedSite): NodeJS.ProcessEnv {
  const own = { SPOOR_HOME: join(dir, 'home'), SPOOR_ALLOW_PRIVATE: host, SPOOR_SHARDS: '1' };
  return { ...process.env, NATS_URL: '', DATABASE_URL: '', SPOOR_PROXY_URL: '', SPOOR_LOG_LEVEL: '', ...own };
}

function writeJob(dir: string, { template }: PagedSite): void {
  const job = {
    name: 'demo of a failing proxy',
    pages: { template, from: 1, to: PAGES },
    stages: [{ name: 'list' }],
    proxy: { url: { env: 'SPOOR_PROXY_URL' }, connectTimeoutMs: 2000 },
    politeness: { concurrency: IN_FLIGHT, perHost: IN_FLIGHT, delayMs: 0 },
  };
  writeFileSync(join(dir, 'job.json'), JSON.stringify(job, null, 2));
}

const setProxy = (dir: string, url: string): void =>
  writeFileSync(join(dir, '.env.local'), `SPOOR_PROXY_URL=${url}\n`, { mode: 0o600 });

async function play({ dir, env, site, proxy, resources }: Stage): Promise<boolean> {
  const spoor = (...args: string[]) => runSpoor(args, dir, env);
  const lastSeq = async (): Promise<number> => (await resources.log.eventLog.head(0)).lastSeq;

  say(`\n1. The crawl, and its proxy fails at page ${FAILS_AT}: the provider has changed the password.`);
  const failed = await spoor('crawl', '--job', 'job.json', '--out', 'pages.jsonl');
  const jobId = /job (\S+) started/.exec(failed.text)?.[1] ?? '';
  const broken = await resources.jobs.report(jobId);
  const before = [...site.answered];
  await spoor('job', 'status', jobId);

  say('\n2. A resume while the proxy is still broken is refused, and leaves nothing behind.');
  const seqBefore = await lastSeq();
  const refused = await spoor('crawl', '--resume', jobId);
  const appended = (await lastSeq()) - seqBefore;

  say('\n3. The new password goes into .env.local; nothing is started anew for it.');
  const password = 'the-new-password';
  proxy.credentials(USER, password);
  await proxy.fault(null);
  setProxy(dir, `http://${USER}:${password}@127.0.0.1:${proxy.port}`);
  site.mended();
  await spoor('job', 'resume', jobId, '--dry-run');
  const finished = await spoor('crawl', '--resume', jobId, '--out', 'pages.jsonl');

  const after = site.answered.slice(before.length);
  const rows = readFileSync(join(dir, 'pages.jsonl'), 'utf8').split('\n').filter(Boolean).length;
  return proven([
    ['status after the failure', broken?.state.status, 'error'],
    ['last page done, next page', `${broken?.position.lastPage}, ${broken?.position.nextPage}`, '149, 150'],
    ['exit code of the crawl that failed', failed.code, EXIT.resumable],
    ['exit code of the refused resume', refused.code, EXIT.resumable],
    ['events that the refused resume left', appended, 0],
    ['exit code of the crawl that went on', finished.code, EXIT.done],
    ['pages fetched before the failure', before.length, FAILS_AT - 1],
    ['page that failed, and is open again', broken?.state.lastError?.page, FAILS_AT],
    ['pages fetched after the resume', after.length, PAGES - FAILS_AT + 1],
    ['fetched twice', site.answered.length - new Set(site.answered).size, 0],
    ['lost', PAGES - new Set(site.answered).size, 0],
    ['rows in the result file', rows, PAGES],
    ...(PROXY_ADDRESS === null ? [] : [['requests past the proxy', site.direct, 0] as Fact]),
  ]);
}

function proven(facts: Fact[]): boolean {
  say('\n4. What the site and the log saw of it');
  for (const [what, found, expected] of facts)
    say(
      `  ${what.padEnd(38)} ${String(found)}${found === expected ? '' : `   EXPECTED ${String(expected)}`}`,
    );
  const holds = facts.every(([, found, expected]) => found === expected);
  say(holds ? '\nNothing was lost, and nothing was fetched twice.' : '\nThe proof does not hold.');
  return holds;
}
