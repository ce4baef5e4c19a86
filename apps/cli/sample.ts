import type { JobSpec, JobSpecInput } from '#libs/events';
import type { Running } from '#libs/hosting';
import { say } from './say.js';

const PORT = 8123;
export const SAMPLE_HOST = `127.0.0.1:${PORT}`;
export const SAMPLE_NAME = 'sample site';

/** Serves the bundled site for as long as a crawl of it runs. */
export async function serveSample(port = PORT): Promise<Running & { spec: JobSpecInput; host: string }> {
  const { sampleJob, startSampleSite } = await import('#libs/sample-site');
  const site = await startSampleSite({ port }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || port !== PORT) throw error;
    return startSampleSite({ port: 0 });
  });
  say(`sample site at ${site.url}`);
  return {
    spec: { ...sampleJob(site.url), name: SAMPLE_NAME },
    host: new URL(site.url).host,
    close: () => site.close(),
  };
}

/** A sample job that is resumed needs its site where it was. */
export async function serveSampleOf({ name, scope }: JobSpec): Promise<(Running & { host: string }) | null> {
  const host = scope.hosts[0];
  if (name !== SAMPLE_NAME || host === undefined) return null;
  return serveSample(Number(host.split(':')[1]));
}
