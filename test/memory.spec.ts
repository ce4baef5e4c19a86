import { spawn } from 'node:child_process';
import { json, text } from 'node:stream/consumers';
import { HostileSite } from './support/hostile-site.js';

interface Report {
  outcomes: Record<
    string,
    { type: string; code?: string; contentLength?: number; title?: string | null; truncated?: boolean }
  >;
  peakMb: number;
}

const CAP = 10 * 1024 * 1024;
/** Measured: 330 to 340 with links alone, 375 to 385 with selectors; without a budget, up to 950. */
const BOUND_MB = 450;

async function feed(urls: string[], job: object): Promise<Report> {
  const child = spawn(process.execPath, ['test/fixtures/worker-alone.mjs'], {
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  child.stdin.end(JSON.stringify({ urls, job, slots: 32 }));
  const failure = text(child.stderr);
  return (await json(child.stdout).catch(async () => Promise.reject(new Error(await failure)))) as Report;
}

describe('memory of a worker with 32 hostile pages at a time', () => {
  let site: HostileSite;
  beforeAll(async () => (site = await new HostileSite().listen()));
  afterAll(() => site.close());

  test.each([
    ['links alone', undefined],
    ['selectors', { text: { selector: 'p' } }],
  ])('is bounded, and every page has its outcome: %s', async (_, fields) => {
    const urls = Array.from(
      { length: 96 },
      (_, i) => `${site.origin}/${site.kinds[i % site.kinds.length]}/${i}`,
    );
    const { outcomes, peakMb } = await feed(urls, fields ? { stages: [{ name: 'page', fields }] } : {});
    console.info(`a worker took ${peakMb} MB at most`);
    expect(Object.keys(outcomes).toSorted()).toEqual(urls.toSorted());
    const of = (kind: string) => outcomes[urls.find((url) => url.includes(`/${kind}/`))!]!;
    for (const kind of ['bomb', 'brotli-bomb'])
      expect(of(kind)).toMatchObject({ type: 'PageFetched', contentLength: CAP, truncated: true });
    expect(of('title').title).toMatch(/^Größe — Größe/);
    expect(of('latin').title).toMatch(/^Größe Größe/);
    expect(of('packed')).toMatchObject({ type: 'PageFetched', title: 'packed' });
    // Links are read from anything; a tree of so many elements is not made.
    const tooMuch = fields ? { type: 'FetchFailed', code: 'parse_error' } : { type: 'PageFetched' };
    for (const kind of ['deep', 'many', 'endless']) expect(of(kind)).toMatchObject(tooMuch);
    expect(peakMb).toBeLessThan(BOUND_MB);
  });
});
