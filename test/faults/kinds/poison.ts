import { headers } from '@nats-io/transport-node';
import { randomBytes } from 'node:crypto';
import { isUnreadable, subjects } from '#libs/events';
import { until } from '#libs/testing';
import { TruthSite } from '../../support/truth-site.js';
import type { Fault } from '../fault.js';
import type { Run } from '../harness/run.js';

type Poison = (id: string) => { type: string; version: number; payload: string };

const POISON: Record<string, Poison> = {
  'bad JSON': () => ({ type: 'PageFetched', version: 1, payload: '{"url": "http' }),
  'unknown type': () => ({ type: 'PageDreamt', version: 1, payload: '{}' }),
  'newer schema': () => ({ type: 'PageFetched', version: 99, payload: '{"shape": "of tomorrow"}' }),
  'wrong data': () => ({ type: 'PageFetched', version: 1, payload: '{"url": 7}' }),
  'missing blob': () => ({
    type: 'PageFetched',
    version: 1,
    payload: `{"$blob": {"sha256": "${'0'.repeat(64)}", "bytes": 10, "chunks": 1, "fields": ["links"]}}`,
  }),
};

async function put(run: Run, jobId: string, kind: string): Promise<void> {
  const { log } = await run.stage.open();
  const { type, version, payload } = POISON[kind]!(jobId);
  const h = headers();
  h.set('Nats-Msg-Id', `poison-${randomBytes(8).toString('hex')}`);
  h.set('ce-type', `dev.spoor.${type}`);
  h.set('ce-time', new Date().toISOString());
  h.set('ce-dataschema', `urn:spoor:event:${type}:${version}`);
  await log.nc.request(subjects.pageSubject(jobId, 'PageFetched'), payload, { headers: h, timeout: 5_000 });
}

/** The job that is poisoned, beside the run's own. */
const victims = new WeakMap<Run, { jobId: string; site: TruthSite }>();

export const poison: Fault = {
  name: 'poison-events',
  about: 'events that nobody can read, of another job, of no job, in mid-crawl',
  spoilsStage: true,
  inject: async (run) => {
    const site = await new TruthSite({ pages: 40, delayMs: 100 }).listen();
    const said = await run.api.ask('POST', '/api/jobs', { ...run.spec, start: [site.start] });
    const { jobId } = said!.body as { jobId: string };
    victims.set(run, { jobId, site });
    await run.moment(0.2, 0.6);
    for (let left = run.random.int(2, 4); left > 0; left--) {
      const kind = run.random.pick(Object.keys(POISON));
      run.note(kind);
      await put(run, run.random.chance(0.7) || left === 1 ? jobId : '0-nobodysjob0', kind);
    }
    const isHeld = async (): Promise<boolean> =>
      ['paused', 'done'].includes((await run.api.job(jobId))?.status ?? '');
    await until(isHeld, { timeoutMs: 30_000, what: 'the poisoned job to be paused' });
    await site.close();
  },
  check: async (run, { entries, jobs, live }) => {
    const { jobId } = victims.get(run)!;
    const { database } = await run.stage.open();
    const broken: string[] = [];
    const unread = entries.filter(isUnreadable);
    const parked = await database.projectionStore.parked(0);
    for (const entry of unread)
      if (!live.some((line) => line.startsWith('parked_event') && line.includes(String(entry.seq))))
        broken.push(`event ${entry.seq}, which cannot be read (${entry.reason}), is not parked`);
    if (!parked.some((one) => one.jobId === jobId && one.reason.length > 0))
      broken.push('the poisoned job is not parked with a reason');
    if (parked.some((one) => one.jobId === run.jobId)) broken.push('the other job is parked, too');
    const job = jobs.find((one) => one.jobId === jobId);
    if (job?.status === 'paused' && !/cannot be read/.test(job.reason ?? ''))
      broken.push(`the poisoned job is paused for ${job.reason}`);
    return broken;
  },
};
