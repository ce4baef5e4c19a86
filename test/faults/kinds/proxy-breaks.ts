import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEMO_FAULTS, startDemoProxy, type DemoProxy } from '#libs/demo-proxy';
import { until } from '#libs/testing';
import type { Fault } from '../fault.js';
import type { Run } from '../harness/run.js';
import { CANARIES } from '../harness/servers.js';

/** The proxy speaks to the site from an address of its own, so that the site can tell who came past it. */
const FROM_PROXY = '127.0.0.2';
/** `tls` is for proxies that are spoken to over TLS. */
const WAYS = DEMO_FAULTS.filter((kind) => kind !== 'tls' && kind !== 'slow');

let proxy: DemoProxy | null = null;
const events = async (run: Run): Promise<number> =>
  (await (await run.stage.open()).log.eventLog.readDecisions(run.jobId)).length;

async function breakAndMend(run: Run, tries: number): Promise<void> {
  const { api, jobId, site } = run;
  await run.moment(0.1, 0.8);
  const kind = run.random.pick(WAYS);
  run.note(kind);
  await proxy!.fault(kind);
  const failed = async (): Promise<boolean> => (await api.job(jobId))?.status === 'error';
  await until(failed, { timeoutMs: 30_000, what: 'the job to be in error' });
  const [decisions, served] = [await events(run), site.log.length];
  for (let n = 0; n < tries; n++) {
    const answer = await api.ask('POST', `/api/jobs/${jobId}/resume`, {});
    if (answer && answer.status < 400) throw new Error('a resume was accepted though the proxy is down');
  }
  if ((await events(run)) !== decisions) throw new Error('a refused resume has left a decision behind');
  if (tries > 0 && site.log.length !== served)
    throw new Error('pages were asked for while the job stood in error');
  await proxy!.fault(null);
  const resumed = async (): Promise<boolean> => (await api.command(jobId, 'resume')) !== null;
  await until(resumed, { timeoutMs: 30_000, what: 'the job to be resumed' });
}

const fault = (name: string, about: string, tries: number): Fault => ({
  name,
  about,
  spec: { proxy: { url: { env: 'SPOOR_PROXY_URL' }, connectTimeoutMs: 4000 } },
  site: { delayMs: 20 },
  prepare: async (run) => {
    proxy = await startDemoProxy({ user: 'u', password: CANARIES.proxy, localAddress: FROM_PROXY });
    writeFileSync(join(run.stage.home, '.env.local'), `SPOOR_PROXY_URL="${proxy.url}"\n`);
  },
  inject: (run) => breakAndMend(run, tries),
  check: async ({ site }, { ofJob }) => {
    const direct = site.log.filter(({ from }) => from !== FROM_PROXY).length;
    const failures = ofJob.filter(({ type }) => type === 'ProxyFailed').length;
    const failedPages = ofJob.filter(({ type }) => type === 'FetchFailed').length;
    await proxy?.close();
    return [
      ...(direct > 0 ? [`${direct} requests went past the proxy`] : []),
      ...(failures === 1 ? [] : [`${failures} failures of the proxy are told, not 1`]),
      ...(failedPages > 0 ? [`the failure cost ${failedPages} pages`] : []),
    ];
  },
});

export const proxyBreaks: Fault[] = [
  fault(
    'proxy-breaks',
    'the proxy fails at a drawn page in a drawn way; it is mended and the job resumed',
    0,
  ),
  fault('proxy-still-down', 'the same, and the job is resumed three times while the proxy is still down', 3),
];
