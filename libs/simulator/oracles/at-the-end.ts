import { hostOf } from '#libs/events';
import { fold, pageIdOf, plan } from '#libs/read-models';
import { Tables } from '../servers/tables.js';
import type { Visit, WorkedOn } from '../servers/web.js';
import type { Scene } from '../scene.js';
import { counts, pagesOf, type JobAccount } from './ledger.js';

/** Everything that must hold once no fault strikes any more and all has come to its end. */
export function checkAtTheEnd(scene: Scene): void {
  const { world, ledger, jobs } = scene;
  for (const { jobId } of jobs) {
    const job = ledger.jobs.get(jobId);
    if (job?.status !== 'done') world.fail('O1', `${jobId} is ${job?.status ?? 'not there'}`);
    else {
      checkRows(scene, jobId, job);
      checkCounters(scene, jobId, job);
    }
  }
  checkRebuild(scene);
  for (const visit of scene.web.visits) checkVisit(scene, visit);
  if (scene.chaos.profile.calm) checkCalm(scene);
}

/** One row for each outcome, that of the event that counts, and none beside. */
function checkRows({ world, database }: Scene, jobId: string, job: JobAccount): void {
  const { tables } = database;
  let expected = 0;
  job.pages.forEach((pages, n) => {
    for (const { url, seq } of pages.values()) {
      if (seq === 0) continue;
      const id = pageIdOf(jobId, n + 1, url);
      const row = tables.pages.get(id);
      const evidence = [...tables.evidence.values()].filter((e) => e.pageId === id);
      const isThere = row ? row.seq === seq : evidence.length > 0 && evidence.every((e) => e.seq === seq);
      if (!isThere) world.fail('O1', `${url} of ${jobId}: outcome ${seq} is not what the rows tell`);
      if (row) expected++;
    }
  });
  const found = [...tables.pages.values()].filter((row) => row.jobId === jobId).length;
  if (found !== expected) world.fail('O1', `${jobId} has ${found} page rows, not ${expected}`);
}

function checkCounters({ world, database }: Scene, jobId: string, job: JobAccount): void {
  const row = database.tables.jobs.get(jobId);
  const { fetched, failed, skipped } = counts(job);
  const { status, run, generation } = job;
  const books = JSON.stringify({ status, run, generation, fetched, failed, skipped });
  const shown = row && {
    ...{ status: row.status, run: row.run, generation: row.generation },
    ...{ fetched: row.fetched, failed: row.failed, skipped: row.skipped },
  };
  if (JSON.stringify(shown) !== books)
    world.fail('O5', `${jobId}: the read models say ${JSON.stringify(shown)}, but it is ${books}`);
  if (job.because === 'exhausted' && [...pagesOf(job).values()].some(({ outcome }) => outcome === null))
    world.fail('O1', `${jobId} is done with open pages`);
}

/** The whole log in one go gives the rows that many batches, crashes and repetitions gave. */
function checkRebuild({ world, log, database }: Scene): void {
  const state = { jobs: new Map(), pages: new Map(), parkedJobs: new Set<string>() };
  const fresh = new Tables();
  fresh.apply(fold(plan(log.entries, state.jobs), state, { shard: 0, codeVersion: 'simulated' }));
  const [live, rebuilt] = [database.tables.dump(), fresh.dump()];
  const at = rebuilt.findIndex((line, n) => line !== live[n]);
  if (at === -1 && live.length === rebuilt.length) return;
  const n = at === -1 ? rebuilt.length : at;
  world.fail('O2', `rows differ:\n  live    ${live[n] ?? 'ends'}\n  rebuilt ${rebuilt[n] ?? 'ends'}`);
}

/**
 * No page is requested whose outcome was visible to whoever had to look: the coordinator up to where it had folded the log when it
 * released the task, and a worker that is given it once more, at that moment.
 */
function checkVisit({ world, ledger }: Scene, { url, life, tasks, at }: Visit): void {
  const isVain = ({ delivery, headThen }: WorkedOn): boolean => {
    const { jobId, generation, deliveries, olderThanConnection, logSeq } = delivery;
    const seen = deliveries > 1 || olderThanConnection ? headThen : logSeq;
    const page = ledger.jobs.get(jobId)?.pages[generation - 1]?.get(url);
    return page?.closed.some(({ from, to }) => from <= seen && seen < to) ?? true;
  };
  if (!tasks.every(isVain)) return;
  const seqs = tasks.map(({ delivery }) => `${delivery.seq} (delivery ${delivery.deliveries})`).join(', ');
  world.fail(
    'O3',
    `${life.name} requested ${url} at ${at}, whose outcome was visible; batches ${seqs || 'none'}`,
  );
}

/** Without any fault hosts see what they were promised, and there is exactly one request for each word about one. */
function checkCalm(scene: Scene): void {
  const { world, log, web, jobs } = scene;
  const sites = jobs.flatMap(({ site }) => [...site.pages.values()]);
  if (sites.some(({ killer, robots }) => killer || robots === 'unreachable-once')) return;
  checkHosts(scene);
  const told = log.entries.filter(
    ({ type, data }) => type === 'PageFetched' || ('statusCode' in data && 'timing' in data),
  ).length;
  if (web.visits.length !== told)
    world.fail('O3', `without any fault ${web.visits.length} requests were made for ${told} outcomes`);
}

/** All jobs together ask no more of a host at once than one of them might. */
function checkHosts({ world, web, jobs, ledger }: Scene): void {
  for (const host of new Set(web.visits.map(({ url }) => hostOf(url)))) {
    const visits = web.visits.filter(({ url }) => hostOf(url) === host);
    const theirs = jobs.filter(({ site }) => [...site.pages.keys()].some((url) => hostOf(url) === host));
    const limit = Math.max(...theirs.map(({ jobId }) => ledger.jobs.get(jobId)!.spec.politeness.perHost));
    for (const { at } of visits) {
      const atOnce = visits.filter((visit) => visit.at <= at && (visit.ended ?? Infinity) > at).length;
      if (atOnce > limit) world.fail('O7', `${host} had ${atOnce} requests at once at ${at}, not ${limit}`);
    }
  }
}
