import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { connectLog } from '#libs/adapters/jetstream';
import { jobEventId, jobId, shardOf } from '#libs/events';
import { resolveSpec } from '#libs/job';
import { acquireServers } from '#libs/adapters/servers';
import { treeOf } from './processes.mjs';
import { root, workFolder } from './spoor.mjs';

const COMMAND = join(root, 'scripts/spoor.mjs');
const ENDINGS = new Set(['JobCompleted', 'JobStopped', 'ProxyFailed']);

/** One process of the engine. @returns `{ rss(): MB, cpu(): s, stop(), kill() }` */
export function startRole(role, env, profile) {
  const flags = profile ? ['--cpu-prof', `--cpu-prof-dir=${profile}`] : [];
  const args = [...flags, COMMAND, 'run', role];
  const child = spawn(process.execPath, args, { env, cwd: root, stdio: 'inherit' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const end = (signal) => {
    child.kill(signal);
    return ended;
  };
  return {
    rss: () => treeOf(child.pid).get('engine')?.rss ?? 0,
    cpu: () => [...treeOf(child.pid).values()].reduce((sum, { cpu }) => sum + cpu, 0),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}

/** Servers of their own and a log to speak with, for suites that start the engine's processes one by one. */
export async function startEngine(site, { shards = 1, env = {} } = {}) {
  const folder = workFolder();
  const servers = await acquireServers(folder.home);
  const log = await connectLog({ url: servers.natsUrl, shards, name: 'bench' });
  const roles = [];
  return {
    ...{ folder, log, natsUrl: servers.natsUrl, databaseUrl: servers.databaseUrl },
    start: (role, more = {}, profile) => {
      const started = startRole(
        role,
        {
          ...{ ...process.env, NODE_ENV: 'production', SPOOR_HOME: folder.home, SPOOR_LOG_LEVEL: 'error' },
          ...{ SPOOR_ALLOW_PRIVATE: site.hosts.join(','), SPOOR_SHARDS: String(shards) },
          ...{ NATS_URL: servers.natsUrl, DATABASE_URL: servers.databaseUrl, ...env, ...more },
        },
        profile,
      );
      roles.push(started);
      return started;
    },
    /** CPU s that the NATS server has taken. */
    natsCpu: () => treeOf(process.pid).get('nats')?.cpu ?? 0,
    close: async () => {
      await Promise.all(roles.map((role) => role.stop()));
      await log.close();
      await servers.release();
      folder.remove();
    },
  };
}

/** Starts jobs in the log itself, all at once, as the API would one by one. @returns their ids */
export async function startJobs(log, specs, shards = 1) {
  const ids = specs.map((_, i) =>
    jobId(i % shards, `bench${Date.now().toString(36)}${String(i).padStart(5, '0')}`),
  );
  await Promise.all(
    specs.map((given, i) => {
      const { spec, start } = resolveSpec(given);
      const data = { commandId: 'start', run: 1, generation: 1, spec, start };
      const id = jobEventId(ids[i], 'start');
      const event = { type: 'JobStarted', id, jobId: ids[i], time: new Date().toISOString(), data };
      return log.eventLog.appendJob(event, 0);
    }),
  );
  return ids;
}

/** Until those of the jobs that are of this shard have ended. Follows what is decided: to ask again and again takes a core with a thousand jobs. */
async function endings(log, shard, ids, timeoutMs) {
  const left = new Set([...ids].filter((id) => shardOf(id) === shard));
  const watching = new AbortController();
  const timer = setTimeout(() => watching.abort(), timeoutMs);
  const see = ({ jobId: id, type }) => ENDINGS.has(type) && left.delete(id) && left.size === 0;
  try {
    const decisions = log.eventLog.watchDecisions(shard, watching.signal);
    (await log.eventLog.lastDecisions(shard)).forEach(see);
    if (left.size > 0) for await (const decision of decisions) if (see(decision)) break;
  } finally {
    clearTimeout(timer);
    watching.abort();
  }
  if (left.size > 0) throw new Error(`${left.size} jobs have not ended`);
}

/** Waits until all have ended. @returns of each job: `{ startedAt, firstAt, endedAt, ok }`, by the server's clock in ms; ok: distinct pages that answered 200 */
export async function untilEnded(log, ids, { timeoutMs = 300_000 } = {}) {
  const shards = new Set(ids.map(shardOf));
  await Promise.all([...shards].map((shard) => endings(log, shard, new Set(ids), timeoutMs)));
  const jobs = new Map(
    ids.map((id) => [id, { startedAt: 0, firstAt: 0, endedAt: 0, ok: new Set(), doubles: 0 }]),
  );
  for (const shard of shards)
    for await (const { entries } of log.eventLog.readShard(shard))
      for (const { jobId: id, type, storedAt, data } of entries) {
        const job = jobs.get(id);
        if (!job) continue;
        if (type === 'JobStarted') job.startedAt = storedAt;
        if (ENDINGS.has(type)) job.endedAt = storedAt;
        if (type !== 'PageFetched') continue;
        job.firstAt ||= storedAt;
        if (data.statusCode !== 200) continue;
        if (job.ok.has(data.url)) job.doubles += 1;
        job.ok.add(data.url);
      }
  return [...jobs.values()].map(({ ok, ...job }) => ({ ...job, ok: ok.size }));
}
